// The net between a phone and the server, and ways in which it fails.
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./server.ts";

/** `up` carries everything; `cut` nothing; `deaf` brings requests to the server and loses every answer. */
type State = "up" | "cut" | "deaf";

export class Wire {
  readonly port: number;
  private readonly server: Server;
  private readonly open = new Set<Socket>();
  private state: State = "up";
  /** Bytes that reached the server while nobody could hear its answers. */
  unheard = 0;

  private constructor(
    port: number,
    target: number,
    private readonly slowestMs: number,
  ) {
    this.port = port;
    this.server = createServer((phone) => this.carry(phone, target));
  }

  /** Each connection is slow in its own way, so that what goes by one overtakes what goes by another. */
  static async to(target: number, slowestMs = 0): Promise<Wire> {
    const wire = new Wire(await freePort(), target, slowestMs);
    await new Promise<void>((ready) => wire.server.listen(wire.port, "127.0.0.1", ready));
    return wire;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  become(state: State): void {
    this.state = state;
    if (state === "cut") for (const socket of this.open) socket.destroy();
  }

  async close(): Promise<void> {
    this.become("cut");
    await new Promise((closed) => this.server.close(closed));
  }

  private carry(phone: Socket, target: number): void {
    if (this.state === "cut") {
      phone.destroy();
      return;
    }
    const wait = Math.random() * this.slowestMs;
    const later = (run: () => void): void => void (wait > 0 ? setTimeout(run, wait) : run());
    const server = connect(target, "127.0.0.1");
    const ends = [phone, server];
    for (const end of ends) {
      this.open.add(end);
      end.on("error", () => undefined);
      end.on("close", () => {
        this.open.delete(end);
        later(() => {
          for (const other of ends) other.destroy();
        });
      });
    }
    phone.on("data", (chunk) => later(() => server.write(chunk)));
    server.on("data", (chunk) => {
      if (this.state === "deaf") this.unheard += chunk.length;
      else later(() => phone.write(chunk));
    });
  }
}
