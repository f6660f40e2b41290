// The fold of an evening. It predicts what the server will say; the server's word is what counts.
import { own } from "./check";
import { type Duel, duelMoney, duelResult, endDuel, playDuel, startDuel } from "./duel";
import { parseEvent } from "./events";
import { endKolkhoz, type Kolkhoz, kolkhozMoney, kolkhozResult, playKolkhoz, startKolkhoz } from "./kolkhoz";
import { shares } from "./money";
import { isKolkhoz } from "./rules";
import { type Amounts, type EventOf, type GameEvent, type GameResult, Refusal, type Rules } from "./types";

export type Game = Duel | Kolkhoz;

/** One thing that moved money: what it did to each balance. */
export interface Move {
  event: string;
  kind: "game" | "expense" | "payment";
  amounts: Amounts;
}

interface State {
  games: Game[];
  moves: Move[];
  /** Everybody who was ever in, in order of first entry. */
  players: Map<string, { active: boolean; paused: boolean }>;
  balances: Amounts;
  finished: boolean;
}

interface Logged {
  event: GameEvent;
  undone: boolean;
}

export class Session {
  readonly rules: Rules;
  private readonly first: string[];
  private state: State;
  private log: Logged[] = [];
  private index = new Map<string, number>();

  constructor(rules: Rules, players: string[]) {
    this.rules = rules;
    this.first = players;
    this.state = fresh(players);
  }

  /** A branch to try things on: what happens there is not seen here. */
  fork(): Session {
    const branch = new Session(this.rules, this.first);
    branch.state = this.state;
    branch.log = [...this.log];
    branch.index = new Map(this.index);
    return branch;
  }

  get games(): readonly Game[] {
    return this.state.games;
  }

  get running(): Game | null {
    const last = this.state.games.at(-1);
    return last && last.reason === null ? last : null;
  }

  get players(): ReadonlyMap<string, { active: boolean; paused: boolean }> {
    return this.state.players;
  }

  get balances(): Amounts {
    return this.state.balances;
  }

  get moves(): readonly Move[] {
    return this.state.moves;
  }

  get finished(): boolean {
    return this.state.finished;
  }

  has(id: string): boolean {
    return this.index.has(id);
  }

  isUndone(id: string): boolean {
    return this.log[this.index.get(id) ?? -1]?.undone ?? false;
  }

  results(): GameResult[] {
    return this.state.games.map((game) => gameResult(game, this.rules));
  }

  /** Takes the event in, or throws a Refusal and is as it was. */
  apply(raw: unknown): void {
    const event = parseEvent(raw, this.rules);
    if (this.index.has(event.id)) return;
    if (event.type === "undo") this.undo(event);
    else this.state = step(this.state, event, this.rules);
    this.index.set(event.id, this.log.length);
    this.log.push({ event, undone: false });
  }

  private undo(event: EventOf<"undo">): void {
    const at = this.index.get(event.target);
    const target = at === undefined ? undefined : this.log[at];
    if (at === undefined || !target) throw new Refusal("unknown_event", `no event ${event.target}`);
    if (["undo", "join", "leave"].includes(target.event.type)) {
      throw new Refusal("invalid_event", `${target.event.type} cannot be undone`);
    }
    if (target.undone) throw new Refusal("already_undone", `${event.target} is undone already`);
    this.state = this.without(at);
    this.log[at] = { ...target, undone: true };
  }

  private without(skip: number): State {
    let state = fresh(this.first);
    try {
      this.log.forEach(({ event, undone }, i) => {
        if (!undone && i !== skip && event.type !== "undo") state = step(state, event, this.rules);
      });
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal("undo_conflict", error.message);
      throw error;
    }
    return state;
  }
}

function fresh(players: string[]): State {
  return {
    games: [],
    moves: [],
    players: new Map(players.map((player) => [player, { active: true, paused: false }])),
    balances: Object.fromEntries(players.map((player) => [player, 0])),
    finished: false,
  };
}

export const gameResult = (game: Game, rules: Rules): GameResult =>
  game.kind === "kolkhoz" && isKolkhoz(rules) ? kolkhozResult(game, rules) : duelResult(game as Duel, rules as never);

/** What a game pays; of a running Колхоз, what it would pay if it ended now. */
export function moneyOf(game: Game, rules: Rules): Amounts {
  if (game.kind === "kolkhoz" && isKolkhoz(rules)) return kolkhozMoney(game, rules);
  return duelMoney(game as Duel, rules as never);
}

function step(state: State, event: GameEvent, rules: Rules): State {
  if (state.finished && event.type !== "payment") throw new Refusal("session_finished", "the evening is over");
  switch (event.type) {
    case "start":
      return start(state, event, rules);
    case "ball":
    case "foul":
    case "miss":
      return play(state, event, rules);
    case "end":
      return end(state, event, rules);
    case "join":
    case "leave":
      return comeOrGo(state, event);
    case "pause":
    case "resume":
      return pause(state, event);
    case "expense":
      return expense(state, event);
    case "payment":
      return payment(state, event);
    case "finish":
      between(state);
      return { ...state, finished: true };
    case "undo":
      throw new Error("an undo is no step");
  }
}

function between(state: State): void {
  if (state.games.at(-1)?.reason === null) throw new Refusal("game_in_progress", "a game is running");
}

function inSession(state: State, player: string): { active: boolean; paused: boolean } {
  const found = state.players.get(player);
  if (!found?.active) throw new Refusal("unknown_player", `${player} is not in`);
  return found;
}

function start(state: State, event: EventOf<"start">, rules: Rules): State {
  between(state);
  if (matchIsOver(rules, state.games)) throw new Refusal("match_over", "no further game may start");
  for (const player of event.order ?? event.sides?.flat() ?? []) inSession(state, player);
  const number = state.games.length + 1;
  const game = isKolkhoz(rules) ? startKolkhoz(event, rules, number) : startDuel(event, rules, number);
  return { ...state, games: [...state.games, game] };
}

/** Whether no further game may start. A side is the set of its players, whichever place it stands in. */
export function matchIsOver(rules: Rules, games: readonly { winners: readonly string[] }[]): boolean {
  if (isKolkhoz(rules) || rules.match.type === "endless") return false;
  if (rules.match.type === "fixed") return games.length >= rules.match.games;
  const { wins } = rules.match;
  const won = games
    .filter(({ winners }) => winners.length > 0)
    .map(({ winners }) => JSON.stringify([...winners].sort()));
  return won.some((side) => won.filter((other) => other === side).length >= wins);
}

function running(state: State): Game {
  const game = state.games.at(-1);
  if (game?.reason !== null) throw new Refusal("no_game", "no game is running");
  return game;
}

function inGame(state: State, game: Game, player: string): void {
  inSession(state, player);
  if (!game.players.includes(player)) throw new Refusal("not_in_game", `${player} does not play this game`);
}

function play(state: State, event: EventOf<"ball"> | EventOf<"foul"> | EventOf<"miss">, rules: Rules): State {
  const game = running(state);
  inGame(state, game, event.player);
  const moved =
    game.kind === "kolkhoz" ? playKolkhoz(game, event, rules as never) : playDuel(game, event, rules as never);
  return replaceGame(state, moved, rules);
}

function end(state: State, event: EventOf<"end">, rules: Rules): State {
  const game = running(state);
  if (event.player !== undefined) inGame(state, game, event.player);
  return replaceGame(
    state,
    game.kind === "kolkhoz" ? endKolkhoz(game, event, rules as never) : endDuel(game, event),
    rules,
  );
}

function replaceGame(state: State, game: Game, rules: Rules): State {
  const games = [...state.games.slice(0, -1), game];
  if (game.reason === null) return { ...state, games };
  return move({ ...state, games }, game.id, "game", moneyOf(game, rules));
}

const move = (state: State, event: string, kind: Move["kind"], amounts: Amounts): State => ({
  ...state,
  balances: sum(state.balances, amounts),
  moves: [...state.moves, { event, kind, amounts }],
});

function sum(balances: Amounts, more: Amounts): Amounts {
  const players = new Set([...Object.keys(balances), ...Object.keys(more)]);
  const total = (player: string) => (own(balances, player) ?? 0) + (own(more, player) ?? 0);
  return Object.fromEntries([...players].map((player) => [player, total(player)]));
}

function comeOrGo(state: State, event: EventOf<"join"> | EventOf<"leave">): State {
  between(state);
  const joins = event.type === "join";
  if (!joins) inSession(state, event.player);
  else if (state.players.get(event.player)?.active) throw new Refusal("invalid_event", `${event.player} is in`);
  const players = new Map(state.players).set(event.player, { active: joins, paused: false });
  const balances = sum(state.balances, { [event.player]: 0 });
  return { ...state, players, balances };
}

function pause(state: State, event: EventOf<"pause"> | EventOf<"resume">): State {
  inSession(state, event.player);
  const players = new Map(state.players).set(event.player, { active: true, paused: event.type === "pause" });
  return { ...state, players };
}

function expense(state: State, event: EventOf<"expense">): State {
  inSession(state, event.payer);
  const everybody = [...state.players].filter(([, { active }]) => active).map(([player]) => player);
  for (const player of event.among ?? []) inSession(state, player);
  const among = everybody.filter((player) => !event.among || event.among.includes(player));
  const owed = shares(event.amount, event.split ?? "equal", among, state.balances);
  const debts = Object.fromEntries(Object.entries(owed).map(([player, amount]) => [player, -amount]));
  return move(state, event.id, "expense", sum(debts, { [event.payer]: event.amount }));
}

function payment(state: State, event: EventOf<"payment">): State {
  for (const player of [event.from, event.to]) {
    if (!state.players.has(player)) throw new Refusal("unknown_player", `${player} was never in`);
  }
  if (event.from === event.to) throw new Refusal("self_payment", "nobody pays himself");
  return move(state, event.id, "payment", { [event.from]: event.amount, [event.to]: -event.amount });
}
