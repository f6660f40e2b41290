// @vitest-environment jsdom
import "fake-indexeddb/auto";
import { afterEach, expect, test, vi } from "vitest";
import { put, waiting } from "./db";
import { outboxOf, startOutboxes, stopOutboxes } from "./outboxes";

const watcher = { onAnswer: () => {}, onRefused: () => {}, onChange: () => {} };

afterEach(stopOutboxes);

test("a table that opens while its user is being signed out has no outbox, and nothing breaks", async () => {
  startOutboxes("user");
  stopOutboxes();
  expect(await outboxOf("evening", watcher)).toBeNull();
});

test("all that look at one evening share one outbox", async () => {
  startOutboxes("user");
  const [one, two] = [await outboxOf("evening", watcher), await outboxOf("evening", watcher)];
  expect(one?.outbox).toBe(two?.outbox);
  expect((await outboxOf("another", watcher))?.outbox).not.toBe(one?.outbox);
});

test("what is being read for somebody who signs out meanwhile is not sent", async () => {
  await put({ session: "evening", user: "user", event: { id: "e", type: "start" } });
  const asked = vi.fn(async () => new Response("{}", { status: 401 }));
  vi.stubGlobal("fetch", asked);
  startOutboxes("user");
  const opened = outboxOf("evening", watcher);
  stopOutboxes();
  expect(await opened).toBeNull();
  await expect.poll(() => waiting("user")).toHaveLength(1);
  expect(asked).not.toHaveBeenCalled();
  vi.unstubAllGlobals();
});
