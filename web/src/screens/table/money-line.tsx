import { useLingui } from "@lingui/react/macro";
import { NextIcon } from "../../ui/icons";
import { useMoney, useNames, useTableView } from "./context";

/** Who would pay whom if the evening ended now; a touch opens the whole account. */
export function MoneyLine({ onOpen }: { onOpen: () => void }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames();
  const { plain, on } = useMoney();
  if (!on || (view.games.length === 0 && view.moves.length === 0)) return null;
  const { transfers } = view.live;
  const text = transfers.map(({ from, to, amount }) => `${name(from)} → ${name(to)} ${plain(amount)}`);
  return (
    <button
      type="button"
      onClick={onOpen}
      className="press flex min-h-11 w-full items-center gap-2 rounded-key px-1 text-start text-s"
    >
      <span className="shrink-0 text-hint">{t`Now:`}</span>
      <span dir="auto" className="figures min-w-0 grow truncate">
        {text.length > 0 ? text.join(" · ") : t`nobody owes anybody`}
      </span>
      <NextIcon className="size-4 shrink-0 text-hint" />
    </button>
  );
}
