import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Avatar } from "../../../ui/avatar";
import { Button } from "../../../ui/button";
import { Choices } from "../../../ui/form";
import { Sheet } from "../../../ui/sheet";
import { useNames, useTableView, useTap } from "../context";

/** Seats by hand: a touch takes a seat, another gives it back. */
export default function OrderSheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames();
  const tap = useTap();
  const kolkhoz = view.rules.game === "kolkhoz";
  const here = view.players.filter((player) => player.active);
  const [seats, setSeats] = useState<string[]>(drawn(view.next) ?? view.game?.order ?? view.game?.sides?.flat() ?? []);
  const taken = seats.filter((id) => here.some((player) => player.id === id));
  const pairs = !kolkhoz && taken.length > 2;
  const [breaker, setBreaker] = useState(kolkhoz ? "" : (view.next?.breaker ?? "")); // there the first one breaks
  const most = kolkhoz ? 12 : 4;
  const enough = kolkhoz ? taken.length >= 2 : taken.length >= 2 && taken.length <= 4;
  const toggle = (id: string): void => {
    if (taken.includes(id)) setSeats(taken.filter((one) => one !== id));
    else if (taken.length < most) setSeats([...taken, id]);
  };
  function start(): void {
    const first = taken.includes(breaker) ? breaker : (taken[0] ?? "");
    const seated = kolkhoz ? { order: taken } : { sides: sidesOf(taken) };
    tap({ type: "start", ...seated, breaker: first }, "heavy");
    onClose();
  }
  return (
    <Sheet
      title={kolkhoz ? t`Order of the next game` : t`Who plays next`}
      onClose={onClose}
      footer={
        <Button look="primary" wide disabled={!enough} onClick={start}>
          {t`Start the game`}
        </Button>
      }
    >
      <div className="flex flex-col gap-4">
        <p className="text-hint">
          {kolkhoz
            ? t`Tap them in playing order.`
            : taken.length === 3
              ? t`The first plays the other two.`
              : pairs
                ? t`The first two play the other two.`
                : t`Tap those who play.`}
        </p>
        <div className="flex flex-col gap-2">
          {here.map(({ id, name: who }) => {
            const place = taken.indexOf(id);
            return (
              <button
                key={id}
                type="button"
                aria-pressed={place >= 0}
                onClick={() => toggle(id)}
                className="press flex min-h-14 items-center gap-3 rounded-key bg-card px-4 text-start aria-pressed:outline-2 aria-pressed:-outline-offset-2 aria-pressed:outline-accent"
              >
                <Avatar id={id} name={who} />
                <span dir="auto" className="min-w-0 grow truncate">
                  {who}
                </span>
                <span className="figures font-bold">{place >= 0 ? place + 1 : ""}</span>
              </button>
            );
          })}
        </div>
        {taken.length >= 2 && (
          <Choices
            legend={t`Who breaks`}
            value={taken.includes(breaker) ? breaker : (taken[0] ?? "")}
            choices={taken.map((id) => ({ value: id, label: name(id) }))}
            onChange={setBreaker}
          />
        )}
      </div>
    </Sheet>
  );
}

function drawn(next: { order?: string[] | null; sides?: string[][] | null } | null): string[] | null {
  return next?.order ?? next?.sides?.flat() ?? null;
}

/** Two play each other; of three the first is alone; of four the first two are partners. */
function sidesOf(seats: string[]): string[][] {
  const half = Math.floor(seats.length / 2);
  return [seats.slice(0, half), seats.slice(half)];
}
