import { beforeEach, describe, expect, test } from "vitest";
import { Clock, FakeServer, id, PLAYERS, settled } from "../../test/helpers";
import { Outbox } from "./outbox";
import { TableStore } from "./table";
import type { WireEvent } from "./wire";

let server: FakeServer;
let clock: Clock;
let warnings: string[];

interface Phone {
  store: TableStore;
  outbox: Outbox;
  refused: string[];
}

function phone(me: string): Phone {
  const refused: string[] = [];
  const store = new TableStore(me, {
    fetchDoc: () => server.ask(),
    fetchEvents: (after) => server.page(after),
    outgoing: () => outbox.events,
    save: () => {},
    warn: (text) => warnings.push(text),
  });
  const outbox = new Outbox({
    store: { put: async () => 1, remove: async () => {} },
    post: (events) => server.post(events),
    onAnswer: (answer) => store.onAnswer(answer),
    onRefused: (_, problem) => refused.push(problem.code),
    onChange: () => store.changed(),
    later: clock.later,
  });
  return { store, outbox, refused };
}

const view = (of: Phone) => {
  const { view } = of.store.snapshot();
  if (!view) throw new Error("nothing to see yet");
  return view;
};
const tap = (event: Partial<WireEvent> & { type: string }): WireEvent => ({ id: id(), ...event }) as WireEvent;

beforeEach(() => {
  server = new FakeServer();
  clock = new Clock();
  warnings = [];
});

describe("a table", () => {
  test("shows a tap at once and keeps it when it is answered", async () => {
    const mine = phone("me");
    await mine.store.sync();
    mine.outbox.add(tap({ type: "start" }));
    expect(view(mine).game?.order).toEqual(["A", "B", "C"]);
    expect(view(mine).pending).toBe(1);
    mine.outbox.add(tap({ type: "ball", player: "B" }));
    expect(view(mine).game?.scores.B).toBe(1);
    server.faults = [];
    await settled();
    expect(warnings).toEqual([]);
  });

  test("whoever waits comes with the first word that is no undo", async () => {
    const mine = phone("me");
    server.accept([tap({ type: "start", order: ["A", "B", "C"] }), tap({ type: "end", reason: "abandoned" })]);
    server.players = [...PLAYERS, { id: "D", user_id: null, name: "D", active: true, paused: false, waits: true }];
    await mine.store.sync();
    expect(view(mine).players.at(-1)).toMatchObject({ id: "D", active: true });
    server.faults = ["lost_request", "lost_request"];
    mine.outbox.add(tap({ type: "undo", target: server.log[1]?.id ?? "" }));
    expect(view(mine).game?.state).toBe("running");
    mine.outbox.add(tap({ type: "end", reason: "abandoned" }));
    mine.outbox.add(tap({ type: "start", order: ["D", "A"] }));
    mine.outbox.add(tap({ type: "ball", player: "D" }));
    expect(view(mine).game).toMatchObject({ order: ["D", "A"], scores: { D: 1 } });
    expect(warnings).toEqual([]);
  });

  test("whoever waits to go was there before", async () => {
    const mine = phone("me");
    server.accept([tap({ type: "start", order: ["A", "B", "C"] }), tap({ type: "end", reason: "abandoned" })]);
    server.players = PLAYERS.map((player) => (player.id === "C" ? { ...player, active: false, waits: true } : player));
    await mine.store.sync();
    expect(view(mine).games).toHaveLength(1);
    expect(view(mine).players.at(-1)).toMatchObject({ id: "C", active: false });
    mine.outbox.add(tap({ type: "start", order: ["A", "B"] }));
    expect(view(mine).players.at(-1)).toMatchObject({ id: "C", active: false });
    expect(mine.store.snapshot().outdated).toBe(false);
  });

  test("takes a refused tap back", async () => {
    const mine = phone("me");
    server.accept([tap({ type: "start", order: ["A", "B", "C"] })]);
    await mine.store.sync();
    const behind = phone("other");
    await behind.store.sync();
    server.accept([tap({ type: "end", reason: "abandoned" })]);
    mine.outbox.add(tap({ type: "ball", player: "A" }));
    expect(view(mine).game?.scores.A).toBe(1);
    await settled();
    expect(mine.refused).toEqual(["no_game"]);
    expect(view(mine).game?.scores.A).toBe(0);
  });

  test("frames in any order, doubled and with holes end in the same picture", async () => {
    const mine = phone("me");
    const frames: Parameters<TableStore["onFrame"]>[0][] = [];
    server.onEvent = (event, table) => frames.push({ type: "event", version: event.version, event, table });
    await mine.store.sync();
    server.accept([
      tap({ type: "start", order: ["A", "B", "C"] }),
      ...["A", "A", "B", "C", "A"].map((player) => tap({ type: "ball", player })),
    ]);
    for (const i of [0, 2, 2, 1, 5, 0, 3, 4]) {
      const frame = frames[i];
      if (frame) mine.store.onFrame(frame);
    }
    await settled();
    expect(view(mine).game?.scores).toEqual({ A: 3, B: 1, C: 1 });
    expect(view(mine).version).toBe(6);
    expect(warnings).toEqual([]);
  });

  test("its own event by frame first and by answer later counts once", async () => {
    const mine = phone("me");
    await mine.store.sync();
    server.onEvent = (event, table) => mine.store.onFrame({ type: "event", version: event.version, event, table });
    mine.outbox.add(tap({ type: "start" }));
    await settled();
    server.faults = ["lost_answer"];
    mine.outbox.add(tap({ type: "ball", player: "A" }));
    await settled();
    expect(mine.outbox.events).toHaveLength(1);
    expect(view(mine).game?.scores.A).toBe(1);
    expect(view(mine).pending).toBe(0);
    await clock.pass(1000);
    expect(view(mine).game?.scores.A).toBe(1);
    expect(server.log).toHaveLength(2);
  });

  test("a hole is filled over HTTP", async () => {
    const mine = phone("me");
    await mine.store.sync();
    server.accept([tap({ type: "start", order: ["A", "B", "C"] }), tap({ type: "ball", player: "A" })]);
    const last = server.log[1];
    if (last) mine.store.onFrame({ type: "event", version: 2, event: last, table: server.table() });
    await settled();
    expect(view(mine).game?.scores.A).toBe(1);
    expect(view(mine).version).toBe(2);
  });

  test("a hole that opens while the log is being asked for is filled too", async () => {
    const mine = phone("me");
    await mine.store.sync();
    const page = server.page;
    const answers: (() => void)[] = [];
    server.page = async (after) => {
      const said = await page(after);
      await new Promise<void>((answer) => answers.push(answer));
      return said;
    };
    server.accept([tap({ type: "start", order: ["A", "B", "C"] })]);
    void mine.store.sync();
    await settled();
    server.accept([tap({ type: "ball", player: "A" }), tap({ type: "ball", player: "B" })]);
    const last = server.log[2];
    if (last) mine.store.onFrame({ type: "event", version: 3, event: last, table: server.table() });
    for (const each of [0, 1]) {
      answers[each]?.();
      await settled();
    }
    expect(view(mine).game?.scores).toEqual({ A: 1, B: 1, C: 0 });
    expect(view(mine).version).toBe(3);
  });

  test("the answer of an earlier question does not take back who came since", async () => {
    const mine = phone("me");
    await mine.store.sync();
    const answers: (() => void)[] = [];
    server.ask = async () => {
      const said = server.doc();
      await new Promise<void>((answer) => answers.push(answer));
      return said;
    };
    for (const name of ["D", "E"]) {
      server.players = [...server.players, { id: name, user_id: null, name, active: true, paused: false, waits: true }];
      mine.store.onFrame({ type: "session" });
      await settled();
    }
    for (const each of [1, 0, 1]) {
      answers[each]?.();
      await settled();
    }
    expect(view(mine).players.map(({ id }) => id)).toEqual(["A", "B", "C", "D", "E"]);
  });

  test("another epoch starts from nothing", async () => {
    const mine = phone("me");
    server.accept([tap({ type: "start", order: ["A", "B", "C"] }), tap({ type: "ball", player: "A" })]);
    await mine.store.sync();
    const restored = new FakeServer();
    restored.epoch = "e2";
    server = restored;
    mine.store.onFrame({ type: "snapshot", session: restored.doc() });
    await settled();
    expect(view(mine).game).toBeNull();
  });

  test("two phones that tap at the same time see the same evening", async () => {
    const [one, two] = [phone("one"), phone("two")];
    server.onEvent = (event, table) => {
      for (const each of [one, two]) each.store.onFrame({ type: "event", version: event.version, event, table });
    };
    await Promise.all([one.store.sync(), two.store.sync()]);
    one.outbox.add(tap({ type: "start" }));
    await settled();
    server.faults = ["lost_answer", "lost_request", "lost_answer"];
    for (const player of ["A", "B", "A"]) {
      one.outbox.add(tap({ type: "ball", player }));
      two.outbox.add(tap({ type: "ball", player: "C" }));
    }
    await clock.pass(10_000);
    expect(view(one).game?.scores).toEqual({ A: 2, B: 1, C: 3 });
    expect(view(two).game).toEqual(view(one).game);
    expect(server.log).toHaveLength(7);
  });

  test("an undo of what is not sent yet is seen at once", async () => {
    const mine = phone("me");
    await mine.store.sync();
    mine.outbox.add(tap({ type: "start" }));
    server.faults = ["lost_request", "lost_request"];
    const ball = tap({ type: "ball", player: "A" });
    mine.outbox.add(ball);
    expect(view(mine).undoable?.event.id).toBe(ball.id);
    mine.outbox.add(tap({ type: "undo", target: ball.id }));
    expect(view(mine).game?.scores.A).toBe(0);
    expect(view(mine).undoable?.event.type).toBe("start");
    await clock.pass(10_000);
    expect(server.log).toHaveLength(3);
    expect(view(mine).game?.scores.A).toBe(0);
  });

  test("says when it and the server do not agree", async () => {
    const mine = phone("me");
    server.accept([tap({ type: "start", order: ["A", "B", "C"] })]);
    await mine.store.sync();
    const table = server.table();
    if (table.game) table.game = { ...table.game, scores: { A: 5, B: 0, C: 0 } };
    mine.store.onAnswer({ version: 1, events: [], table });
    mine.store.snapshot();
    expect(warnings.join()).toContain("scores");
  });
});
