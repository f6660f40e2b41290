import { useLingui } from "@lingui/react/macro";
import { useLocation } from "react-router";
import type { SharedBoard, SharedGame } from "../../api/types";
import type { GameKind } from "../../engine/types";
import { cn } from "../../lib/cn";
import { money, signedMoney } from "../../lib/money";
import { shortNames } from "../../lib/names";
import { GAMES } from "../../rules/words";
import { Avatar } from "../../ui/avatar";
import { Ball } from "../../ui/ball";
import { Figure } from "../../ui/figure";
import { ArrowIcon } from "../../ui/icons";
import { List } from "../../ui/row";
import { Empty, Section, Skeleton } from "../../ui/screen";
import { RackBar } from "../table/rack";
import { areLong, Ledger, Signed } from "../table/tile";
import { transfersNow } from "./now";
import { useBoard } from "./use-board";

/** A scoreboard for whoever has the link: large, and nothing to press. */
export default function SharedScreen() {
  const { t, i18n } = useLingui();
  const { hash } = useLocation();
  const { board, live, gone } = useBoard(hash.slice(1));
  const lost = live === "waiting";
  return (
    <div className="safe mx-auto flex min-h-(--screen) max-w-6xl flex-col gap-3">
      <title>{board?.name ?? t`Scoreboard`}</title>
      <header className="flex min-h-12 items-center justify-between gap-3">
        <div className="min-w-0">
          <h1 dir="auto" className="truncate font-bold">
            {board?.name || t`Scoreboard`}
          </h1>
          {board && !gone && (
            <p className="text-s text-hint">
              {i18n._(GAMES[board.kind as GameKind])}
              {board.game && ` · ${t`game ${board.game.number}`}`}
            </p>
          )}
        </div>
        {!gone && (
          <span role="status" className="flex shrink-0 items-center gap-1.5 text-s text-hint">
            <span aria-hidden="true" className={cn("size-2.5 rounded-full", lost ? "bg-minus" : "bg-plus")} />
            {lost ? t`reconnecting…` : t`live`}
          </span>
        )}
      </header>
      <main className="flex grow flex-col gap-4">
        {gone && <Empty>{t`This scoreboard is closed. Ask whoever keeps the score for a new link.`}</Empty>}
        {!gone && !board && <Skeleton rows={4} />}
        {!gone && board && <Content board={board} />}
      </main>
    </div>
  );
}

function Content({ board }: { board: SharedBoard }) {
  const { t } = useLingui();
  return (
    <>
      {board.game ? <Game game={board.game} board={board} /> : <Empty>{t`The first game has not begun yet.`}</Empty>}
      {board.game && <Upcoming board={board} />}
      <Payments board={board} />
    </>
  );
}

function Game({ game, board }: { game: SharedGame; board: SharedBoard }) {
  const sides = game.sides ?? (game.order ?? []).map((player) => [player]);
  const many = sides.length > 4;
  const names = shortNames(board.players);
  return (
    <>
      <Balls game={game} />
      <div
        className={many ? "tiles" : "board"}
        data-layout={many ? "row" : undefined}
        data-count={sides.length}
        data-long={areLong(sides.flat().map((player) => names.get(player) ?? "")) || undefined}
      >
        {sides.map((side) => (
          <Side key={side.join()} {...{ side, game, board, names }} />
        ))}
      </div>
    </>
  );
}

/** Of a kolkhoz every kind, as members see the rack; a duel's balls are all the same. */
function Balls({ game }: { game: SharedGame }) {
  const { rack, balls_left } = game;
  if (rack) return <RackBar game={{ rack, balls_left, total: rack.reduce((sum, { count }) => sum + count, 0) }} />;
  return (
    <p className="flex items-center gap-2 text-hint">
      <Ball className="size-5" />
      <span className="figures">× {balls_left}</span>
    </p>
  );
}

interface SideProps {
  side: string[];
  game: SharedGame;
  board: SharedBoard;
  names: ReadonlyMap<string, string>;
}

function Side({ side, game, board, names }: SideProps) {
  const { t } = useLingui();
  const [first = ""] = side;
  const whole = [...side].sort().join();
  const running = game.state === "running";
  const lit = running ? side.includes(game.turn ?? "") : game.winners.includes(first);
  const name = (id: string): string => names.get(id) ?? "?";
  const wins = board.games.filter(({ winners }) => winners.length > 0 && [...winners].sort().join() === whole).length;
  return (
    <div className="tile" data-turn={lit || undefined}>
      <div className="tile-body">
        <div className="tile-name flex flex-col gap-1">
          {side.map((player) => (
            <span key={player} className="flex min-w-0 items-center gap-2 font-bold">
              <Avatar id={player} name={name(player)} className="size-7" />
              <span dir="auto" className="truncate">
                {name(player)}
              </span>
              {running && side.length > 1 && game.turn === player && (
                <span className="ms-auto size-3 shrink-0 rounded-full bg-accent">
                  <span className="sr-only">{t`plays`}</span>
                </span>
              )}
            </span>
          ))}
        </div>
        <p className="tile-standing flex min-h-5 flex-wrap items-baseline justify-between gap-x-2 text-s text-hint">
          {game.sides && <span>{t`wins: ${wins}`}</span>}
          <Standing player={first} game={game} board={board} />
          {lit && (running ? t`plays` : t`won`)}
        </p>
        <Figure value={game.scores[first] ?? 0} />
      </div>
    </div>
  );
}

/** In a kolkhoz what this game stands at, in points where no money is played for or shown; in a duel the evening. */
function Standing({ player, game, board }: Omit<SideProps, "side" | "names"> & { player: string }) {
  const { i18n } = useLingui();
  if (game.order && !game.stands) return <Ledger points={game.points[player] ?? 0} short={game.order.length > 4} />;
  const amount = game.stands ? game.stands[player] : board.balances?.[player];
  if (amount === undefined) return null;
  return <Signed value={amount}>{signedMoney(amount, board.currency, i18n.locale)}</Signed>;
}

/** Between games: who is called to the table. */
function Upcoming({ board }: { board: SharedBoard }) {
  const { t } = useLingui();
  const names = shortNames(board.players);
  const name = (id: string): string => names.get(id) ?? "?";
  const { game, next, state } = board;
  if (state === "finished") return <p className="text-center text-hint">{t`The evening is over`}</p>;
  if (!next || game?.state === "running") return null;
  const sides = next.sides?.map((side) => side.map(name).join(" + "));
  const who = sides ? sides.join(" — ") : (next.order ?? []).map(name).join(", ");
  const breaker = name(next.breaker);
  return (
    <p dir="auto" className="text-center text-hint">
      {t`Next game`}: <strong className="font-bold text-text">{who}</strong>
      <span className="block text-s">{t`Breaks: ${breaker}`}</span>
    </p>
  );
}

function Payments({ board }: { board: SharedBoard }) {
  const { t, i18n } = useLingui();
  const names = shortNames(board.players);
  const name = (id: string): string => names.get(id) ?? "?";
  const transfers = transfersNow(board);
  if (transfers.length === 0) return null;
  return (
    <Section title={t`Who pays whom`}>
      <List>
        {transfers.map(({ from, to, amount }) => (
          <li key={`${from}-${to}`} className="flex min-h-14 items-center gap-2 px-4">
            <span dir="auto" className="truncate">
              {name(from)}
            </span>
            <ArrowIcon className="size-5 shrink-0 text-hint" />
            <span dir="auto" className="truncate">
              {name(to)}
            </span>
            <strong className="figures ms-auto shrink-0 font-bold">{money(amount, board.currency, i18n.locale)}</strong>
          </li>
        ))}
      </List>
    </Section>
  );
}
