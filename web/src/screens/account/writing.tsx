import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { askToWrite, canAskToWrite, mayWrite } from "../../telegram/writing";
import { NextIcon } from "../../ui/icons";
import { List, Row } from "../../ui/row";
import { toast } from "../../ui/toast";
import { LetterIcon } from "./icons";
import { Hint } from "./page";

/** Whether the bot may write: Telegram asks, and only where it can. */
export function Writing() {
  const { t } = useLingui();
  const [may, setMay] = useState(mayWrite);
  const [asking, setAsking] = useState(false);
  if (!canAskToWrite()) return null;
  async function ask(): Promise<void> {
    setAsking(true);
    const yes = await askToWrite();
    setAsking(false);
    setMay(yes);
    toast(yes ? t`The bot may write to you now` : t`All right: the bot will not write`);
  }
  return (
    <div className="flex flex-col gap-2">
      <List>
        <li>
          <Row
            icon={<LetterIcon />}
            title={t`Messages from the bot`}
            aside={
              <>
                <span className="text-hint">{may ? t`on` : t`off`}</span>
                {!may && <NextIcon className="size-4 text-hint" />}
              </>
            }
            onTap={may ? undefined : () => void ask()}
            disabled={asking}
          />
        </li>
      </List>
      <Hint>{t`When a way to sign in changes, your data are ready, or somebody asks to delete the account.`}</Hint>
    </div>
  );
}
