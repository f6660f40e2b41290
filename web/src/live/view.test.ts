import { expect, test } from "vitest";
import { PLAYERS, RULES } from "../../test/helpers";
import { parseRules } from "../engine/rules";
import { matchIsOver } from "../engine/session";
import { waitingAfter } from "./view";

const queue = ["C", "A", "B"];

test("whoever is called to the table does not wait for it", () => {
  expect(waitingAfter({ queue, players: PLAYERS }, ["A", "B"])).toEqual(["C"]);
  expect(waitingAfter({ queue, players: PLAYERS }, [])).toEqual(queue);
});

test("whoever pauses keeps his place, and nobody waits for him", () => {
  const players = PLAYERS.map((player) => ({ ...player, paused: player.id === "C" }));
  expect(waitingAfter({ queue, players }, ["B"])).toEqual(["A"]);
});

test("a match is over when its games are played, or a side has won it from whichever seat", () => {
  const race = parseRules({ game: "moscow", match: { type: "race", wins: 2 } });
  const won = (...winners: string[]) => ({ winners });
  expect(matchIsOver(race, [won("A", "B"), won("A"), won()])).toBe(false);
  expect(matchIsOver(race, [won("A", "B"), won(), won("B", "A")])).toBe(true);
  const fixed = parseRules({ game: "moscow", match: { type: "fixed", games: 2 } });
  expect(matchIsOver(fixed, [won("A")])).toBe(false);
  expect(matchIsOver(fixed, [won("A"), won()])).toBe(true);
  expect(matchIsOver(RULES, [won("A"), won("A")])).toBe(false);
});
