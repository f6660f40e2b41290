import { expect, test } from "vitest";
import type { SharedGame } from "../../api/types";
import { transfersNow } from "./now";

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
