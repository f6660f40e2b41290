import { useLingui } from "@lingui/react/macro";
import type { Rules } from "../../engine/types";
import { Button } from "../../ui/button";
import { Sheet } from "../../ui/sheet";
import type { Seat } from "./draft";
import { DuelEditor } from "./duel-editor";
import { KolkhozEditor } from "./kolkhoz-editor";

interface Props {
  rules: Rules;
  seats: Seat[];
  onChange: (rules: Rules) => void;
  onClose: () => void;
}

/** Every rule there is. Who leaves it alone plays by the usual ones. */
export default function RulesSheet({ rules, seats, onChange, onClose }: Props) {
  const { t } = useLingui();
  return (
    <Sheet
      title={t`Rules`}
      onClose={onClose}
      footer={
        <Button look="primary" wide onClick={onClose}>
          {t`Done`}
        </Button>
      }
    >
      <div className="flex flex-col gap-5">
        {rules.game === "kolkhoz" ? (
          <KolkhozEditor rules={rules} seats={seats} onChange={onChange} />
        ) : (
          <DuelEditor rules={rules} seats={seats} onChange={onChange} />
        )}
      </div>
    </Sheet>
  );
}
