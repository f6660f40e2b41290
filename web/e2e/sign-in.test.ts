// Signing in from a plain browser, through providers that are really there; and what each situation is told.
import { createHash, createHmac } from "node:crypto";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch, type Options, type Phone, phone, remember } from "./browser.ts";
import { BOT_TOKEN, type Providers, type Server, startProviders, startServer } from "./server.ts";

const APP = "https://t.me/artel_bot/play";
let providers: Providers;
let server: Server;
let browser: Browser;
let phones: Phone[] = [];

beforeAll(async () => {
  providers = await startProviders();
  [server, browser] = await Promise.all([
    startServer({ env: { ...providers.env, ARTEL_TELEGRAM_APP: APP } }),
    launch(),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await providers?.stop();
});

beforeEach(() => providers.tell({ google: {}, telegram: {} }));

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await remember(`sign-in ${task.name}`, phones);
  for (const { context } of phones) await context.close();
  phones = [];
});

async function visitor(name: string, options: Options = {}): Promise<Phone> {
  const made = await phone(browser, server.url, name, options);
  phones.push(made);
  return made;
}

async function through({ page }: Phone, provider: "Google" | "Telegram", answer = "Continue"): Promise<void> {
  await page.getByRole("button", { name: `Войти через ${provider}` }).click();
  await page.getByRole("link", { name: answer }).click();
}

const evenings = ({ page }: Phone): Promise<void> => page.getByRole("heading", { name: "Вечера" }).waitFor();

describe("in a browser", () => {
  test("through Google, and still after a reload", async () => {
    const anna = await visitor("Анна");
    await anna.page.goto("/stats");
    await through(anna, "Google");
    await anna.page.getByRole("heading", { name: "Anna Ivanova" }).waitFor();
    expect(anna.page.url()).toBe(`${server.url}/stats`);
    await anna.page.reload();
    await anna.page.getByRole("heading", { name: "Anna Ivanova" }).waitFor();
    expect(anna.faults).toEqual([]);
  });

  test("through Telegram", async () => {
    const anya = await visitor("Аня");
    await anya.page.goto("/");
    await through(anya, "Telegram");
    await evenings(anya);
    expect(anya.faults).toEqual([]);
  });

  test("whoever says no is told so, and may try again", async () => {
    const anna = await visitor("Анна");
    await anna.page.goto("/");
    await through(anna, "Google", "Cancel");
    await anna.page.getByText(/не подтвердили вход/).waitFor();
    expect(anna.page.url()).toBe(`${server.url}/`);
    await through(anna, "Google");
    await evenings(anna);
  });

  test("an answer that proves nothing lets nobody in", async () => {
    await providers.tell({ google: { fault: "foreign_key" } });
    const anna = await visitor("Анна");
    await anna.page.goto("/");
    await through(anna, "Google");
    await anna.page.getByText(/Не удалось узнать, кто вы/).waitFor();
  });

  test("the way back of somebody else's sign-in signs nobody in", async () => {
    const attacker = await visitor("Чужой");
    await attacker.page.goto("/");
    await attacker.page.getByRole("button", { name: "Войти через Google" }).click();
    const consent = await attacker.page.getByRole("link", { name: "Continue" }).getAttribute("href");
    const back = await fetch(consent ?? "", { redirect: "manual" });
    const victim = await visitor("Жертва");
    await victim.page.goto(back.headers.get("location") ?? "");
    await victim.page.getByText(/начался на другой странице/).waitFor();
  });

  test("a code of ours is of no use on another page", async () => {
    const anna = await visitor("Анна");
    await anna.page.goto(`/#signed_in=${"x".repeat(43)}`);
    await anna.page.getByText(/начался на другой странице/).waitFor();
    expect(anna.page.url()).toBe(`${server.url}/`);
  });

  test("inside another app Google is not offered", async () => {
    const anna = await visitor("Анна", {
      userAgent:
        "Mozilla/5.0 (Linux; Android 16; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/156.0.0.0 Mobile Safari/537.36 Instagram 400.0",
    });
    await anna.page.goto("/");
    expect(await anna.page.getByRole("link", { name: "Открыть в Telegram" }).getAttribute("href")).toBe(APP);
    await anna.page.getByText(/Откройте эту страницу в Chrome или Safari/).waitFor();
    expect(await anna.page.getByRole("button", { name: "Войти через Google" }).count()).toBe(0);
    await anna.page.getByRole("button", { name: "Войти через Telegram" }).waitFor();
  });

  for (const scheme of ["light", "dark"] as const) {
    test(`everybody can read it, ${scheme}`, async () => {
      const anna = await visitor("Анна", { scheme });
      await anna.page.goto("/");
      await anna.page.getByRole("button", { name: "Войти через Google" }).waitFor();
      const found = await new AxeBuilder({ page: anna.page }).analyze();
      expect(found.violations).toEqual([]);
    });
  }
});

describe("another way to sign in", () => {
  const launchedBy = (id: number, name: string): string => {
    const pairs: Record<string, string> = {
      auth_date: String(Math.floor(Date.now() / 1000)),
      query_id: `q${id}`,
      signature: "c2lnbmF0dXJl",
      user: JSON.stringify({ id, first_name: name, language_code: "ru" }),
    };
    const text = Object.entries(pairs)
      .map(([key, value]) => `${key}=${value}`)
      .join("\n");
    const key = createHmac("sha256", "WebAppData").update(BOT_TOKEN).digest();
    return new URLSearchParams({ ...pairs, hash: createHmac("sha256", key).update(text).digest("hex") }).toString();
  };

  async function inTelegram(id: number, name: string, scheme: "light" | "dark" = "dark"): Promise<Phone> {
    const made = await visitor(name, { scheme });
    await made.context.addInitScript(
      (options) => {
        window.__telegramMock = options;
      },
      { initData: launchedBy(id, name), scheme, insets: { top: 47, bottom: 34 }, startParam: "account" },
    );
    await made.page.goto("/");
    await made.page.getByRole("heading", { name: "Как я вхожу" }).waitFor();
    return made;
  }

  /** The number that the app shows, and the page that Telegram was asked to open outside. */
  async function begun({ page }: Phone): Promise<{ number: string; url: string }> {
    await page.getByRole("button", { name: "Добавить вход через Google" }).click();
    const number = await page
      .getByRole("dialog")
      .getByText(/^\d\d$/)
      .textContent();
    await page.getByRole("button", { name: "Открыть страницу" }).click();
    const opened = await page.evaluate(() =>
      (window.__telegramCalls ?? []).filter(({ name }) => name === "web_app_open_link").map(({ params }) => params),
    );
    const { url } = opened.at(-1) as { url: string };
    return { number: number ?? "", url };
  }

  async function proveAt(url: string, number: string): Promise<Phone> {
    const outside = await visitor("снаружи");
    await outside.page.goto(url);
    await outside.page.getByText(number, { exact: true }).waitFor();
    await outside.page.getByRole("button", { name: /Число то же/ }).click();
    await outside.page.getByRole("link", { name: "Continue" }).click();
    return outside;
  }

  test("from Telegram in a browser outside, and the app hears of it by itself", async () => {
    await providers.tell({
      google: { claims: { sub: "2001", name: "Vera", email: "vera@example.invalid", email_verified: true } },
    });
    const vera = await inTelegram(900_000_031, "Вера");
    const { number, url } = await begun(vera);
    const outside = await proveAt(url, number);
    await outside.page.getByRole("heading", { name: "Готово" }).waitFor();
    const back = outside.page.getByRole("link", { name: "Вернуться в Telegram" });
    expect(await back.getAttribute("href")).toBe(`${APP}?startapp=account`);
    await vera.page.getByText("vera@example.invalid").waitFor();
    expect(await vera.page.getByRole("dialog").count()).toBe(0);
    const again = await visitor("Вера в браузере");
    await again.page.goto("/stats");
    await through(again, "Google");
    await again.page.getByRole("heading", { name: "Вера" }).waitFor();

    await vera.page.getByRole("button", { name: "Google: убрать" }).click();
    await vera.page.getByRole("dialog").getByRole("button", { name: "Убрать" }).click();
    await vera.page.getByText("Убрано").waitFor();
    await again.page.reload();
    await again.page.getByText("Вход устарел").waitFor();
    for (const { faults } of phones) expect(faults).toEqual([]);
  });

  test("two accounts that were both proven become one", async () => {
    await providers.tell({ google: { claims: { sub: "2002", name: "Old Friend" } } });
    const before = await visitor("Old Friend");
    await before.page.goto("/stats");
    await through(before, "Google");
    await before.page.getByRole("heading", { name: "Old Friend" }).waitFor();
    const gleb = await inTelegram(900_000_032, "Глеб");
    const { number, url } = await begun(gleb);
    const outside = await proveAt(url, number);
    await outside.page.getByRole("heading", { name: "Это другой аккаунт" }).waitFor();
    await gleb.page.getByText(/Подтвердите на той странице/).waitFor();
    await outside.page.getByText("Old Friend").waitFor();
    await outside.page.getByRole("button", { name: "Отдать аккаунт" }).click();
    await outside.page.getByRole("heading", { name: "Осталось подтвердить" }).waitFor();
    await gleb.page.getByRole("button", { name: "Объединить аккаунты" }).click();
    await gleb.page.getByText("Теперь это один аккаунт").waitFor();
    const again = await visitor("Глеб в браузере");
    await again.page.goto("/stats");
    await through(again, "Google");
    await again.page.getByRole("heading", { name: "Глеб" }).waitFor();
  });

  test("whose link it is not says so, and nothing happens", async () => {
    const mallory = await inTelegram(900_000_033, "Мэллори");
    const { url } = await begun(mallory);
    const victim = await visitor("Жертва");
    await victim.page.goto(url);
    await victim.page.getByText("Мэллори").waitFor();
    const found = await new AxeBuilder({ page: victim.page }).analyze();
    expect(found.violations).toEqual([]);
    await victim.page.getByRole("button", { name: "Это не моё" }).click();
    await victim.page.getByRole("heading", { name: "Ничего не изменилось" }).waitFor();
    await victim.page.reload();
    await victim.page.getByRole("heading", { name: "Эта ссылка больше не действует" }).waitFor();
  });
});

describe("by the older widget", () => {
  let old: Server;
  beforeAll(async () => {
    const { ARTEL_TELEGRAM_ISSUER } = providers.env;
    old = await startServer({
      env: { ARTEL_TELEGRAM_ISSUER: ARTEL_TELEGRAM_ISSUER ?? "", ARTEL_TELEGRAM_WIDGET: "1" },
    });
  });
  afterAll(() => old?.stop());

  test("what it gives behind the # signs in", async () => {
    const fields: Record<string, string | number> = {
      id: 900_000_021,
      first_name: "Вера",
      auth_date: Math.floor(Date.now() / 1000),
    };
    const text = Object.keys(fields)
      .sort()
      .map((name) => `${name}=${fields[name]}`)
      .join("\n");
    const key = createHash("sha256").update(BOT_TOKEN).digest();
    const hash = createHmac("sha256", key).update(text).digest("hex");
    const vera = await phone(browser, old.url, "Вера");
    phones.push(vera);
    await vera.page.goto("/");
    const way = await vera.page.getByRole("link", { name: "Войти через Telegram" }).getAttribute("href");
    expect(way).toContain(`/telegram/auth?bot_id=7000000001&origin=${encodeURIComponent(old.url)}`);
    expect(way).toContain(`return_to=${encodeURIComponent(`${old.url}/`)}`);
    await vera.page.evaluate(() => sessionStorage.setItem("artel.widget", "1")); // as the tap on it does
    const given = Buffer.from(JSON.stringify({ ...fields, hash })).toString("base64url");
    await vera.page.goto(`/stats#tgAuthResult=${given}`);
    await vera.page.getByRole("heading", { name: "Вера" }).waitFor();
    expect(vera.page.url()).toBe(`${old.url}/stats`);

    const victim = await phone(browser, old.url, "Жертва");
    phones.push(victim);
    await victim.page.goto(`/#tgAuthResult=${given}`);
    await victim.page.getByText(/начался на другой странице/).waitFor();
  });
});
