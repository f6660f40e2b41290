import { expect, test } from "vitest";
import { PLAYERS } from "../../test/helpers";
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
