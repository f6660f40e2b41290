import { expect, test } from "vitest";
import { put, readSeen, remove, waiting, writeSeen } from "./db";
import type { WireEvent } from "./wire";

const item = (user: string, id: string) => ({
  session: "S",
  user,
  event: { id, type: "ball", player: "A", game: "G" } as WireEvent,
});

test("what waits is found again in the order of the taps, each by its owner only", async () => {
  const seqs = [];
  for (const id of ["1", "2", "3"]) seqs.push(await put(item("anya", id)));
  await put(item("boris", "4"));
  await remove([seqs[1] ?? -1]);
  expect((await waiting("anya")).map(({ event }) => event.id)).toEqual(["1", "3"]);
  expect((await waiting("boris")).map(({ event }) => event.id)).toEqual(["4"]);
});

test("the last evenings are remembered, not all of them", async () => {
  for (let i = 0; i < 25; i++) await writeSeen("anya", { id: `S${i}` } as never, []);
  expect(await readSeen("anya", "S24")).toBeDefined();
  expect(await readSeen("anya", "S0")).toBeUndefined();
  expect(await readSeen("boris", "S24")).toBeUndefined();
});
