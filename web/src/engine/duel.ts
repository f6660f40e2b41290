import { own } from "./check";
import { type GameBase, type Play, resultOf, zero } from "./game";
import { apportion } from "./money";
import { type Amounts, type DuelRules, type EventOf, type GameResult, Refusal, type Score } from "./types";

export interface Duel extends GameBase {
  kind: "duel";
  sides: string[][];
  scores: number[];
  targets: number[];
  /** What lies on each side's shelf, below 0 a debt. */
  shelves: number[];
  /** Who of each side shot last. */
  shot: (string | null)[];
  conceded: boolean;
}

export function startDuel(event: EventOf<"start">, rules: DuelRules, number: number): Duel {
  const sides = event.sides ?? [];
  const players = sides.flat();
  const scores = sides.map((side) => strongest(side, rules, "start", Math.max) ?? 0);
  const targets = sides.map((side) => strongest(side, rules, "target", Math.min) ?? rules.target);
  if (scores.some((score, i) => score >= (targets[i] ?? 0))) {
    throw new Refusal("invalid_event", "a side starts at its target");
  }
  const breaker = event.breaker ?? players[0] ?? "";
  const base = { id: event.id, number, reason: null, winners: [], players, breaker, turn: breaker };
  return { kind: "duel", ...base, sides, scores, targets, shelves: [0, 0], shot: [null, null], conceded: false };
}

function strongest(side: string[], rules: DuelRules, key: "start" | "target", pick: (...of: number[]) => number) {
  const written = side.map((player) => own(rules.handicap, player)?.[key]).filter((n) => n !== undefined);
  return written.length > 0 ? pick(...written) : undefined;
}

export const sideOf = (game: Duel, player: string): number => game.sides.findIndex((side) => side.includes(player));

export function playDuel(game: Duel, event: Play, rules: DuelRules): Duel {
  const side = sideOf(game, event.player);
  const shot = game.shot.map((player, i) => (i === side ? event.player : player));
  const turn = event.type === "ball" ? event.player : comesNext(game, 1 - side);
  const moved = { ...game, shot, turn };
  if (event.type === "miss") return moved;
  return finishAtTarget(event.type === "ball" ? pot(moved, side, event, rules) : foul(moved, side, rules));
}

/** Partners take turns. */
function comesNext(game: Duel, side: number): string {
  const partners = game.sides[side] ?? [];
  const last = game.shot[side];
  if (last) return partners.at(partners.indexOf(last) - 1) ?? last;
  return (partners.includes(game.breaker) ? game.breaker : partners[0]) ?? "";
}

function pot(game: Duel, side: number, event: EventOf<"ball">, rules: DuelRules): Duel {
  if (event.lucky && rules.fluke === "spotted") return game;
  return add(game, side, 1, 1);
}

function foul(game: Duel, side: number, rules: DuelRules): Duel {
  if (rules.foul === "none") return game;
  if (rules.foul === "opponent_gains") return add(game, 1 - side, 1, 1);
  if (!rules.debt && (game.scores[side] ?? 0) <= 0) return game;
  return add(game, side, -1, rules.foul === "offender_returns" ? -1 : 0);
}

function add(game: Duel, side: number, score: number, shelf: number): Duel {
  return {
    ...game,
    scores: game.scores.map((n, i) => (i === side ? n + score : n)),
    shelves: game.shelves.map((n, i) => (i === side ? n + shelf : n)),
  };
}

function finishAtTarget(game: Duel): Duel {
  const side = game.scores.findIndex((score, i) => score >= (game.targets[i] ?? 0));
  return side < 0 ? game : { ...game, reason: "target", winners: game.sides[side] ?? [] };
}

export function endDuel(game: Duel, event: EventOf<"end">): Duel {
  if (event.reason === "concede") {
    const winner = 1 - sideOf(game, event.player ?? "");
    return { ...game, reason: "concede", conceded: true, winners: game.sides[winner] ?? [] };
  }
  if (event.reason !== "timeout") return { ...game, reason: event.reason, winners: [] };
  const [a = 0, b = 0] = game.scores;
  if (a === b) return { ...game, reason: "draw", winners: [] };
  return { ...game, reason: "timeout", winners: game.sides[a > b ? 0 : 1] ?? [] };
}

export function duelMoney(game: Duel, rules: DuelRules): Amounts {
  const money = zero(game.players);
  const winner = game.sides.indexOf(game.winners);
  if (winner < 0 || rules.stake.per === "none") return money;
  const each = rules.stake.amount * (rules.stake.per === "ball" ? difference(game, winner) : 1);
  const losers = game.sides[1 - winner] ?? [];
  for (const loser of losers) money[loser] = each === 0 ? 0 : -each;
  const parts = apportion(
    each * losers.length,
    game.winners.map(() => 1),
  );
  game.winners.forEach((player, i) => {
    money[player] = parts[i] ?? 0;
  });
  return money;
}

function difference(game: Duel, winner: number): number {
  const won = game.conceded ? game.targets[winner] : game.scores[winner];
  return Math.max(0, (won ?? 0) - (game.scores[1 - winner] ?? 0));
}

export function ballsLeft(game: Duel, rules: DuelRules): number {
  const potted = game.shelves.reduce((sum, shelf) => sum + Math.max(0, shelf), 0);
  return Math.max(0, (rules.game === "americana" ? 16 : 15) - potted);
}

export function duelScores(game: Duel): Score {
  return Object.fromEntries(game.sides.flatMap((side, i) => side.map((player) => [player, game.scores[i] ?? 0])));
}

export function duelResult(game: Duel, rules: DuelRules): GameResult {
  return resultOf(game, {
    scores: duelScores(game),
    sides: game.sides,
    points: {},
    money: duelMoney(game, rules),
    balls_left: ballsLeft(game, rules),
  });
}
