// Signing in from a plain browser, through providers that are really there; and what each situation is told.
import { createHash, createHmac } from "node:crypto";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch, type Options, type Phone, phone, remember } from "./browser.ts";
import { calls, inClient, type Scheme } from "./client.ts";
import { shown } from "./screens.ts";
import { BOT_TOKEN, type Providers, type Server, startProviders, startServer } from "./server.ts";
import { SITUATIONS, stand, withoutStorage } from "./situations.ts";

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

  test("whoever is refused for coming too often is told so", async () => {
    const anna = await visitor("Анна");
    await anna.page.goto("/#sign_in_error=rate_limited");
    await anna.page.getByText("Слишком часто. Попробуйте немного позже.").waitFor();
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

  test("a page that asks for nonsense is answered in words, on our page", async () => {
    const anna = await visitor("Анна");
    for (const asked of ["challenge=x", "challenge=&return_to=//evil.example", ""]) {
      await anna.page.goto(`/api/v1/auth/google/start?${asked}`);
      await anna.page.getByText(/начался на другой странице/).waitFor();
      expect(anna.page.url()).toBe(`${server.url}/`);
    }
  });

  describe("whoever has to prove once more who he is", () => {
    /** As if the sign-in were of long ago. */
    async function staleAt(page: Phone["page"], path: string): Promise<void> {
      await page.route(`**/api/v1${path}`, (route) => route.fulfill({ status: 403, json: { code: "sign_in_again" } }), {
        times: 1,
      });
    }

    async function signedIn(claims: object, screen: string): Promise<Phone> {
      await providers.tell({ google: { claims } });
      const made = await visitor("Анна");
      await made.page.goto("/account");
      await through(made, "Google");
      await made.page.getByText("Google", { exact: true }).waitFor();
      await made.page.getByRole("link", { name: screen }).click();
      return made;
    }

    /** It was said where he goes, before he went. */
    async function goThere(page: Phone["page"]): Promise<void> {
      const asked = page.getByRole("dialog", { name: "Подтвердите, что это вы" });
      await asked.getByText(/Войдите через Google ещё раз/).waitFor();
      expect(new URL(page.url()).origin).toBe(server.url);
      await asked.getByRole("button", { name: "Войти через Google" }).click();
    }

    test("goes there, comes back and is told to go on", async () => {
      const { page } = await signedIn({ sub: "3001", name: "Anna First" }, "Мои данные");
      await staleAt(page, "/users/me/export");
      await page.getByRole("button", { name: "Собрать мои данные" }).click();
      await goThere(page);
      await page.getByRole("link", { name: "Continue" }).click();
      await page.getByText(/Подтверждено: это вы/).waitFor();
      expect(page.url()).toBe(`${server.url}/account/data`);
      await page.getByRole("button", { name: "Собрать мои данные" }).click();
      await page.getByRole("button", { name: "Скачать" }).waitFor();
      await page.reload();
      await page.getByRole("button", { name: "Скачать" }).waitFor();
      expect(await page.getByText(/Подтверждено: это вы/).count()).toBe(0);
    });

    test("and comes back as another stays who he is, and is told so", async () => {
      const { page } = await signedIn({ sub: "3002", name: "Anna Second" }, "Удаление аккаунта");
      await staleAt(page, "/users/me");
      await page.getByRole("button", { name: "Удалить аккаунт" }).click();
      await page.getByRole("button", { name: "Удалить через 14 дней" }).click();
      await providers.tell({ google: { claims: { sub: "3003", name: "Anna Third" } } });
      await goThere(page);
      await page.getByRole("link", { name: "Continue" }).click();
      await page
        .getByRole("alert")
        .getByText(/Вы подтвердили другой аккаунт/)
        .waitFor();
      await page.getByRole("button", { name: "Назад" }).click();
      await page.getByRole("link", { name: "Anna Second" }).waitFor();
      await page.reload();
      await page.getByRole("link", { name: "Anna Second" }).waitFor();
    });

    test("or would rather not: nothing is asked, and nothing is said to have failed", async () => {
      const { page } = await signedIn({ sub: "3005", name: "Anna Fifth" }, "Мои данные");
      await staleAt(page, "/users/me/export");
      await page.getByRole("button", { name: "Собрать мои данные" }).click();
      await page
        .getByRole("dialog", { name: "Подтвердите, что это вы" })
        .getByRole("button", { name: "Закрыть" })
        .click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(page.url()).toBe(`${server.url}/account/data`);
      expect(await page.getByText("Сервер не отвечает").count()).toBe(0);
      await page.getByRole("button", { name: "Собрать мои данные" }).click();
      await page.getByRole("button", { name: "Скачать" }).waitFor();
    });

    test("and does not is told that nothing has changed", async () => {
      const { page } = await signedIn({ sub: "3004", name: "Anna Fourth" }, "Удаление аккаунта");
      await staleAt(page, "/users/me");
      await page.getByRole("button", { name: "Удалить аккаунт" }).click();
      await page.getByRole("button", { name: "Удалить через 14 дней" }).click();
      await goThere(page);
      await page.getByRole("link", { name: "Cancel" }).click();
      await page.getByText(/Вы не подтвердили, что это вы/).waitFor();
      await page.getByRole("button", { name: "Удалить аккаунт" }).waitFor();
    });
  });

  test("there is one first way, and whoever is in Telegram anyhow is led to the table he was called to", async () => {
    const anna = await visitor("Анна");
    await anna.page.goto("/join/ABC234");
    await anna.page.getByText(/Вас зовут за стол/).waitFor();
    const first = anna.page.locator("[data-look=primary]");
    expect(await first.allInnerTexts()).toEqual(["Войти через Telegram"]);
    await anna.page.getByText("В самом Telegram входить не нужно").waitFor();
    const other = anna.page.getByRole("link", { name: "Открыть в Telegram" });
    expect(await other.getAttribute("href")).toBe(`${APP}?startapp=ABC234`);
    for (const name of [/Войти через Telegram/, /Войти через Google/]) {
      expect(await anna.page.getByRole("button", { name }).locator("svg").count()).toBe(1);
    }
  });

  test("a browser that keeps nothing says so, instead of leading nowhere", async () => {
    const anna = await visitor("Анна");
    await withoutStorage(anna.context);
    await anna.page.goto("/");
    await anna.page
      .getByRole("alert")
      .getByText(/Браузер запретил хранить данные этого сайта/)
      .waitFor();
    expect(await anna.page.getByRole("button", { name: /Войти через/ }).count()).toBe(0);
    expect(anna.faults).toEqual([]);
  });
});

test.each(SITUATIONS)("everybody can read what is said: $name", async (situation) => {
  for (const scheme of ["light", "dark"] as const) {
    const [before] = phones;
    const made = before && !situation.launched ? before : await stand(browser, server.url, situation, { scheme });
    if (made === before) await made.page.emulateMedia({ colorScheme: scheme });
    else phones.push(made);
    await made.page.waitForFunction((wanted) => document.documentElement.dataset.scheme === wanted, scheme);
    await shown(made.page);
    const found = await new AxeBuilder({ page: made.page }).analyze();
    expect(found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target}`))).toEqual([]);
    expect(await made.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
    expect(made.faults).toEqual([]);
  }
});

describe("another way to sign in", () => {
  async function inTelegram(id: number, name: string, scheme: Scheme = "dark"): Promise<Phone> {
    const launched = { id, name, startParam: "account" };
    const made = await inClient(await visitor(name, { scheme }), launched, scheme);
    await made.page.goto(made.launch);
    await made.page.getByRole("link", { name: "Способы входа" }).click();
    await made.page.getByRole("button", { name: "Добавить вход через Google" }).waitFor();
    return made;
  }

  /** The number that the app shows, and the page that Telegram was asked to open outside. */
  async function begun(made: Phone): Promise<{ number: string; url: string }> {
    const { page } = made;
    await page.getByRole("button", { name: "Добавить вход через Google" }).click();
    const number = await page
      .getByRole("dialog")
      .getByText(/^\d\d$/)
      .textContent();
    await page.getByRole("button", { name: "Открыть страницу" }).click();
    const opened = await calls(made, "web_app_open_link");
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

    await again.page.goto("/account/ways");
    await again.page.getByRole("button", { name: "Telegram: убрать" }).click();
    await again.page.getByText(/заведёт новый, пустой/).waitFor();
    await again.page.keyboard.press("Escape");
    await vera.page.getByRole("button", { name: "Google: убрать" }).click();
    expect(await vera.page.getByText(/заведёт новый, пустой/).count()).toBe(0);
    await vera.page.getByRole("dialog").getByRole("button", { name: "Убрать" }).click();
    await vera.page.getByText("Способ входа убран").waitFor();
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
    await gleb.page.getByText(/Подтвердите в браузере/).waitFor();
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

  test("whoever keeps his account says so, and it may be begun again", async () => {
    await providers.tell({ google: { claims: { sub: "2003", name: "Kept Friend" } } });
    const before = await visitor("Kept Friend");
    await before.page.goto("/stats");
    await through(before, "Google");
    await before.page.getByRole("heading", { name: "Kept Friend" }).waitFor();
    const zoya = await inTelegram(900_000_034, "Зоя");
    const { number, url } = await begun(zoya);
    const outside = await proveAt(url, number);
    await outside.page.getByRole("button", { name: "Оставить как есть" }).click();
    await outside.page.getByRole("heading", { name: "Ничего не изменилось" }).waitFor();
    await zoya.page.getByText(/Вы отказались на странице в браузере/).waitFor();
    await zoya.page.getByRole("button", { name: "Начать заново" }).click();
    await zoya.page.getByRole("button", { name: "Открыть страницу" }).waitFor();
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
    await mallory.page.getByText(/Вы отказались на странице в браузере/).waitFor();
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
