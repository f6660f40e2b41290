import { own } from "./check";
import { type GameBase, type Play, resultOf, zero } from "./game";
import { mulDiv } from "./money";
import { type Amounts, type EventOf, type GameResult, type KolkhozRules, Refusal, type Score } from "./types";

/** Points one player owes another outside the scores (pay_all, pending). */
interface Side {
  from: string;
  to: string;
  points: number;
}

export interface Kolkhoz extends GameBase {
  kind: "kolkhoz";
  order: string[];
  scores: Score;
  rack: Record<string, number>;
  aside: Side[];
  hanging: string[];
  lastPotter: string | null;
}

export function startKolkhoz(event: EventOf<"start">, rules: KolkhozRules, number: number): Kolkhoz {
  const order = event.order ?? [];
  const scores = Object.fromEntries(order.map((player) => [player, own(rules.handicap, player)?.start ?? 0]));
  const rack = Object.fromEntries(rules.balls.map((kind) => [kind.id, kind.count]));
  const breaker = event.breaker ?? order[0] ?? "";
  const base = { id: event.id, number, reason: null, winners: [], players: order, breaker, turn: breaker };
  return { kind: "kolkhoz", ...base, order, scores, rack, aside: [], hanging: [], lastPotter: null };
}

export const next = (order: string[], player: string): string =>
  order[(order.indexOf(player) + 1) % order.length] ?? player;
export const prev = (order: string[], player: string): string =>
  order[(order.indexOf(player) + order.length - 1) % order.length] ?? player;

export const onTable = (rack: Record<string, number>): number => Object.values(rack).reduce((a, b) => a + b, 0);

export function playKolkhoz(game: Kolkhoz, event: Play, rules: KolkhozRules): Kolkhoz {
  if (event.type === "ball") return finishWhenEmpty(pot({ ...game, turn: event.player }, event, rules), rules);
  const moved = { ...game, turn: next(game.order, event.player) };
  return event.type === "miss" ? moved : finishWhenEmpty(foul(moved, event.player, rules), rules);
}

function pot(game: Kolkhoz, event: EventOf<"ball">, rules: KolkhozRules): Kolkhoz {
  const kind = event.ball === undefined ? rules.balls[0] : rules.balls.find((one) => one.id === event.ball);
  if (!kind) throw new Refusal("unknown_ball", `no ball ${event.ball}`);
  if (!game.rack[kind.id]) throw new Refusal("ball_not_on_table", `no ${kind.id} ball is left`);
  const rack = take(game.rack, kind.id);
  const value = onTable(rack) === 0 ? lastBallValue(kind.value, rules) : kind.value;
  return collect({ ...game, rack, scores: plus(game.scores, event.player, value), lastPotter: event.player }, rules);
}

const take = (rack: Record<string, number>, kind: string) => ({ ...rack, [kind]: (rack[kind] ?? 0) - 1 });
const plus = (scores: Score, player: string, by: number): Score => ({
  ...scores,
  [player]: (scores[player] ?? 0) + by,
});

/** What a ball of this value counts when it empties the rack. */
export function lastBallValue(value: number, rules: KolkhozRules): number {
  if (rules.last_ball === "none") return value;
  return rules.last_ball === "double" ? value * 2 : value + rules.last_ball.add;
}

/** Whoever pots takes what hangs on the others; what hangs on himself vanishes. */
function collect(game: Kolkhoz, rules: KolkhozRules): Kolkhoz {
  const potter = game.lastPotter ?? "";
  const owed = game.hanging
    .filter((player) => player !== potter)
    .map((from) => ({ from, to: potter, points: rules.foul.value }));
  return { ...game, aside: [...game.aside, ...owed], hanging: [] };
}

function foul(game: Kolkhoz, player: string, rules: KolkhozRules): Kolkhoz {
  const { mode, value } = rules.foul;
  if (mode === "minus") return { ...game, scores: plus(game.scores, player, -value) };
  if (mode === "pending") return { ...game, hanging: [...game.hanging, player] };
  if (mode === "pay_all") {
    const paid = game.order.filter((other) => other !== player).map((to) => ({ from: player, to, points: value }));
    return { ...game, aside: [...game.aside, ...paid] };
  }
  if (mode === "none") return game;
  const gone = rules.balls.find((kind) => game.rack[kind.id])?.id ?? "";
  return { ...game, scores: plus(game.scores, next(game.order, player), value), rack: take(game.rack, gone) };
}

function finishWhenEmpty(game: Kolkhoz, rules: KolkhozRules): Kolkhoz {
  return onTable(game.rack) > 0 ? game : settled({ ...game, reason: "rack_empty" }, rules);
}

export function endKolkhoz(game: Kolkhoz, event: EventOf<"end">, rules: KolkhozRules): Kolkhoz {
  return settled({ ...game, reason: event.reason }, rules);
}

function settled(game: Kolkhoz, rules: KolkhozRules): Kolkhoz {
  if (game.reason === "abandoned") return { ...game, winners: [] };
  const points = scaledPoints(game, rules);
  const most = Math.max(...points);
  return { ...game, winners: game.order.filter((_, i) => points[i] === most) };
}

/** Ledger points in the order of the circle, times N for `norm`: whole numbers always. */
function scaledPoints(game: Kolkhoz, rules: KolkhozRules): number[] {
  const scale = rules.system === "norm" ? game.order.length : 1;
  const aside = asidePoints(game);
  return game.order.map((player) => byFormula(game, rules, player) + scale * (aside[player] ?? 0));
}

function byFormula(game: Kolkhoz, rules: KolkhozRules, player: string): number {
  const score = (who: string): number => game.scores[who] ?? 0;
  if (rules.system === "direct") return score(player) - score(next(game.order, player));
  if (rules.system === "reverse") return score(player) - score(prev(game.order, player));
  const sum = game.order.reduce((acc, who) => acc + score(who), 0);
  return game.order.length * score(player) - sum;
}

function asidePoints(game: Kolkhoz): Amounts {
  const points = zero(game.order);
  for (const { from, to, points: n } of game.aside) {
    points[from] = (points[from] ?? 0) - n;
    points[to] = (points[to] ?? 0) + n;
  }
  return points;
}

export function kolkhozPoints(game: Kolkhoz, rules: KolkhozRules): Record<string, number | string> {
  const n = game.order.length;
  const shown = (points: number) => (rules.system === "norm" ? fraction(points, n) : points);
  const points = scaledPoints(game, rules);
  return Object.fromEntries(game.order.map((player, i) => [player, shown(points[i] ?? 0)]));
}

export function fraction(numerator: number, denominator: number): number | string {
  const divisor = gcd(Math.abs(numerator), denominator);
  const rest = denominator / divisor;
  return rest === 1 ? numerator / divisor : `${numerator / divisor}/${rest}`;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** What the game as it stands would pay, also while it runs. */
export function kolkhozMoney(game: Kolkhoz, rules: KolkhozRules): Amounts {
  if (game.reason === "abandoned") return zero(game.order);
  return rules.system === "norm" ? normMoney(game, rules) : flowMoney(game, rules);
}

function flowMoney(game: Kolkhoz, rules: KolkhozRules): Amounts {
  const rate = (payer: string): number => own(rules.rates, payer) ?? rules.price;
  const money = zero(game.order);
  const pay = (from: string, to: string, points: number): void => {
    money[from] = (money[from] ?? 0) - points * rate(from);
    money[to] = (money[to] ?? 0) + points * rate(from);
  };
  for (const player of game.order) {
    for (const payer of payersOf(game.order, player, rules)) pay(payer, player, game.scores[player] ?? 0);
  }
  for (const { from, to, points } of game.aside) pay(from, to, points);
  for (const player of game.order) money[player] = money[player] || 0;
  return money;
}

/** Who pays for the balls of `player`; of `norm` nobody in person. */
export function payersOf(order: string[], player: string, rules: KolkhozRules): string[] {
  if (rules.system === "direct") return [prev(order, player)];
  if (rules.system === "reverse") return [next(order, player)];
  return rules.system === "everyone" ? order.filter((other) => other !== player) : [];
}

function normMoney(game: Kolkhoz, rules: KolkhozRules): Amounts {
  const n = game.order.length;
  const parts = scaledPoints(game, rules).map((points) => mulDiv(points, rules.price, n));
  let missing = -parts.reduce((sum, part) => sum + part.floor, 0);
  const money = Object.fromEntries(game.order.map((player, i) => [player, parts[i]?.floor ?? 0]));
  const byRemainder = game.order
    .map((_, i) => i)
    .sort((a, b) => (parts[b]?.rest ?? 0) - (parts[a]?.rest ?? 0) || a - b);
  for (const i of byRemainder.slice(0, missing)) {
    const player = game.order[i] ?? "";
    money[player] = (money[player] ?? 0) + 1;
    missing -= 1;
  }
  return money;
}

export function kolkhozResult(game: Kolkhoz, rules: KolkhozRules): GameResult {
  return resultOf(game, {
    scores: game.scores,
    order: game.order,
    points: kolkhozPoints(game, rules),
    money: game.reason === null ? zero(game.order) : kolkhozMoney(game, rules),
    balls_left: onTable(game.rack),
  });
}
