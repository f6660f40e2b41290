// Everything a screen needs to know about one evening, put together from the server's word and our prediction.
import type { Next, Player, SessionDoc, Table } from "../api/types";
import { plus, settle } from "../engine/money";
import { isKolkhoz, parseRules } from "../engine/rules";
import { gameResult, type Move, matchIsOver, moneyOf, type Session } from "../engine/session";
import type { Amounts, BallKind, GameEvent, GameResult, Rules, Transfer } from "../engine/types";

export interface Rack extends BallKind {
  left: number;
}

export interface GameView extends GameResult {
  id: string;
  breaker: string;
  turn: string | null;
  /** What it would pay if it ended now. */
  stands: Amounts;
  rack: Rack[];
  total: number;
  hanging: string[];
  targets: number[];
}

export interface Entry {
  event: GameEvent;
  by: string | null;
  at: string | null;
  /** The number of the game it belongs to, 0 between games. */
  game: number;
  pending: boolean;
  undone: boolean;
}

export interface View {
  doc: SessionDoc;
  rules: Rules;
  version: number;
  finished: boolean;
  players: Player[];
  games: GameView[];
  game: GameView | null;
  next: Next | null;
  /** No further game may start. */
  matchOver: boolean;
  queue: string[];
  balances: Amounts;
  transfers: Transfer[];
  /** The same with the running game as it stands. */
  live: { balances: Amounts; transfers: Transfer[] };
  moves: readonly Move[];
  log: Entry[];
  undoable: Entry | null;
  pending: number;
}

export interface Sources {
  doc: SessionDoc;
  table: Table;
  fold: Session;
  entries: Omit<Entry, "game" | "undone">[];
  /** Whether nothing is on its way, so that the table is exactly the server's. */
  settled: boolean;
}

const NEVER_UNDONE = ["undo", "join", "leave"];

export const canBeUndone = (entry: Entry): boolean => !entry.undone && !NEVER_UNDONE.includes(entry.event.type);

export function makeView({ doc, table, fold, entries, settled }: Sources): View {
  const rules = parseRules(doc.rules);
  const games = fold.games.map((game) => viewOf(game, rules));
  const game = games.at(-1) ?? null;
  const balances = settled ? table.balances : fold.balances;
  const log = place(entries, fold);
  if (game && settled && table.game?.id === game.id && game.state === "running") game.turn = table.game.turn ?? null;
  return {
    doc,
    rules,
    version: table.version,
    finished: fold.finished,
    players: table.players.map((player) => (settled ? player : { ...player, ...fold.players.get(player.id) })),
    games,
    game,
    next: settled || !moves(entries) ? table.next : null,
    matchOver: matchIsOver(rules, fold.games),
    queue: table.queue ?? [],
    balances,
    transfers: settled ? table.transfers : settle(balances),
    live: liveMoney(balances, game),
    moves: fold.moves,
    log,
    undoable: log.findLast(canBeUndone) ?? null,
    pending: entries.filter((entry) => entry.pending).length,
  };
}

/** Who stays in the queue when `seated` sit down, in order. Before a game the queue holds those who come to the table. */
export const waitingAfter = ({ queue, players }: Pick<View, "queue" | "players">, seated: string[]): string[] => {
  const resting = new Set(players.filter(({ paused }) => paused).map(({ id }) => id));
  return queue.filter((player) => !seated.includes(player) && !resting.has(player));
};

/** Whether something on its way changes who plays next. */
const moves = (entries: Sources["entries"]): boolean =>
  entries.some(({ pending, event }) => pending && !["expense", "payment"].includes(event.type));

export function viewOf(game: Session["games"][number], rules: Rules): GameView {
  const kinds = isKolkhoz(rules) ? rules.balls : [];
  const whole = { id: "", value: 1, count: rules.game === "americana" ? 16 : 15 };
  const result = gameResult(game, rules);
  const rack =
    game.kind === "kolkhoz"
      ? kinds.map((kind) => ({ ...kind, left: game.rack[kind.id] ?? 0 }))
      : [{ ...whole, left: result.balls_left }];
  return {
    ...result,
    id: game.id,
    breaker: game.breaker,
    turn: game.turn,
    stands: moneyOf(game, rules),
    rack,
    total: rack.reduce((sum, kind) => sum + kind.count, 0),
    hanging: game.kind === "kolkhoz" ? game.hanging : [],
    targets: game.kind === "duel" ? game.targets : [],
  };
}

function liveMoney(balances: Amounts, game: GameView | null): View["live"] {
  if (game?.state !== "running") return { balances, transfers: settle(balances) };
  const total = plus(balances, game.stands);
  return { balances: total, transfers: settle(total) };
}

const OF_A_GAME = ["start", "ball", "foul", "miss", "end"];

function place(entries: Sources["entries"], fold: Session): Entry[] {
  const numbers = new Map(fold.games.map((game) => [game.id, game.number]));
  let current = 0;
  return entries.map((entry) => {
    if (entry.event.type === "start") current = numbers.get(entry.event.id) ?? current;
    const game = OF_A_GAME.includes(entry.event.type) ? current : 0;
    return { ...entry, game, undone: fold.isUndone(entry.event.id) };
  });
}

/** Where the server's result and our fold of the same log part. */
export function drift(table: Table, fold: Session, rules: Rules): string | null {
  const last = fold.games.at(-1);
  if (!table.game !== !last) return "game";
  if (table.game && last) {
    const ours = gameResult(last, rules);
    for (const key of ["state", "reason", "scores", "winners", "money", "points", "balls_left"] as const) {
      if (!same(ours[key], table.game[key])) return key;
    }
  }
  return same(fold.balances, table.balances) ? null : "balances";
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
