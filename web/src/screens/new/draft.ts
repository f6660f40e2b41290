// What is being prepared before an evening starts. Nothing of it is on the server yet.
import { parseRules } from "../../engine/rules";
import type { GameKind, Rules } from "../../engine/types";
import { uuid7 } from "../../lib/uuid7";
import { readLocal, writeLocal } from "../../telegram";

export interface Seat {
  /** The id of the player in the evening to come; made here, so that rules can name him. */
  id: string;
  name: string;
  /** A guest has none. */
  user: string | null;
}

export const KINDS: GameKind[] = ["kolkhoz", "americana", "moscow", "dynamic"];

export const defaultRules = (game: GameKind): Rules => parseRules({ game });

/** Nobody's handicap, nobody's own price: what may be kept from one evening for another company. */
export function withoutPeople(rules: Rules): Rules {
  return rules.game === "kolkhoz" ? { ...rules, handicap: {}, rates: {} } : { ...rules, handicap: {} };
}

export function lastRules(): Rules {
  try {
    return withoutPeople(parseRules(JSON.parse(readLocal("rules") ?? "null")));
  } catch {
    return defaultRules("kolkhoz");
  }
}

export const keepRules = (rules: Rules): void => writeLocal("rules", JSON.stringify(withoutPeople(rules)));

/** Another set of rules for the same stakes. */
export function keepMoney(next: Rules, before: Rules): Rules {
  if (next.game === "kolkhoz")
    return before.game === "kolkhoz" ? { ...next, price: before.price, currency: before.currency } : next;
  return before.game === "kolkhoz" ? next : { ...next, stake: before.stake, currency: before.currency };
}

/** The same but for the money and who is given what. */
export function sameRules(preset: unknown, rules: Rules): boolean {
  const plain = (one: Rules): string => JSON.stringify(withoutPeople(keepMoney(one, rules)));
  return plain(parseRules(preset)) === plain(rules);
}

export const seat = (name: string, user: string | null): Seat => ({ id: uuid7(), name, user });

/** Of two with one name the second gets a number, so that they can be told apart. */
export function freeName(name: string, seats: Seat[]): string {
  const taken = new Set(seats.map((one) => one.name));
  if (!taken.has(name)) return name;
  for (let i = 2; ; i++) if (!taken.has(`${name} ${i}`)) return `${name} ${i}`;
}

/** Only what concerns who plays, and no handicap that gives nothing. */
export function cleaned(rules: Rules, seats: Seat[]): Rules {
  const ids = new Set(seats.map((one) => one.id));
  const ofPlayers = <T>(by: Record<string, T>, counts: (value: T) => boolean): Record<string, T> =>
    Object.fromEntries(Object.entries(by).filter(([id, value]) => ids.has(id) && counts(value)));
  if (rules.game === "kolkhoz") {
    const rates = rules.system === "direct" ? ofPlayers(rules.rates, () => true) : {};
    return { ...rules, rates, handicap: ofPlayers(rules.handicap, ({ start }) => Boolean(start)) };
  }
  const counts = ({ start, target }: { start?: number; target?: number }): boolean =>
    Boolean(start) || target !== undefined;
  return { ...rules, handicap: ofPlayers(rules.handicap, counts) };
}
