// A server of its own for each run: the real one, in one process, on a free port, with files that are thrown away.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const built = resolve(import.meta.dirname, "../test-results/dist");
export const BOT_TOKEN = "7000000001:AAFake-Token_for_TESTS_only_000000000001";
export const ADMIN = 900_000_010;

export interface Server {
  port: number;
  url: string;
  output(): string;
  stop(): Promise<void>;
}

/** Below those that whoever calls out is given: on a busy machine they are gone before a server has started. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 5_000);
    const probe = createServer();
    const free = await new Promise<boolean>((said) => {
      probe.once("error", () => said(false)).listen(port, "127.0.0.1", () => said(true));
    });
    await new Promise((closed) => probe.close(closed));
    if (free) return port;
  }
  throw new Error("a hundred times no port was free");
}

/** `hurried`: an evening that took hours is written in a second. */
interface Wanted {
  hurried?: boolean;
  /** Beside what every run has. */
  env?: Record<string, string>;
}

export async function startServer({ hurried = false, env = {} }: Wanted = {}): Promise<Server> {
  if (!existsSync(join(built, "index.html"))) throw new Error("build first: npm run e2e does");
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), "artel-e2e-"));
  let output = "";
  const child = spawn(process.env.ARTEL ?? join(root, ".venv/bin/artel"), ["run"], {
    cwd: root,
    env: {
      ...process.env,
      ARTEL_PORT: String(port),
      ARTEL_ADMIN_PORT: String(await freePort()),
      ARTEL_DATA_DIR: data,
      ARTEL_WEB_DIR: built,
      ARTEL_TELEGRAM_BOT_TOKEN: BOT_TOKEN,
      ARTEL_ADMINS: String(ADMIN),
      ARTEL_LOG_LEVEL: "warning",
      ...(hurried && { ARTEL_EVENT_BURST: "10000", ARTEL_EVENT_RATE: "1000" }),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/readyz`, child, () => output);
  return { port, url, output: () => output, stop: () => stopped(child, data) };
}

export interface Providers {
  address: string;
  /** How the server finds them. */
  env: Record<string, string>;
  /** Who somebody is there, and how it misbehaves. */
  tell(what: object): Promise<void>;
  stop(): Promise<void>;
}

/** Telegram and Google, as they are from outside. */
export async function startProviders(): Promise<Providers> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const child = spawn(join(root, ".venv/bin/python"), [join(root, "tests/openid_provider.py"), String(port)]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  await answering(`${address}/google/.well-known/openid-configuration`, child, () => output);
  return {
    address,
    env: {
      ARTEL_TELEGRAM_ISSUER: `${address}/telegram`,
      ARTEL_TELEGRAM_CLIENT_SECRET: "telegram-client-secret-0001",
      ARTEL_GOOGLE_ISSUER: `${address}/google`,
      ARTEL_GOOGLE_CLIENT_ID: "artel.test",
      ARTEL_GOOGLE_CLIENT_SECRET: "google-client-secret-01",
    },
    tell: async (what) => {
      const answer = await fetch(`${address}/tell`, { method: "POST", body: JSON.stringify(what) });
      if (!answer.ok) throw new Error(`the providers said ${answer.status}`);
    },
    stop: async () => {
      const gone = new Promise((exit) => child.once("exit", exit));
      child.kill("SIGTERM");
      await gone;
    },
  };
}

async function answering(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const until = Date.now() + 40_000;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server has gone:\n${output()}`);
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await new Promise((later) => setTimeout(later, 100));
  }
  child.kill("SIGKILL");
  throw new Error(`the server does not answer:\n${output()}`);
}

async function stopped(child: ChildProcess, data: string): Promise<void> {
  const gone = new Promise((exit) => child.once("exit", exit));
  if (child.exitCode === null) {
    child.kill("SIGINT");
    const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await gone;
    clearTimeout(timer);
  }
  rmSync(data, { recursive: true, force: true });
}
