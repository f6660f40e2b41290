// Inside Telegram: a real sign-in from signed launch data, the client's colours, insets, back button and haptics.
import { createHmac } from "node:crypto";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { launch, type Phone, phone, remember } from "./browser.ts";
import { begin, button, next, sees, tap } from "./play.ts";
import { ADMIN, BOT_TOKEN, type Server, startServer } from "./server.ts";

let server: Server;
let browser: Browser;
let phones: Phone[] = [];

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await remember(`telegram ${task.name}`, phones);
  for (const { context } of phones) await context.close();
  phones = [];
});

interface Launch {
  id: number;
  name: string;
  ageSeconds?: number;
  token?: string;
  startParam?: string;
}

function initData({ id, name, ageSeconds = 0, token = BOT_TOKEN, startParam }: Launch): string {
  const pairs: Record<string, string> = {
    auth_date: String(Math.floor(Date.now() / 1000) - ageSeconds),
    query_id: `q${id}`,
    signature: "c2lnbmF0dXJl",
    user: JSON.stringify({ id, first_name: name, language_code: "ru" }),
    ...(startParam && { start_param: startParam }),
  };
  const text = Object.keys(pairs)
    .sort()
    .map((key) => `${key}=${pairs[key]}`)
    .join("\n");
  const key = createHmac("sha256", "WebAppData").update(token).digest();
  const hash = createHmac("sha256", key).update(text).digest("hex");
  return new URLSearchParams({ ...pairs, hash }).toString();
}

// biome-ignore lint/suspicious/noExplicitAny: what the server says is looked into and not kept
async function api(path: string, token: string, body?: object): Promise<any> {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method: body ? "POST" : "GET",
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
  });
  expect(answer.ok).toBe(true);
  return answer.status === 204 ? null : answer.json();
}

type Scheme = "light" | "dark";

async function inside(launched: Launch, scheme: Scheme = "dark", insets = { top: 47, bottom: 34 }): Promise<Phone> {
  const made = await phone(browser, server.url, launched.name);
  phones.push(made);
  await made.context.addInitScript(
    (options) => {
      window.__telegramMock = options;
    },
    { initData: initData(launched), scheme, insets, startParam: launched.startParam },
  );
  return made;
}

const calls = ({ page }: Phone, name: string): Promise<unknown[]> =>
  page.evaluate(
    (wanted) => (window.__telegramCalls ?? []).filter((call) => call.name === wanted).map((call) => call.params),
    name,
  );

describe("inside Telegram", () => {
  test("one is signed in at once, and again after a reload", async () => {
    const anya = await inside({ id: 900_000_001, name: "Ёжик" });
    await anya.page.goto("/");
    await anya.page.getByRole("heading", { name: "Вечера" }).waitFor();
    await anya.page.reload();
    await anya.page.getByRole("link", { name: "Статистика" }).click();
    await anya.page.getByRole("heading", { name: "Ёжик" }).waitFor();
    expect(await calls(anya, "web_app_ready")).toHaveLength(1);
    expect(await calls(anya, "web_app_expand")).toHaveLength(1);
    expect(await anya.page.getByText("Выйти").count()).toBe(0);
    expect(anya.faults).toEqual([]);
  });

  test("an old or forged launch says what to do", async () => {
    for (const launched of [
      { id: 900_000_002, name: "Старый", ageSeconds: 7200 },
      { id: 900_000_003, name: "Чужой", token: "7000000001:another" },
    ]) {
      const visitor = await inside(launched);
      await visitor.page.goto("/");
      await visitor.page.getByText(/Закройте приложение и откройте его из бота/).waitFor();
    }
  });

  test("the account: Telegram's back button leads out of it, and nobody signs out of a launch", async () => {
    const vera = await inside({ id: 900_000_021, name: "Верба" });
    await vera.page.goto("/");
    await vera.page.getByRole("link", { name: "Статистика" }).click();
    await vera.page.getByRole("button", { name: "Настройки" }).click();
    await vera.page.getByText("это устройство").waitFor();
    expect(await vera.page.getByText(/^Выйти/).count()).toBe(0);
    expect(await vera.page.getByRole("button", { name: "Назад" }).count()).toBe(0);
    expect((await calls(vera, "web_app_setup_back_button")).at(-1)).toEqual({ is_visible: true });
    await vera.page.evaluate(() => window.__telegramEmit?.("back_button_pressed"));
    await vera.page.getByRole("heading", { name: "Верба" }).waitFor();
    expect(vera.faults).toEqual([]);
  });

  test("whoever is blocked is out within seconds, and is told so", async () => {
    const guest = { id: 900_000_011, name: "Лишний" };
    const guestPhone = await inside(guest);
    await guestPhone.page.goto("/");
    await guestPhone.page.getByRole("heading", { name: "Вечера" }).waitFor();
    const admin = await api("/auth/telegram", "", { init_data: initData({ id: ADMIN, name: "Хозяин" }) });
    const found = await api(`/admin/users?query=${encodeURIComponent(guest.name)}`, admin.access_token);
    await api(`/admin/users/${found.items[0].id}/block`, admin.access_token, {});
    await expect
      .poll(
        async () => {
          for (const name of ["Статистика", "Вечера"]) {
            const link = guestPhone.page.getByRole("link", { name });
            await link.click({ timeout: 1_000 }).catch(() => "there is nothing to tap any more");
          }
          return guestPhone.page.getByText(/Этот аккаунт заблокирован/).count();
        },
        { timeout: 20_000 },
      )
      .toBe(1);
    await guestPhone.page.reload();
    await guestPhone.page.getByText(/Этот аккаунт заблокирован/).waitFor();
  });

  test("taps are felt, the back button leads back, the two insets add up", async () => {
    const boris = await inside({ id: 900_000_004, name: "Борис" });
    await boris.page.goto("/");
    await begin(boris, { game: "Колхоз", guests: ["Света"] });
    await next(boris);
    const before = (await calls(boris, "web_app_trigger_haptic_feedback")).length;
    await tap(boris, "Борис: белый, +1");
    expect((await calls(boris, "web_app_trigger_haptic_feedback")).slice(before)).toEqual([
      { type: "impact", impact_style: "light" },
    ]);
    expect((await calls(boris, "web_app_setup_swipe_behavior")).at(-1)).toEqual({ allow_vertical_swipe: false });
    expect(await boris.page.evaluate(() => document.documentElement.style.getPropertyValue("--inset-top"))).toBe(
      "91px",
    );
    expect(await boris.page.evaluate(() => document.documentElement.style.getPropertyValue("--inset-bottom"))).toBe(
      "34px",
    );

    // A sheet takes the back button first, then the screen.
    await button(boris.page, "Ещё").click();
    await boris.page.getByRole("dialog").waitFor();
    const back = (): Promise<void> => boris.page.evaluate(() => window.__telegramEmit?.("back_button_pressed"));
    await back();
    await boris.page.getByRole("dialog").waitFor({ state: "detached" });
    await back();
    await boris.page.getByRole("heading", { name: "Вечера" }).waitFor();
    expect((await calls(boris, "web_app_setup_back_button")).at(-1)).toEqual({ is_visible: false });
    expect((await calls(boris, "web_app_setup_swipe_behavior")).at(-1)).toEqual({ allow_vertical_swipe: true });
    expect(boris.faults).toEqual([]);
  });

  test("a link of an invitation leads to its table", async () => {
    const host = await inside({ id: 900_000_005, name: "Хозяйка" });
    await host.page.goto("/");
    const code = await begin(host, { game: "Американка" });
    const guest = await inside({ id: 900_000_006, name: "Гость", startParam: code });
    await guest.page.goto("/");
    await guest.page.getByRole("region", { name: "Следующая партия" }).waitFor();
    await host.page.getByText("Начать первую партию").waitFor();
    await next(host);
    await sees(guest, ["0", "0"]);
  });

  test.each(["light", "dark"] as const)("the client's %s theme can be read", async (scheme) => {
    const svetlana = await inside({ id: 900_000_007, name: "Света" }, scheme);
    await svetlana.page.goto("/");
    await begin(svetlana, { game: "Колхоз", guests: ["Игорь", "Муса", "Яна"], price: "50" });
    await next(svetlana);
    expect(await svetlana.page.evaluate(() => document.documentElement.dataset.scheme)).toBe(scheme);
    const { violations } = await new AxeBuilder({ page: svetlana.page }).withTags(["wcag2aa"]).analyze();
    expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target}`))).toEqual([]);
  });
});
