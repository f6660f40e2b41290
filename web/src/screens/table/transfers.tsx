import { useLingui } from "@lingui/react/macro";
import { useMe } from "../../auth/hooks";
import type { Transfer } from "../../engine/types";
import { Avatar } from "../../ui/avatar";
import { Button } from "../../ui/button";
import { ArrowIcon, CheckIcon } from "../../ui/icons";
import { List } from "../../ui/row";
import { useMoney, useNames, useTableView, useTap } from "./context";

interface Props {
  transfers?: Transfer[];
  /** Whether a debt can be ticked off here. */
  payable?: boolean;
  reasons?: (transfer: Transfer) => React.ReactNode;
}

/** Who pays whom: as few payments as can be. */
export function Transfers({ transfers, payable = false, reasons }: Props) {
  const { t } = useLingui();
  const { view } = useTableView();
  const shown = transfers ?? view.transfers;
  if (shown.length === 0) return <p className="rounded-tile bg-card px-4 py-4 text-hint">{t`Nobody owes anybody.`}</p>;
  return (
    <List label={t`Who pays whom`}>
      {shown.map((transfer) => (
        <li key={`${transfer.from}-${transfer.to}-${transfer.amount}`}>
          <TransferLine transfer={transfer} payable={payable} />
          {reasons?.(transfer)}
        </li>
      ))}
    </List>
  );
}

/** The line that was ticked off makes room at once: the second half of a double tap would tick off the next. */
const DOUBLE_TAP_MS = 600;
let ticked = -DOUBLE_TAP_MS;

function TransferLine({ transfer, payable }: { transfer: Transfer; payable: boolean }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const me = useMe();
  const name = useNames();
  const tap = useTap();
  const { plain } = useMoney();
  const { from, to, amount } = transfer;
  const payee = view.players.find(({ id }) => id === to)?.user_id;
  const may = payable && (payee === me.id || view.doc.organizer_id === me.id);
  function tick(): void {
    if (performance.now() - ticked < DOUBLE_TAP_MS) return;
    ticked = performance.now();
    const before = view.log.filter(({ event }) => event.type === "payment" && event.from === from && event.to === to);
    // Who pays and who is paid may both tick off one debt, on two phones: it is one payment, so it has one id.
    const id = `paid-${before.length}-${from.slice(-12)}-${to.slice(-12)}`;
    tap({ type: "payment", id, from, to, amount }, "heavy");
  }
  return (
    <div className="flex min-h-16 flex-wrap items-center justify-end gap-2 py-2 ps-4 pe-3">
      <span className="min-w-0 flex-[1_1_8rem]">
        <span className="flex flex-wrap items-center gap-x-2">
          <Person id={from} />
          <ArrowIcon className="size-5 shrink-0 text-hint" />
          <span className="sr-only">{t`pays`}</span>
          <Person id={to} />
        </span>
        <strong className="figures block font-bold">{plain(amount)}</strong>
      </span>
      {may && (
        <Button
          className="min-h-11 shrink-0 bg-well px-3 font-normal text-accent"
          aria-label={t`${name(from)} has paid ${name(to)} ${plain(amount)}`}
          onClick={tick}
        >
          <CheckIcon className="size-5" />
          {t`Paid`}
        </Button>
      )}
    </div>
  );
}

function Person({ id }: { id: string }) {
  const name = useNames()(id);
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Avatar id={id} name={name} className="size-6 max-[26rem]:hidden" />
      <span dir="auto" className="truncate">
        {name}
      </span>
    </span>
  );
}
