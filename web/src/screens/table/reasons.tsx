import { useLingui } from "@lingui/react/macro";
import type { Transfer } from "../../engine/types";
import { useMoney, useNames, useTableView } from "./context";
import { Signed } from "./tile";

/** Why this payment: what made the balance of each of the two. */
export function Reasons({ transfer }: { transfer: Transfer }) {
  const { t } = useLingui();
  return (
    <details className="-mt-2 px-4 pb-1">
      <summary className="inline-flex min-h-11 items-center text-s text-accent">{t`Why`}</summary>
      <div className="grid gap-4 sm:grid-cols-2">
        <Account player={transfer.from} />
        <Account player={transfer.to} />
      </div>
    </details>
  );
}

function Account({ player }: { player: string }) {
  const { view } = useTableView();
  const name = useNames()(player);
  const { signed } = useMoney();
  const balance = view.balances[player] ?? 0;
  return (
    <dl className="figures flex flex-col gap-1 text-s">
      {useMoves(player).map(({ key, what, amount }) => (
        <div key={key} className="flex justify-between gap-3">
          <dt dir="auto" className="min-w-0 truncate text-hint">
            {what}
          </dt>
          <dd>{signed(amount)}</dd>
        </div>
      ))}
      <div className="flex justify-between gap-3 border-t border-line pt-1">
        <dt dir="auto" className="min-w-0 truncate font-bold">
          {name}
        </dt>
        <dd>
          <Signed value={balance}>{signed(balance)}</Signed>
        </dd>
      </div>
    </dl>
  );
}

function useMoves(player: string): { key: string; what: string; amount: number }[] {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames();
  const events = new Map(view.log.map(({ event }) => [event.id, event]));
  const numbers = new Map(view.games.map((game) => [game.id, game.number]));
  const words = (id: string): string => {
    const event = events.get(id);
    if (event?.type === "expense") return t`expense: ${name(event.payer)}`;
    if (event?.type === "payment") return t`given: ${name(event.from)} → ${name(event.to)}`;
    return t`game ${numbers.get(id) ?? 0}`;
  };
  return view.moves
    .filter(({ amounts }) => amounts[player])
    .map(({ event, amounts }) => ({ key: event, what: words(event), amount: amounts[player] ?? 0 }));
}
