// @vitest-environment jsdom
import { afterEach, expect, test } from "vitest";
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
