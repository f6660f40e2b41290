import type { Amounts, Split, Transfer } from "./types";

/** Splits `total` by whole weights: floors first, then one each to the largest remainders, ties as listed. */
export function apportion(total: number, weights: number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const whole = weights.map((weight) => mulDiv(total, weight, sum));
  let rest = total - whole.reduce((acc, part) => acc + part.floor, 0);
  const byRemainder = whole.map((_, i) => i).sort((a, b) => remainder(whole, b) - remainder(whole, a) || a - b);
  const shares = whole.map((part) => part.floor);
  for (const i of byRemainder) {
    if (rest === 0) break;
    shares[i] = (shares[i] ?? 0) + 1;
    rest -= 1;
  }
  return shares;
}

const remainder = (parts: { rest: number }[], i: number): number => parts[i]?.rest ?? 0;

/** floor(a*b/c) and what is left: exact even where a*b does not fit a double. */
export function mulDiv(a: number, b: number, c: number): { floor: number; rest: number } {
  const product = BigInt(a) * BigInt(b);
  const divisor = BigInt(c);
  let floor = product / divisor;
  if (product % divisor !== 0n && product < 0n) floor -= 1n;
  return { floor: Number(floor), rest: Number(product - floor * divisor) };
}

/** What each of `among` owes of an expense. `balances` is as of that moment. */
export function shares(amount: number, split: Split, among: string[], balances: Amounts): Amounts {
  const below = split === "equal" ? [] : among.filter((player) => (balances[player] ?? 0) < 0);
  const payers = below.length > 0 ? below : among;
  const proportional = split === "minus_proportional" && below.length > 0;
  const weights = payers.map((player) => (proportional ? -(balances[player] ?? 0) : 1));
  const parts = apportion(amount, weights);
  return Object.fromEntries(payers.map((player, i) => [player, parts[i] ?? 0]));
}

/** Every balance with what else moves it. */
export function plus(balances: Amounts, moved: Amounts): Amounts {
  const total = { ...balances };
  for (const [player, amount] of Object.entries(moved)) total[player] = (total[player] ?? 0) + amount;
  return total;
}

const EXACT_UP_TO = 12;
/** Where nobody owes exactly what another is owed. */
const SMALLEST_GROUP = 3;

type Debt = [player: string, balance: number];

/**
 * The fewest transfers that bring every balance to 0: exact for up to 12 people, at most n-1 beyond. People whose
 * balances add up to zero settle among themselves, and k of them need k-1 transfers: the more such groups, the fewer.
 */
export function settle(balances: Amounts): Transfer[] {
  const { pairs, rest } = opposites(balances);
  const groups = rest.length <= EXACT_UP_TO ? zeroGroups(rest) : [rest];
  return [...pairs, ...groups].flatMap(within);
}

/** Exact opposites may always settle with each other: the rest of the groups they were in adds up to zero as well. */
function opposites(balances: Amounts): { pairs: Debt[][]; rest: Debt[] } {
  const waiting = new Map<number, string[]>();
  const pairs: Debt[][] = [];
  for (const [player, balance] of Object.entries(balances)) {
    const opposite = waiting.get(-balance)?.shift();
    if (opposite !== undefined) pairs.push([[opposite, -balance] as Debt, [player, balance] as Debt]);
    else if (balance !== 0) waiting.set(balance, [...(waiting.get(balance) ?? []), player]);
  }
  const left = new Set([...waiting.values()].flat());
  return { pairs, rest: Object.entries(balances).filter(([player]) => left.has(player)) };
}

/** The largest number of groups that add up to zero. Groups are bit sets of places. */
function zeroGroups(debts: Debt[]): Debt[][] {
  let sums = [0];
  for (const [, balance] of debts) sums = [...sums, ...sums.map((sum) => sum + balance)];
  const closed = sums.flatMap((sum, group) => (sum === 0 && group > 0 ? [group] : []));
  closed.sort((a, b) => bits(a) - bits(b));
  const best = pack(sums.length - 1, closed, new Map([[0, []]]));
  return best.map((group) => debts.filter((_, place) => (group >> place) & 1));
}

/** Of packings as good as each other the first one holds, which is the server's as well. */
function pack(left: number, closed: number[], known: Map<number, number[]>): number[] {
  const before = known.get(left);
  if (before) return before;
  const lowest = left & -left;
  const inside = closed.filter((group) => (group & ~left) === 0);
  let best: number[] = [];
  for (const group of inside) {
    if (!(group & lowest) || best.length >= Math.floor(bits(left) / SMALLEST_GROUP)) continue;
    const packed = [group, ...pack(left ^ group, inside, known)];
    if (packed.length > best.length) best = packed;
  }
  known.set(left, best);
  return best;
}

const bits = (group: number): number => (group === 0 ? 0 : 1 + bits(group & (group - 1)));

/** The largest debt goes to the largest credit, until one of the two is settled; of equals the last comes first. */
function within(group: Debt[]): Transfer[] {
  const smallestFirst = (a: Debt, b: Debt): number => Math.abs(a[1]) - Math.abs(b[1]);
  const debtors = group.filter(([, balance]) => balance < 0).sort(smallestFirst);
  const creditors = group.filter(([, balance]) => balance > 0).sort(smallestFirst);
  const made: Transfer[] = [];
  let [from, to, debt, credit] = ["", "", 0, 0];
  while (debtors.length > 0 || debt > 0) {
    if (debt === 0) [from, debt] = owed(debtors.pop());
    if (credit === 0) [to, credit] = owed(creditors.pop());
    const amount = Math.min(debt, credit);
    made.push({ from, to, amount });
    debt -= amount;
    credit -= amount;
  }
  return made;
}

const owed = (debt: Debt | undefined): Debt => {
  if (!debt) throw new Error("a group that does not add up to zero");
  return [debt[0], Math.abs(debt[1])];
};
