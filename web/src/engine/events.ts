// The form of an event: everything that can be said about it without knowing the evening.
import { type Json, Reader } from "./check";
import { isKolkhoz } from "./rules";
import type { EndReason, GameEvent, Rules, Split } from "./types";

const read: Reader = new Reader("invalid_event");

const KEYS: Record<GameEvent["type"], { required: string[]; optional: string[] }> = {
  join: { required: ["player"], optional: ["name"] },
  leave: { required: ["player"], optional: [] },
  start: { required: [], optional: ["sides", "order", "breaker"] },
  ball: { required: ["player"], optional: ["ball", "own", "lucky"] },
  foul: { required: ["player"], optional: ["reason"] },
  miss: { required: ["player"], optional: [] },
  pause: { required: ["player"], optional: [] },
  resume: { required: ["player"], optional: [] },
  end: { required: ["reason"], optional: ["player"] },
  undo: { required: ["target"], optional: [] },
  expense: { required: ["payer", "amount"], optional: ["split", "among"] },
  payment: { required: ["from", "to", "amount"], optional: [] },
  finish: { required: [], optional: [] },
};
const TYPES = Object.keys(KEYS) as GameEvent["type"][];
const ID_KEYS = ["player", "target", "payer", "from", "to", "breaker", "ball"];

export function parseEvent(value: unknown, rules: Rules): GameEvent {
  const raw = read.object(value, "event");
  read.id(raw.id, "id");
  const type = read.oneOf(raw.type, "type", TYPES);
  const { required, optional } = KEYS[type];
  read.keys(raw, ["id", "type", ...required, ...optional], required);
  for (const key of ID_KEYS) if (key in raw) read.id(raw[key], key);
  if ("amount" in raw) read.int(raw.amount, "amount", 1);
  if (type === "join" && "name" in raw) read.text(raw.name, "name");
  if (type === "foul" && "reason" in raw) read.text(raw.reason, "reason");
  if (type === "start") start(raw, rules);
  if (type === "ball") ball(raw, rules);
  if (type === "end") end(raw, rules);
  if (type === "expense") expense(raw);
  return raw as unknown as GameEvent;
}

function start(raw: Json, rules: Rules): void {
  if (isKolkhoz(rules)) {
    if ("sides" in raw) read.fail("kolkhoz has an order and no sides");
    seated(raw, read.ids(raw.order, "order", 2, 12));
    return;
  }
  if ("order" in raw) read.fail("a duel has sides and no order");
  if (!Array.isArray(raw.sides) || raw.sides.length !== 2) read.fail("a duel has two sides");
  const sides = raw.sides.flatMap((side) => read.ids(side, "side", 1, 2));
  if (new Set(sides).size !== sides.length) read.fail("somebody is on both sides");
  seated(raw, sides);
}

function seated(raw: Json, players: string[]): void {
  if ("breaker" in raw && !players.includes(raw.breaker as string)) read.fail("who breaks does not play");
}

function ball(raw: Json, rules: Rules): void {
  if ("own" in raw) read.bool(raw.own, "own");
  if ("lucky" in raw) read.bool(raw.lucky, "lucky");
  if ("own" in raw && rules.game !== "moscow" && rules.game !== "dynamic") read.fail(`no own ball in ${rules.game}`);
  if ("ball" in raw && !isKolkhoz(rules)) read.fail("a duel does not tell balls apart");
}

function end(raw: Json, rules: Rules): void {
  const reasons: EndReason[] = ["concede", "timeout", "draw", "abandoned"];
  const reason = read.oneOf(raw.reason, "reason", reasons);
  if (reason === "concede" && isKolkhoz(rules)) read.fail("nobody concedes in kolkhoz");
  if ((reason === "concede") !== "player" in raw) read.fail("a player concedes, and only then is one named");
}

function expense(raw: Json): void {
  const splits: Split[] = ["equal", "minus_players", "minus_proportional"];
  if ("split" in raw) read.oneOf(raw.split, "split", splits);
  if ("among" in raw) read.ids(raw.among, "among", 1, Infinity);
}
