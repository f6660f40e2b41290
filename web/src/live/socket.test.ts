import { beforeEach, describe, expect, test } from "vitest";
import { Clock, settled } from "../../test/helpers";
import { Problem, Unreachable } from "../api/problem";
import { type Frame, LiveSocket, type LiveState } from "./socket";

class FakeSocket {
  onopen: () => void = () => {};
  onclose: (event: { code: number }) => void = () => {};
  onmessage: (event: { data: string }) => void = () => {};
  closed = false;

  close(): void {
    this.closed = true;
  }

  say(frame: object): void {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

let clock: Clock;
let sockets: FakeSocket[];
let states: LiveState[];
let frames: Frame[];
let missed: number;
let ticket: () => Promise<string>;
let live: LiveSocket;

const last = (): FakeSocket => sockets.at(-1) as FakeSocket;

beforeEach(async () => {
  clock = new Clock();
  sockets = [];
  states = [];
  frames = [];
  missed = 0;
  ticket = async () => "t";
  live = new LiveSocket({
    ticket: () => ticket(),
    open: () => {
      sockets.push(new FakeSocket());
      return last() as unknown as WebSocket;
    },
    onFrame: (frame) => frames.push(frame),
    onState: (state) => states.push(state),
    onMissed: () => {
      missed += 1;
    },
    isFinal: (error) => error instanceof Problem && error.status === 404,
    later: clock.later,
    now: () => clock.now,
  });
  live.start();
  await settled();
});

describe("a live connection", () => {
  test("is live once open and hands frames on, but no pings", () => {
    last().onopen();
    last().say({ type: "ping" });
    last().say({ type: "session" });
    expect(states).toEqual(["live"]);
    expect(frames).toEqual([{ type: "session" }]);
  });

  test("comes back by itself with a new ticket after a drop", async () => {
    last().onopen();
    last().onclose({ code: 1006 });
    expect(states).toEqual(["live", "waiting"]);
    expect(missed).toBe(1);
    await clock.pass(500);
    expect(sockets).toHaveLength(2);
    last().onopen();
    expect(states.at(-1)).toBe("live");
  });

  test("a silent socket is taken for dead", async () => {
    last().onopen();
    await clock.pass(20_000);
    last().say({ type: "ping" });
    await clock.pass(27_000);
    expect(states).toEqual(["live"]);
    await clock.pass(2_000);
    expect(sockets[0]?.closed).toBe(true);
    expect(sockets).toHaveLength(2);
  });

  test("one that never opens is given up", async () => {
    await clock.pass(5_000);
    expect(states).toEqual(["waiting"]);
  });

  test("what a left socket still says is not heard", async () => {
    last().onopen();
    const old = last();
    old.onclose({ code: 1012 });
    await clock.pass(500);
    old.say({ type: "session" });
    old.onclose({ code: 1006 });
    expect(frames).toEqual([]);
    expect(sockets).toHaveLength(2);
  });

  test("stops where it has no right any more", async () => {
    last().onopen();
    last().onclose({ code: 4403 });
    await clock.pass(60_000);
    expect(states.at(-1)).toBe("stopped");
    expect(sockets).toHaveLength(1);
  });

  test("stops where the evening is not there", async () => {
    ticket = () => Promise.reject(new Problem(404, { code: "not_found" }));
    last().onclose({ code: 1006 });
    await clock.pass(60_000);
    expect(states.at(-1)).toBe("stopped");
  });

  test("goes on where there is no net, and at once when woken", async () => {
    ticket = () => Promise.reject(new Unreachable());
    last().onclose({ code: 1006 });
    await clock.pass(30_000);
    expect(states.at(-1)).toBe("waiting");
    ticket = async () => "t";
    live.wake();
    await settled();
    expect(sockets).toHaveLength(2);
  });

  test("waking a fresh connection does not disturb it, a stale one is replaced", async () => {
    last().onopen();
    live.wake();
    await settled();
    expect(sockets).toHaveLength(1);
    await clock.pass(6_000);
    live.wake();
    await settled();
    expect(sockets).toHaveLength(2);
  });
});
