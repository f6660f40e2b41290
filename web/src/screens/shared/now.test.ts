import { expect, test } from "vitest";
import type { SharedBoard, SharedGame, SharedTable } from "../../api/types";
import { isOlder, landed, transfersNow } from "./now";

const game = (state: "running" | "ended", stands?: Record<string, number>) => ({ state, stands }) as SharedGame;
const transfers = [{ from: "B", to: "A", amount: 50 }];
const balances = { A: 50, B: -50, C: 0 };

test("a running Колхоз counts as it stands", () => {
  expect(transfersNow({ game: game("running", { A: -50, B: 20, C: 30 }), balances, transfers })).toEqual([
    { from: "B", to: "C", amount: 30 },
  ]);
});

test("what has ended is in the balances already, and a duel moves nothing before its end", () => {
  for (const one of [game("ended", { A: 50, B: -50 }), game("running"), null]) {
    expect(transfersNow({ game: one, balances, transfers })).toEqual(transfers);
  }
});

test("nobody pays where money is not shown", () => {
  expect(transfersNow({ game: game("running") })).toEqual([]);
});

const board = (version: number, epoch = "e1") =>
  ({ version, epoch, games_version: 1, games: [] }) as unknown as SharedBoard;

test("an answer that was overtaken does not turn the board back", () => {
  expect(isOlder(board(3), null)).toBe(false);
  expect(isOlder(board(3), board(4))).toBe(true);
  expect(isOlder(board(4), board(4))).toBe(false); // a new name, say
  expect(isOlder(board(2, "e2"), board(4))).toBe(false); // the database was restored
});

test("a table that knows of an older game's change leaves the board asking until it was answered", () => {
  const shown = board(4);
  const table = { version: 5, games_version: 2, game: { id: "g2" } } as unknown as SharedTable;
  const after = landed(shown, table);
  expect([after.version, after.games_version, after.games.map(({ id }) => id)]).toEqual([5, 1, ["g2"]]);
  expect(landed(after, table)).toBe(after);
});
