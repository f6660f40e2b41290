// One live connection, held for as long as somebody looks: ticket, socket, watchdog, and again after every loss.
import type { LoggedEvent, SessionDoc, Table } from "../api/types";

export type Frame =
  | { type: "snapshot"; session: SessionDoc }
  | { type: "event"; version: number; event: LoggedEvent; table: Table }
  | { type: "session" }
  | { type: "presence"; online: string[] }
  | { type: "ping" };

export type LiveState = "connecting" | "live" | "waiting" | "stopped";

export interface SocketDeps {
  ticket(): Promise<string>;
  open(ticket: string): WebSocket;
  onFrame(frame: Frame): void;
  onState(state: LiveState): void;
  /** No way to listen: the caller may ask over HTTP meanwhile. */
  onMissed(): void;
  /** Whether a failed ticket means that it is of no use to go on. */
  isFinal(error: unknown): boolean;
  later(ms: number, run: () => void): () => void;
  now(): number;
}

/** The server pings every 20 s. */
const SILENCE_MS = 28_000;
const OPENING_MS = 5_000;
const STALE_ON_RETURN_MS = 5_000;
/** Somebody looks at the table all the while: it must not take long to see that the server is back. */
const SLOWEST_MS = 4_000;
const FORBIDDEN = 4403;
const TOO_SLOW = 4008;

export class LiveSocket {
  private readonly deps: SocketDeps;
  private socket: WebSocket | null = null;
  private attempt = 0;
  private round = 0;
  private heard = 0;
  private cancelTimer: (() => void) | null = null;
  private state: LiveState = "connecting";

  constructor(deps: SocketDeps) {
    this.deps = deps;
  }

  start(): void {
    void this.connect();
  }

  stop(): void {
    this.state = "stopped";
    this.close();
  }

  /** There is no right to listen, and asking again will not make one. */
  private giveUp(): void {
    this.close();
    this.become("stopped");
  }

  /** Back in the foreground or back on the net: a socket that says nothing may be long dead. */
  wake(): void {
    if (this.state === "stopped") return;
    if (this.state === "live" && this.deps.now() - this.heard < STALE_ON_RETURN_MS) return;
    this.attempt = 0;
    void this.connect();
  }

  private become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.deps.onState(state);
  }

  private timer(ms: number, run: () => void): void {
    this.cancelTimer?.();
    this.cancelTimer = this.deps.later(ms, run);
  }

  private close(): void {
    this.round += 1;
    this.cancelTimer?.();
    this.cancelTimer = null;
    this.socket?.close();
    this.socket = null;
  }

  private async connect(): Promise<void> {
    this.close();
    const round = this.round;
    try {
      const ticket = await this.deps.ticket();
      if (round === this.round) this.attach(this.deps.open(ticket), round);
    } catch (error) {
      if (round !== this.round) return;
      if (this.deps.isFinal(error)) return this.giveUp();
      this.again();
    }
  }

  private attach(socket: WebSocket, round: number): void {
    this.socket = socket;
    this.timer(OPENING_MS, () => this.again());
    const current = (run: () => void) => () => round === this.round && run();
    socket.onopen = current(() => this.opened());
    socket.onclose = ({ code }) => current(() => this.closed(code))();
    socket.onmessage = ({ data }) => current(() => this.took(String(data)))();
  }

  private opened(): void {
    this.attempt = 0;
    this.listenOn();
    // Said again where it was live before: the phone may have slept meanwhile.
    this.state = "live";
    this.deps.onState("live");
  }

  private listenOn(): void {
    this.heard = this.deps.now();
    this.timer(SILENCE_MS, () => this.again());
  }

  private took(data: string): void {
    this.listenOn();
    const frame = JSON.parse(data) as Frame;
    if (frame.type !== "ping") this.deps.onFrame(frame);
  }

  private closed(code: number): void {
    if (code === TOO_SLOW) this.attempt = 0;
    if (code === FORBIDDEN) this.giveUp();
    else this.again();
  }

  private again(): void {
    this.close();
    this.become("waiting");
    this.deps.onMissed();
    const wait = Math.min(SLOWEST_MS, 300 * 2 ** Math.min(this.attempt, 6)) * (0.75 + Math.random() / 2);
    this.attempt += 1;
    this.timer(wait, () => void this.connect());
  }
}
