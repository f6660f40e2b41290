import { beforeEach, describe, expect, test } from "vitest";
import { Clock, FakeServer, id, settled } from "../../test/helpers";
import { Problem } from "../api/problem";
import { Outbox } from "./outbox";
import type { WireEvent } from "./wire";

let server: FakeServer;
let clock: Clock;
let stored: Map<number, WireEvent>;
let refused: [string, string][];
let answers: number[];

function make(restored: { seq: number; event: WireEvent }[] = []): Outbox {
  let seq = stored.size;
  return new Outbox(
    {
      store: {
        put: async (event) => {
          seq += 1;
          stored.set(seq, event);
          return seq;
        },
        remove: async (seqs) => {
          for (const one of seqs) stored.delete(one);
        },
      },
      post: server.post,
      onAnswer: (answer) => answers.push(answer.version),
      onRefused: (event, problem) => refused.push([event.id, problem.code]),
      onChange: () => {},
      later: clock.later,
    },
    restored,
  );
}

const start = (): WireEvent => ({ id: id(), type: "start", order: ["A", "B", "C"] });
const ball = (player: string): WireEvent => ({ id: id(), type: "ball", player });

beforeEach(() => {
  server = new FakeServer();
  clock = new Clock();
  stored = new Map();
  refused = [];
  answers = [];
});

describe("outbox", () => {
  test("sends in order and forgets what is answered", async () => {
    const outbox = make();
    const events = [start(), ball("A"), ball("B")];
    for (const event of events) outbox.add(event);
    await settled();
    expect(server.log.map((event) => event.id)).toEqual(events.map((event) => event.id));
    expect(outbox.events).toEqual([]);
    expect(stored.size).toBe(0);
  });

  test("what piles up while one is under way goes as one batch", async () => {
    const outbox = make();
    outbox.add(start());
    await Promise.resolve();
    expect(server.posts).toBe(1);
    for (const event of [ball("A"), ball("A"), ball("A")]) outbox.add(event);
    await settled();
    expect(server.posts).toBe(2);
    expect(server.log).toHaveLength(4);
  });

  test("a lost answer doubles nothing", async () => {
    server.faults = ["lost_answer"];
    const outbox = make();
    outbox.add(start());
    await settled();
    expect(outbox.stuck).toBe(true);
    outbox.add(ball("A"));
    await clock.pass(1000);
    expect(server.log).toHaveLength(2);
    expect(outbox.events).toEqual([]);
    expect(outbox.stuck).toBe(false);
  });

  test("keeps trying, ever more slowly, and at once when kicked", async () => {
    server.faults = Array.from({ length: 6 }, () => "lost_request" as const);
    const outbox = make();
    outbox.add(start());
    await clock.pass(400);
    const soon = server.posts;
    expect(soon).toBeGreaterThan(0);
    await clock.pass(3000);
    const later = server.posts;
    expect(later).toBeLessThan(6);
    for (let i = later; i < 7; i++) {
      outbox.kick();
      await settled();
    }
    expect(server.log).toHaveLength(1);
  });

  test("whoever asks hears when all of it was answered, or that it does not arrive", async () => {
    const outbox = make();
    expect(await outbox.sent()).toBe(true);
    server.faults = ["lost_request", "lost_request"];
    outbox.add(start());
    const asked = outbox.sent();
    outbox.add(ball("X"));
    expect(await asked).toBe(false);
    expect(server.log).toHaveLength(0);
    expect(await outbox.sent()).toBe(true);
    expect(server.log).toHaveLength(1);
    expect(refused).toHaveLength(1);
  });

  test("a sign-in that has ended refuses no tap: it waits for its owner", async () => {
    server.faults = [new Problem(401, { code: "unauthenticated" })];
    const outbox = make();
    outbox.add(start());
    await settled();
    expect([refused, stored.size, outbox.stuck]).toEqual([[], 1, true]);
    await clock.pass(1000);
    expect(server.log).toHaveLength(1);
  });

  test("once stopped it sends nothing more, whatever becomes of what was under way, and what is stored stays", async () => {
    server.faults = ["lost_request"];
    const outbox = make();
    outbox.add(start());
    outbox.add(ball("A"));
    await Promise.resolve();
    outbox.stop();
    await clock.pass(30_000);
    outbox.kick();
    await settled();
    expect([server.posts, server.log.length, stored.size]).toEqual([1, 0, 2]);
  });

  test("waits as long as the server says", async () => {
    server.faults = [new Problem(429, { code: "rate_limited" }, 5000)];
    const outbox = make();
    outbox.add(start());
    await clock.pass(4999);
    expect(server.posts).toBe(1);
    await clock.pass(1251);
    expect(server.log).toHaveLength(1);
  });

  test("two hundred phones are no storm: while the server is away, told to come in 2 s, nor when it is back", async () => {
    const PHONES = 200;
    const TAP_MS = 5000;
    const NORMAL = (PHONES / TAP_MS) * 1000; // posts a second, when all is well
    const posts: number[] = [];
    const written = new Set<string>();
    let away = false;
    server.post = async (events) => {
      posts.push(clock.now);
      await Promise.resolve();
      if (away) throw new Problem(503, { code: "unavailable" }, 2000);
      for (const event of events) written.add(event.id);
      return { version: written.size, events: [], table: server.table() };
    };
    const most = (from: number, seconds: number): number => {
      const inWindow = (at: number): number => posts.filter((post) => post >= at && post < at + 5000).length;
      return Math.max(...Array.from({ length: seconds - 4 }, (_, second) => inWindow(from + second * 1000))) / 5;
    };
    let tapped = 0;
    for (let phone = 0; phone < PHONES; phone++) {
      const outbox = make();
      const tap = (): void => {
        tapped += 1;
        outbox.add(ball("A"));
        if (clock.now < 70_000) clock.later(TAP_MS, tap);
      };
      clock.later((phone * TAP_MS) / PHONES, tap);
    }
    await clock.pass(20_000);
    const calm = most(5000, 15);
    away = true;
    await clock.pass(30_000);
    away = false;
    await clock.pass(60_000);
    expect(calm).toBeCloseTo(NORMAL, 0);
    const mean = posts.filter((post) => post >= 20_000 && post < 50_000).length / 30;
    expect(mean).toBeLessThan(1.5 * NORMAL);
    expect(most(20_000, 30)).toBeLessThan(2.5 * NORMAL); // in the first seconds, when all try a second time
    expect(most(50_000, 30)).toBeLessThan(1.5 * NORMAL);
    expect(written.size).toBe(tapped);
  });

  test("only the refused one falls out of a batch", async () => {
    const outbox = make();
    const events = [start(), ball("A"), ball("X"), ball("B")];
    for (const event of events) outbox.add(event);
    await settled();
    expect(refused).toEqual([[events[2]?.id, "unknown_player"]]);
    expect(server.log.map((event) => event.id)).toEqual([0, 1, 3].map((i) => events[i]?.id));
  });

  test("with a refused start go the balls of that game, with a refused ball its undo", async () => {
    server.accept([start()]);
    const outbox = make();
    const second = start();
    outbox.add(second);
    outbox.add({ ...ball("A"), game: second.id } as WireEvent);
    const lost = ball("X");
    outbox.add(lost);
    outbox.add({ id: id(), type: "undo", target: lost.id });
    await settled();
    expect(refused.map(([, code]) => code)).toEqual(["game_in_progress", "game_in_progress", "unknown_player"]);
    expect(server.log).toHaveLength(1);
    expect(outbox.events).toEqual([]);
  });

  test("a refused batch of which nobody says the culprit goes one by one", async () => {
    const outbox = make();
    outbox.add(start());
    await settled();
    const post = server.post;
    server.post = async (events) => {
      if (events.length > 1) throw new Problem(422, { code: "invalid_body" });
      return post(events);
    };
    const again = make();
    const events = ["A", "B", "X", "C"].map(ball);
    for (const event of events) again.add(event);
    await settled();
    expect(refused).toEqual([[events[2]?.id, "unknown_player"]]);
    expect(server.log).toHaveLength(4);
  });

  test("at most ten undos a batch", async () => {
    const outbox = make();
    const first = start();
    outbox.add(first);
    const balls = Array.from({ length: 12 }, () => ball("A"));
    for (const event of balls) outbox.add(event);
    await settled();
    const sizes: number[] = [];
    const post = server.post;
    server.post = async (events) => {
      sizes.push(events.filter((event) => event.type === "undo").length);
      return post(events);
    };
    const again = make();
    for (const event of balls) again.add({ id: id(), type: "undo", target: event.id });
    await settled();
    expect(sizes.every((n) => n <= 10)).toBe(true);
    expect(server.session.results()[0]?.scores.A).toBe(0);
  });

  test("goes on after a reload with the same ids", async () => {
    server.faults = ["lost_answer", "lost_request", "lost_request"];
    const before = make();
    before.add(start());
    before.add(ball("A"));
    await settled();
    before.stop();
    const after = make([...stored].map(([seq, event]) => ({ seq, event })));
    after.kick();
    await clock.pass(5000);
    expect(server.log).toHaveLength(2);
    expect(stored.size).toBe(0);
  });
});
