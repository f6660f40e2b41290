import { useLingui } from "@lingui/react/macro";
import { Fragment } from "react";
import type { Next } from "../../api/types";
import { waitingAfter } from "../../live/view";
import { Avatar } from "../../ui/avatar";
import { Button } from "../../ui/button";
import { useMayScore, useNames, useTableView, useTap } from "./context";
import { useLasting } from "./use-lasting";
import { useReason } from "./words";

interface Props {
  onOrder: () => void;
  onPlayers: () => void;
  onFinish: () => void;
  onInvite: () => void;
}

/** Between games: how the last one ended, who plays next in which order, and one button. */
export function NextGame({ onOrder, onPlayers, onFinish, onInvite }: Props) {
  const { t } = useLingui();
  const { view } = useTableView();
  const tap = useTap();
  const may = useMayScore();
  const first = view.games.length === 0;
  const active = view.players.filter((player) => player.active);
  const stuck = useLasting(view.pending > 0);
  // What was tapped a moment ago is answered in a moment, and then the next order is known.
  const drawing = view.pending > 0 && !stuck;
  return (
    <section aria-label={t`Next game`} className="appear flex flex-col gap-3 rounded-tile bg-card p-4">
      {view.game ? <Outcome /> : <Invitation onInvite={onInvite} />}
      {view.matchOver ? (
        <p className="font-bold">{t`The match is over`}</p>
      ) : active.length < 2 ? (
        <p className="text-hint">{t`It takes two to play. Let others join by the code, or add a guest.`}</p>
      ) : (
        <NextUp next={view.next} drawing={drawing} />
      )}
      {may && view.matchOver && (
        <Button look="primary" wide onClick={onFinish}>
          {t`Finish`}
        </Button>
      )}
      {may && !view.matchOver && (
        <>
          {/* By keys: a finger that is down when they change places means what it saw. */}
          {(view.next || drawing) && active.length > 1 ? (
            <Button
              key="start"
              look="primary"
              wide
              disabled={!view.next}
              onClick={() => tap({ type: "start" }, "heavy")}
            >
              {first ? t`Start the first game` : t`Next game`}
            </Button>
          ) : (
            <Button key="order" look="primary" wide disabled={active.length < 2} onClick={onOrder}>
              {t`Choose who plays`}
            </Button>
          )}
          <div className="flex flex-wrap gap-2">
            <Button className="grow basis-0 bg-well px-2 font-normal" onClick={onOrder} disabled={active.length < 2}>
              {t`Order`}
            </Button>
            <Button className="grow basis-0 bg-well px-2 font-normal" onClick={onPlayers}>
              {t`Players`}
            </Button>
            <Button className="grow basis-0 bg-well px-2 font-normal" onClick={onFinish}>
              {t`Finish`}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}

/** Before the first game others are still on their way. */
function Invitation({ onInvite }: { onInvite: () => void }) {
  const { t } = useLingui();
  const { view } = useTableView();
  if (!view.doc.code) return null;
  return (
    <button
      type="button"
      onClick={onInvite}
      className="press flex min-h-16 items-center gap-3 rounded-key bg-well px-4 text-start"
    >
      <span className="grow text-s text-hint">{t`Others join by this code`}</span>
      <span className="figures text-l font-bold tracking-wider">{view.doc.code}</span>
    </button>
  );
}

function Outcome() {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames();
  const reason = useReason();
  const { game } = view;
  if (!game?.reason) return null;
  const winners = game.winners.map(name).join(", ");
  const { number } = game;
  return (
    <p dir="auto">
      <span className="text-hint">{t`Game ${number}, ${reason(game.reason)}.`}</span>{" "}
      {winners && <strong className="font-bold">{t`Won: ${winners}`}</strong>}
    </p>
  );
}

function NextUp({ next, drawing }: { next: Next | null; drawing: boolean }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames();
  if (!next) return <p className="text-hint">{drawing ? t`Drawing the order…` : t`The order is yours to choose.`}</p>;
  const order = next.order ?? [];
  const waiting = waitingAfter(view, next.sides?.flat() ?? []);
  const breaker = name(next.breaker);
  return (
    <div className="flex flex-col gap-2">
      {order.length > 0 ? (
        <ol className="flex flex-wrap gap-x-3 gap-y-1.5" aria-label={t`Order of the next game`}>
          {order.map((player, i) => (
            <li key={player} className="flex min-w-0 items-center gap-1.5">
              <span className="figures text-s text-hint">{i + 1}</span>
              <Who player={player} />
            </li>
          ))}
        </ol>
      ) : (
        <Sides sides={next.sides ?? []} />
      )}
      <p dir="auto" className="text-s text-hint">
        {t`Breaks: ${breaker}`}
        {order.length === 0 && waiting.length > 0 && ` · ${t`waiting: ${waiting.map(name).join(", ")}`}`}
      </p>
    </div>
  );
}

function Sides({ sides }: { sides: string[][] }) {
  const { t } = useLingui();
  if (sides.some((side) => side.length > 1)) return <Pairs sides={sides} />;
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
      {sides.flat().map((player, i) => (
        <Fragment key={player}>
          {i > 0 && <span className="text-hint">{t`against`}</span>}
          <Who player={player} />
        </Fragment>
      ))}
    </p>
  );
}

/** As they will stand at the table: who plays with whom is seen at once. */
function Pairs({ sides }: { sides: string[][] }) {
  const name = useNames();
  return (
    <ul className="grid grid-cols-[repeat(auto-fit,minmax(min(8.5rem,100%),1fr))] gap-2">
      {sides.map((side) => (
        <li key={side.join()} className="flex min-w-0 flex-col gap-1 rounded-key bg-well p-2.5">
          {side.map((player) => (
            <span key={player} dir="auto" className="font-bold wrap-anywhere">
              {name(player)}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

function Who({ player }: { player: string }) {
  const name = useNames()(player);
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5 font-bold">
      <Avatar id={player} name={name} className="size-6" />
      <span dir="auto" className="truncate">
        {name}
      </span>
    </span>
  );
}
