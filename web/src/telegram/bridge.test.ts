// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { leaveInitData } from "./init-data";

const LAUNCH = "tgWebAppData=hash%3D1%26signature%3D1%26auth_date%3D1&tgWebAppVersion=9.1&tgWebAppPlatform=android";
const BEHIND = `${LAUNCH}&tgWebAppThemeParams=%7B%7D&tgWebAppStartParam=account`;

/** What a client of Telegram, or whoever else is around us, gives the page. */
const given: [object, string][] = [];

function give(to: object, name: string, value: unknown): void {
  Object.defineProperty(to, name, { value, configurable: true });
  given.push([to, name]);
}

async function launchedAt(hash: string): Promise<string | null | undefined> {
  window.history.replaceState(null, "", `/stats?a=1#${hash}`);
  vi.resetModules();
  const { launched } = await import("./bridge");
  return launched()?.startParam;
}

const parent = Object.getOwnPropertyDescriptor(window, "parent");

beforeEach(() => sessionStorage.clear());
afterEach(() => {
  vi.restoreAllMocks();
  for (const [to, name] of given.splice(0)) Reflect.deleteProperty(to, name);
  if (parent) Object.defineProperty(window, "parent", parent);
});

test("in a plain browser there is no launch, and none stays in the address", async () => {
  expect(await launchedAt(BEHIND)).toBeUndefined();
  expect(window.location.href).toMatch(/\/stats\?a=1$/);
});

test("nor one that an earlier page of this tab was given", async () => {
  sessionStorage.setItem("tapps/launchParams", JSON.stringify(BEHIND));
  expect(await launchedAt("")).toBeUndefined();
});

test("what else is behind the # stays", async () => {
  expect(await launchedAt("signed_in=code")).toBeUndefined();
  expect(window.location.hash).toBe("#signed_in=code");
});

test("phones and desktops have a proxy", async () => {
  give(window, "TelegramWebviewProxy", { postEvent: () => undefined });
  expect(await launchedAt(BEHIND)).toBe("account");
  expect(window.location.hash).toBe(`#${BEHIND}`);
});

test("older ones take notice", async () => {
  give(window, "external", { notify: () => undefined });
  expect(await launchedAt(BEHIND)).toBe("account");
});

test("where storage is forbidden, what is behind the # is still read", async () => {
  give(window, "parent", {});
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("Access is denied for this document", "SecurityError");
  });
  expect(await launchedAt(BEHIND)).toBe("account");
});

describe("what has signed in", () => {
  const user = JSON.stringify({ id: 7, first_name: "Аня", language_code: "en", allows_write_to_pm: true });
  const initData = String(
    new URLSearchParams({ user, auth_date: "1", start_param: "account", hash: "secret1", signature: "secret2" }),
  );
  const behind = String(
    new URLSearchParams({ tgWebAppData: initData, tgWebAppVersion: "9.1", tgWebAppPlatform: "ios" }),
  );
  const lying = (): string => window.location.href + JSON.stringify({ ...sessionStorage });

  async function launchedWith(hash: string): Promise<typeof import("./bridge")> {
    give(window, "TelegramWebviewProxy", { postEvent: () => undefined });
    window.history.replaceState({ idx: 3 }, "", `/stats?a=1#${hash}`);
    vi.resetModules();
    const bridge = await import("./bridge");
    bridge.launched();
    return bridge;
  }

  const leave = (lying: boolean): void => leaveInitData(initData, lying);

  /** The page is loaded again at the address that it shows. */
  async function again(): Promise<typeof import("./bridge")> {
    vi.resetModules();
    return import("./bridge");
  }

  test("lies about no longer, and a reload still knows who it was", async () => {
    const bridge = await launchedWith(behind);
    expect(lying()).toContain("secret1");
    leave(false);
    expect(lying()).not.toMatch(/secret/);
    expect(window.location.href).toMatch(/\/stats\?a=1$/);
    expect(window.history.state).toEqual({ idx: 3 });
    expect(bridge.launched()?.initData).toBe(initData);
    expect((await again()).launched()).toEqual({
      version: "9.1",
      initData: null,
      account: 7,
      mayWrite: true,
      startParam: null,
      language: "en",
      theme: {},
    });
  });

  test("is put back where there is no sign-in to go on with", async () => {
    await launchedWith(behind);
    leave(false);
    leave(true);
    expect((await again()).launched()?.initData).toBe(initData);
  });

  test("stays where a reload could not do without it", async () => {
    const old = String(new URLSearchParams({ tgWebAppData: initData }));
    await launchedWith(old);
    leave(false);
    expect((await again()).launched()?.initData).toBe(initData);
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("Access is denied for this document", "SecurityError");
    });
    await launchedWith(behind);
    leave(false);
    expect((await again()).launched()?.initData).toBe(initData);
  });
});

test.each([
  [undefined, "account"], // a browser that does not tell; our content policy has let nobody else
  [["https://web.telegram.org"], "account"],
  [["https://webz.telegram.org"], "account"],
  [["http://web.telegram.org"], undefined],
  [["https://web.telegram.org.evil.example"], undefined],
  [["https://web.telegram.org", "https://evil.example"], undefined],
])("in a frame, with %s around: %s", async (around, startParam) => {
  give(window, "parent", {});
  give(window.location, "ancestorOrigins", around);
  expect(await launchedAt(BEHIND)).toBe(startParam);
});
