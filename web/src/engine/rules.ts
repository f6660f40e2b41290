import { type Json, Reader } from "./check";
import type { BallKind, DuelRules, KolkhozRules, Match, Rules } from "./types";

const read: Reader = new Reader("invalid_rules");

export const isKolkhoz = (rules: Rules): rules is KolkhozRules => rules.game === "kolkhoz";

const DUEL_KEYS = [
  "game",
  "target",
  "foul",
  "debt",
  "fluke",
  "handicap",
  "stake",
  "format",
  "queue",
  "breaks",
  "match",
  "currency",
];
const KOLKHOZ_KEYS = [
  "game",
  "system",
  "price",
  "balls",
  "last_ball",
  "foul",
  "handicap",
  "rates",
  "legs",
  "order",
  "starter",
  "currency",
];

export function parseRules(value: unknown): Rules {
  const raw = read.object(value, "rules");
  const game = read.oneOf(raw.game, "game", ["americana", "moscow", "dynamic", "kolkhoz"]);
  return game === "kolkhoz" ? parseKolkhoz(raw) : parseDuel(raw, game);
}

function parseDuel(raw: Json, game: DuelRules["game"]): DuelRules {
  read.keys(raw, DUEL_KEYS);
  const { target = 8, foul = "opponent_gains", debt = false, fluke = "counts" } = raw;
  return {
    game,
    target: read.int(target, "target", 1, 50),
    foul: read.oneOf(foul, "foul", ["opponent_gains", "offender_returns", "offender_loses", "none"]),
    debt: read.bool(debt, "debt"),
    fluke: read.oneOf(fluke, "fluke", ["counts", "spotted"]),
    handicap: duelHandicap("handicap" in raw ? raw.handicap : {}),
    stake: stake("stake" in raw ? raw.stake : { per: "none" }),
    format: read.oneOf("format" in raw ? raw.format : "1x1", "format", ["1x1", "2x2"]),
    queue: queue("queue" in raw ? raw.queue : { type: "winner_stays" }),
    breaks: read.oneOf("breaks" in raw ? raw.breaks : "alternate", "breaks", [
      "alternate",
      "winner",
      "loser",
      "random",
      "manual",
    ]),
    match: match("match" in raw ? raw.match : { type: "endless" }),
    currency: currency(raw),
  };
}

function perPlayer<T>(value: unknown, what: string, one: (value: unknown) => T): Record<string, T> {
  const entries = Object.entries(read.object(value, what));
  return Object.fromEntries(entries.map(([player, raw]) => [read.id(player, what), one(raw)]));
}

function duelHandicap(value: unknown): DuelRules["handicap"] {
  return perPlayer(value, "handicap", (raw) => {
    const own = read.object(raw, "handicap");
    read.keys(own, ["start", "target"]);
    return {
      ...("start" in own && { start: read.int(own.start, "start") }),
      ...("target" in own && { target: read.int(own.target, "target", 1, 50) }),
    };
  });
}

function stake(value: unknown): DuelRules["stake"] {
  const raw = read.object(value, "stake");
  read.keys(raw, ["per", "amount"], ["per"]);
  const { amount = 0 } = raw;
  return { per: read.oneOf(raw.per, "per", ["none", "game", "ball"]), amount: read.int(amount, "amount", 0) };
}

function queue(value: unknown): DuelRules["queue"] {
  const raw = read.object(value, "queue");
  read.keys(raw, ["type", "cap"], ["type"]);
  const type = read.oneOf(raw.type, "queue", [
    "manual",
    "winner_stays",
    "both_leave",
    "round_robin",
    "least_played",
    "random_no_repeat",
  ]);
  if (type === "winner_stays") return { type, cap: read.int("cap" in raw ? raw.cap : 3, "cap", 1) };
  if ("cap" in raw) read.fail("only winner_stays has a cap");
  return { type };
}

function match(value: unknown): Match {
  const raw = read.object(value, "match");
  const type = read.oneOf(raw.type, "match", ["endless", "race", "fixed"]);
  if (type === "race") {
    read.keys(raw, ["type", "wins"], ["wins"]);
    return { type, wins: read.int(raw.wins, "wins", 1) };
  }
  if (type === "fixed") {
    read.keys(raw, ["type", "games"], ["games"]);
    return { type, games: read.int(raw.games, "games", 1) };
  }
  read.keys(raw, ["type"]);
  return { type };
}

function currency(raw: Json): string {
  const { currency = "RUB" } = raw;
  if (typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency)) read.fail("currency is not a code");
  return currency;
}

function parseKolkhoz(raw: Json): KolkhozRules {
  read.keys(raw, KOLKHOZ_KEYS);
  const { system = "direct", price = 0, legs = 1, order = "fair", starter = "last_potter" } = raw;
  const rules: KolkhozRules = {
    game: "kolkhoz",
    system: read.oneOf(system, "system", ["direct", "reverse", "everyone", "norm"]),
    price: read.int(price, "price", 0),
    balls: "balls" in raw ? balls(raw.balls) : [{ id: "white", value: 1, count: 15 }],
    last_ball: lastBall("last_ball" in raw ? raw.last_ball : "double"),
    foul: kolkhozFoul("foul" in raw ? raw.foul : { mode: "minus" }),
    handicap: kolkhozHandicap("handicap" in raw ? raw.handicap : {}),
    rates: perPlayer("rates" in raw ? raw.rates : {}, "rates", (rate) => read.int(rate, "rate", 0)),
    legs: read.int(legs, "legs", 1, 2) as 1 | 2,
    order: read.oneOf(order, "order", ["fixed", "rotate", "random", "random_no_repeat", "fair", "manual"]),
    starter: read.oneOf(starter, "starter", ["first", "last_potter"]),
    currency: currency(raw),
  };
  if (rules.foul.mode === "next" && rules.system !== "direct") read.fail("a ball to the next only with direct");
  if (Object.keys(rules.rates).length > 0 && rules.system !== "direct") read.fail("rates only with direct");
  return rules;
}

function balls(value: unknown): BallKind[] {
  if (!Array.isArray(value) || value.length === 0) read.fail("balls is not a list");
  const kinds = value.map((one) => {
    const raw = read.object(one, "ball");
    read.keys(raw, ["id", "value", "count"], ["id", "value", "count"]);
    const id = read.id(raw.id, "ball");
    return { id, value: read.int(raw.value, "value", 1, 100), count: read.int(raw.count, "count", 1, 30) };
  });
  if (new Set(kinds.map((kind) => kind.id)).size !== kinds.length) read.fail("a kind of ball is listed twice");
  return kinds;
}

function lastBall(value: unknown): KolkhozRules["last_ball"] {
  if (value === "none" || value === "double") return value;
  const raw = read.object(value, "last_ball");
  read.keys(raw, ["add"], ["add"]);
  return { add: read.int(raw.add, "add") };
}

function kolkhozFoul(value: unknown): KolkhozRules["foul"] {
  const raw = read.object(value, "foul");
  read.keys(raw, ["mode", "value"], ["mode"]);
  const mode = read.oneOf(raw.mode, "mode", ["minus", "next", "pay_all", "pending", "none"]);
  return { mode, value: read.int("value" in raw ? raw.value : 1, "value", 1) };
}

function kolkhozHandicap(value: unknown): KolkhozRules["handicap"] {
  return perPlayer(value, "handicap", (raw) => {
    const own = read.object(raw, "handicap");
    read.keys(own, ["start"], ["start"]);
    return { start: read.int(own.start, "start") };
  });
}
