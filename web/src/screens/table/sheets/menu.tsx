import { useLingui } from "@lingui/react/macro";
import { useEveningName } from "../../../lib/evening";
import { FlagIcon, ListIcon, PeopleIcon, SettingsIcon, ShareIcon, WalletIcon } from "../../../ui/icons";
import { List, Row } from "../../../ui/row";
import { Sheet } from "../../../ui/sheet";
import { useMayScore, useTableView } from "../context";
import type { SheetName } from "../sheets";

interface Props {
  onClose: () => void;
  onOpen: (sheet: SheetName) => void;
}

export default function MenuSheet({ onClose, onOpen }: Props) {
  const { t } = useLingui();
  const { view } = useTableView();
  const may = useMayScore();
  const running = view.game?.state === "running";
  return (
    <Sheet title={useEveningName()(view.doc)} onClose={onClose}>
      <List>
        <li>
          <Row icon={<WalletIcon />} title={t`Who pays whom`} onTap={() => onOpen("money")} />
        </li>
        <li>
          <Row icon={<ListIcon />} title={t`Everything recorded`} onTap={() => onOpen("log")} />
        </li>
        <li>
          <Row icon={<PeopleIcon />} title={t`Players`} onTap={() => onOpen("players")} />
        </li>
        <li>
          <Row icon={<ShareIcon />} title={t`Invite and share`} note={view.doc.code} onTap={() => onOpen("share")} />
        </li>
        <li>
          <Row icon={<SettingsIcon />} title={t`Rules of the evening`} onTap={() => onOpen("settings")} />
        </li>
        {may && (
          // Another row, not another word: a finger that is down when the game ends means what it saw.
          <li key={String(running)}>
            <Row
              icon={<FlagIcon />}
              title={running ? t`End this game` : t`Finish the evening`}
              onTap={() => onOpen(running ? "end" : "finish")}
            />
          </li>
        )}
      </List>
    </Sheet>
  );
}
