// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Problem, Unreachable } from "../api/problem";
import type { Tokens } from "../api/types";
import { accessToken, authFetch, forget, keep, keepUser, kept, whenLost } from "./tokens";

const user = { id: "u", display_name: "Аня", username: null, avatar_url: null, language: "ru" };
const tokens = (n: number, expires_in = 900): Tokens => ({
  access_token: `access-${n}`,
  token_type: "Bearer",
  expires_in,
  refresh_token: `refresh-${n}`,
  user,
});

interface Asked {
  path: string;
  token: string | null;
  body: string;
}

let asked: Asked[];
let answer: (asked: Asked) => Response | Promise<Response>;
let lost: number;

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

beforeEach(async () => {
  asked = [];
  lost = 0;
  whenLost(() => {
    lost += 1;
  });
  vi.stubGlobal("fetch", async (request: Request) => {
    const one = {
      path: new URL(request.url).pathname.replace("/api/v1", ""),
      token: request.headers.get("Authorization"),
      body: await request.text(),
    };
    asked.push(one);
    return answer(one);
  });
  await forget();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const get = (): Promise<Response> => authFetch(new Request("http://localhost/api/v1/sessions"));

describe("the access token", () => {
  test("is used while it is good, without asking", async () => {
    await keep(tokens(1), null);
    expect(await accessToken()).toBe("access-1");
    expect(asked).toEqual([]);
  });

  test("an answer that breaks off is no answer", async () => {
    const broken = new ReadableStream({
      start: (stream) => {
        stream.enqueue(new TextEncoder().encode('{"access_'));
        stream.error(new TypeError("network error"));
      },
    });
    await keep(tokens(1, 0), null);
    answer = () => new Response(broken, { headers: { "Content-Type": "application/json" } });
    await expect(accessToken()).rejects.toBeInstanceOf(Unreachable);
    expect(lost).toBe(0);
  });

  test("is renewed by what the page knows where the keychain is silent", async () => {
    await keep(tokens(1, 0), null);
    localStorage.removeItem("artel.session");
    answer = () => json(tokens(2));
    expect(await accessToken()).toBe("access-2");
    expect([JSON.parse(asked[0]?.body ?? ""), lost]).toEqual([{ refresh_token: "refresh-1" }, 0]);
  });

  test("is never somebody else's, who signed in in another tab", async () => {
    await keep(tokens(1, 0), null);
    const other = { refresh: "refresh-9", user: { ...user, id: "other" }, telegram: null };
    localStorage.setItem("artel.session", JSON.stringify(other));
    await keepUser({ ...user, display_name: "Аня Новая" });
    await expect(accessToken()).rejects.toBeInstanceOf(Unreachable);
    expect([asked, lost]).toEqual([[], 0]);
    expect(JSON.parse(localStorage.getItem("artel.session") ?? "")).toEqual(other);
  });

  test("is renewed once, however many ask", async () => {
    await keep(tokens(1, 10), null);
    answer = () => json(tokens(2));
    expect(await Promise.all([1, 2, 3].map(() => accessToken()))).toEqual(["access-2", "access-2", "access-2"]);
    expect(asked.map(({ path, body }) => [path, body])).toEqual([["/auth/refresh", '{"refresh_token":"refresh-1"}']]);
    expect((await kept())?.refresh).toBe("refresh-2");
  });

  test("that the server does not take any more is renewed, and the request goes again", async () => {
    await keep(tokens(1), 7);
    answer = ({ path, token }) => {
      if (path === "/auth/refresh") return json(tokens(2));
      return token === "Bearer access-2" ? json({ items: [] }) : json({ code: "token_expired" }, 401);
    };
    expect((await get()).status).toBe(200);
    expect(asked.map(({ path }) => path)).toEqual(["/sessions", "/auth/refresh", "/sessions"]);
    expect((await kept())?.telegram).toBe(7);
  });

  test("that cannot be renewed means signed out", async () => {
    await keep(tokens(1, 10), null);
    answer = () => json({ code: "refresh_reused" }, 401);
    await expect(get()).rejects.toMatchObject({ status: 401, code: "refresh_reused" });
    expect(lost).toBe(1);
  });

  test.each([
    "{",
    "null",
    "7",
    '{"user":{"id":"u"}}',
    '{"refresh":null,"user":{"id":"u"}}',
    '{"refresh":"","user":{"id":"u"}}',
    '{"refresh":"a b","user":{"id":"u"}}',
    `{"refresh":"${"x".repeat(201)}","user":{"id":"u"}}`,
    '{"refresh":"refresh-1"}',
  ])("what is kept and is none, %s, means signed out: nobody is stuck with it", async (text) => {
    localStorage.setItem("artel.session", text);
    expect(await kept()).toBeNull();
    await expect(get()).rejects.toMatchObject({ status: 401 });
    expect(lost).toBe(1);
    expect(asked).toEqual([]);
  });

  test("is not given up when the server does not understand how we ask", async () => {
    await keep(tokens(1, 10), null);
    answer = () => json({ code: "invalid_body" }, 422);
    await expect(get()).rejects.toMatchObject({ status: 422 });
    expect(lost).toBe(0);
    expect((await kept())?.refresh).toBe("refresh-1");
  });

  test("without a net is only out of reach: nobody is signed out by a tunnel", async () => {
    await keep(tokens(1, 10), null);
    answer = () => Promise.reject(new TypeError("Failed to fetch"));
    await expect(get()).rejects.toBeInstanceOf(Unreachable);
    answer = () => json({ code: "unavailable" }, 503);
    await expect(get()).rejects.toBeInstanceOf(Problem);
    expect(lost).toBe(0);
    expect((await kept())?.refresh).toBe("refresh-1");
  });
});
