import { useLingui } from "@lingui/react/macro";
import { Button } from "../../../ui/button";
import { Sheet } from "../../../ui/sheet";
import { useMoney, useTap } from "../context";
import { Transfers } from "../transfers";

export default function FinishSheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const tap = useTap();
  const { on } = useMoney();
  return (
    <Sheet
      title={t`Finish the evening`}
      onClose={onClose}
      footer={
        <Button
          look="primary"
          wide
          onClick={() => {
            tap({ type: "finish" }, "heavy");
            onClose();
          }}
        >
          {t`Finish`}
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        <p className="text-hint">{t`No more games after this. If that was too early, it can be undone.`}</p>
        {on && <Transfers />}
      </div>
    </Sheet>
  );
}
