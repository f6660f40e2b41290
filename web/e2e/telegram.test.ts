// Inside Telegram: a real sign-in from signed launch data, the client's colours, insets, back button and haptics.
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { launch, type Phone, phone, remember } from "./browser.ts";
import { behind, calls, type Inside, inClient, initData, type Launch, type Scheme } from "./client.ts";
import { begin, button, next, sees, tap } from "./play.ts";
import { ADMIN, type Server, startServer } from "./server.ts";

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

async function inside(launched: Launch, scheme?: Scheme): Promise<Inside> {
  const made = await inClient(await phone(browser, server.url, launched.name), launched, scheme);
  phones.push(made);
  return made;
}

describe("a launch behind the # of a link", () => {
  const theirs = { id: 900_000_041, name: "Чужая", startParam: "account" };

  test("is nothing in a plain browser: nobody is signed in as whoever made the link", async () => {
    const victim = await phone(browser, server.url, "Жертва");
    phones.push(victim);
    for (const path of ["/", "/stats", "/link"]) {
      await victim.page.goto(`${path}#${behind(theirs)}`);
      await expect.poll(() => victim.page.url()).toBe(`${server.url}${path}`);
    }
    await victim.page.evaluate(
      (kept) => sessionStorage.setItem("tapps/launchParams", JSON.stringify(kept)),
      behind(theirs),
    );
    await victim.page.goto("/");
    await button(victim.page, "Войти").waitFor();
    expect(await victim.page.getByLabel("Ваше имя").count()).toBe(1);
    expect(victim.faults).toEqual([]);
  });

  test.each([
    ["https://web.telegram.org", true],
    ["https://webk.telegram.org", true],
    ["https://web.telegram.org.evil.example", false],
    ["https://evil.example", false],
  ])("in a frame of %s: %s", async (origin, believed) => {
    const visitor = await phone(browser, server.url, "Гостья");
    phones.push(visitor);
    const src = `${server.url}/#${behind({ id: 900_000_043, name: "Гостья" })}`;
    const body = `<iframe src="${src.replaceAll("&", "&amp;")}" width="390" height="800"></iframe>`;
    await visitor.context.grantPermissions(["local-network-access"]); // where our server is
    await visitor.context.route(`${origin}/**`, (route) => route.fulfill({ contentType: "text/html", body }));
    await visitor.page.goto(`${origin}/`);
    const frame = visitor.page.frameLocator("iframe");
    if (believed) await frame.getByRole("heading", { name: "Вечера" }).waitFor();
    else await frame.getByLabel("Ваше имя").waitFor();
  });
});

describe("inside Telegram", () => {
  test("one is signed in at once, and again after a reload", async () => {
    const anya = await inside({ id: 900_000_001, name: "Ёжик" });
    await anya.page.goto(anya.launch);
    await anya.page.getByRole("heading", { name: "Вечера" }).waitFor();
    await anya.page.reload();
    await anya.page.getByRole("link", { name: "Статистика" }).click();
    await anya.page.getByRole("heading", { name: "Ёжик" }).waitFor();
    expect(await calls(anya, "web_app_ready")).toHaveLength(1);
    expect(await calls(anya, "web_app_expand")).toHaveLength(1);
    expect(await anya.page.getByText("Выйти").count()).toBe(0);
    expect(anya.faults).toEqual([]);
  });

  test("what has signed in lies about no longer, and a reload goes on where one was", async () => {
    const anya = await inside({ id: 900_000_008, name: "Аня", startParam: "account" });
    await anya.page.goto(anya.launch);
    await anya.page.getByRole("link", { name: "Приватность" }).click();
    await anya.page.getByRole("heading", { name: "Приватность" }).waitFor();
    const lying = (): Promise<string> =>
      anya.page.evaluate(() => window.location.href + JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
    await expect.poll(lying).not.toMatch(/hash(=|%3D)\w/);
    expect(await lying()).not.toContain("c2lnbmF0dXJl");
    await anya.page.reload();
    await anya.page.getByRole("switch", { name: "Скрывать мои деньги" }).waitFor();
    expect(anya.page.url()).toBe(`${server.url}/account/privacy`);
    expect(await anya.page.evaluate(() => document.documentElement.dataset.scheme)).toBe("dark");
    expect((await calls(anya, "web_app_ready")).length).toBe(1);
    expect(anya.faults).toEqual([]);
  });

  test("whoever is out after a reload is told to open it anew, and nobody else's sign-in is gone on with", async () => {
    const anya = await inside({ id: 900_000_009, name: "Аня" });
    await anya.page.goto(anya.launch);
    await anya.page.getByRole("heading", { name: "Вечера" }).waitFor();
    await expect.poll(() => anya.page.url()).toBe(`${server.url}/`);
    await anya.page.evaluate(() => {
      const session = JSON.parse(localStorage.getItem("client.artel.session") ?? "");
      localStorage.setItem("client.artel.session", JSON.stringify({ ...session, telegram: 1 }));
    });
    await anya.page.reload();
    await anya.page.getByRole("heading", { name: "Запуск устарел" }).waitFor();
    await anya.page.goto("about:blank");
    await anya.page.goto(anya.launch);
    await anya.page.getByRole("heading", { name: "Вечера" }).waitFor();
  });

  test("what wants to be sure of him is proven by the launch; after a reload only by another one", async () => {
    const anya = await inside({ id: 900_000_013, name: "Аня", startParam: "account" });
    const stale = { status: 403, json: { code: "sign_in_again" } };
    await anya.context.route("**/users/me/export", (route) => route.fulfill(stale), { times: 1 });
    await anya.page.goto(anya.launch);
    await anya.page.getByRole("link", { name: "Мои данные" }).click();
    await button(anya.page, "Собрать мои данные").click();
    await button(anya.page, "Скачать").waitFor();
    await anya.context.route("**/users/me/export", (route) => route.fulfill(stale), { times: 1 });
    await anya.page.reload();
    await button(anya.page, "Собрать заново").click();
    await anya.page.getByText("Нужно убедиться, что это вы: закройте приложение и откройте его снова.").waitFor();
  });

  test("out everywhere is out elsewhere: the launch signs in here again by itself", async () => {
    const anya = { id: 900_000_012, name: "Аня", startParam: "account" };
    const [here, there] = [await inside(anya), await inside({ ...anya, ageSeconds: 60 })]; // two launches, not one twice
    for (const { page, launch } of [there, here]) {
      await page.goto(launch);
      await page.getByRole("link", { name: "Устройства" }).waitFor();
    }
    await here.page.getByRole("link", { name: "Устройства" }).click();
    await button(here.page, "Выйти везде").click();
    await here.page.getByRole("dialog").getByRole("button", { name: "Выйти везде" }).click();
    await here.page.getByText("Больше вы нигде не вошли.").waitFor();
    expect(await here.page.getByRole("dialog").count()).toBe(0);
  });

  describe("whether the bot may write", () => {
    const asked = (made: Phone): Promise<number> =>
      calls(made, "web_app_request_write_access").then(({ length }) => length);

    test("is asked by a tap, and not where it may, nor where Telegram cannot ask", async () => {
      const vera = await inside({ id: 900_000_051, name: "Вера", startParam: "account" });
      await vera.page.goto(vera.launch);
      await button(vera.page, /Сообщения от бота/).waitFor();
      expect(await asked(vera)).toBe(0);
      await vera.page.evaluate(() => {
        window.telegramAnswers = "cancelled";
      });
      await button(vera.page, /Сообщения от бота.*Выкл/).click();
      await vera.page.getByText("Хорошо, бот писать не будет").waitFor();
      await vera.page.evaluate(() => {
        window.telegramAnswers = "allowed";
      });
      await button(vera.page, /Сообщения от бота.*Выкл/).click();
      await vera.page.getByText("Теперь бот может вам писать").waitFor();
      await vera.page.getByText("Вкл.").waitFor();
      expect(await asked(vera)).toBe(2);
      for (const [launched, shown] of [
        [{ mayWrite: true }, "Вкл."],
        [{ version: "6.8" }, null],
      ] as const) {
        const other = await inside({ id: 900_000_052, name: "Вера", startParam: "account", ...launched });
        await other.page.goto(other.launch);
        await other.page.getByRole("link", { name: "Мои данные" }).waitFor();
        expect(await button(other.page, /Сообщения от бота/).count()).toBe(0);
        expect(await other.page.getByText("Вкл.").count()).toBe(shown ? 1 : 0);
      }
    });

    test("is asked once when there will be something to write about; a no is a no", async () => {
      const gleb = await inside({ id: 900_000_053, name: "Глеб", startParam: "account" });
      await gleb.page.goto(gleb.launch);
      await gleb.page.evaluate(() => {
        window.telegramAnswers = "cancelled";
      });
      await gleb.page.getByRole("link", { name: "Мои данные" }).click();
      await button(gleb.page, "Собрать мои данные").click();
      await expect.poll(() => asked(gleb)).toBe(1);
      const again = gleb.page.waitForResponse(/\/users\/me\/export$/);
      await button(gleb.page, "Собрать заново").click();
      expect((await again).status()).toBe(202);
      await button(gleb.page, "Собрать заново").waitFor();
      expect(await asked(gleb)).toBe(1);
    });
  });

  test("an old or forged launch says what to do", async () => {
    for (const launched of [
      { id: 900_000_002, name: "Старый", ageSeconds: 7200 },
      { id: 900_000_003, name: "Чужой", token: "7000000001:another" },
    ]) {
      const visitor = await inside(launched);
      await visitor.page.goto(visitor.launch);
      await visitor.page.getByText(/Закройте приложение и откройте его из бота/).waitFor();
      await button(visitor.page, "Закрыть").click();
      expect(await calls(visitor, "web_app_close")).toHaveLength(1);
    }
  });

  test("too many launches are told how long to wait, and may be tried again", async () => {
    const hasty = await inside({ id: 900_000_005, name: "Скорый" });
    const refusal = { status: 429, headers: { "Retry-After": "21" }, json: { code: "rate_limited" } };
    await hasty.context.route("**/auth/telegram", (route) => route.fulfill(refusal), { times: 1 });
    await hasty.page.goto(hasty.launch);
    await hasty.page.getByText("Слишком часто. Попробуйте через 21 секунду.").waitFor();
    await button(hasty.page, "Ещё раз").click();
    await hasty.page.getByRole("heading", { name: "Вечера" }).waitFor();
  });

  test("the account: Telegram's back button leads out of it, and nobody signs out of a launch", async () => {
    const vera = await inside({ id: 900_000_021, name: "Верба" });
    await vera.page.goto(vera.launch);
    await vera.page.getByRole("link", { name: "Статистика" }).click();
    await vera.page.getByRole("button", { name: "Настройки" }).click();
    await vera.page.getByRole("heading", { name: "Аккаунт" }).waitFor();
    expect(await vera.page.getByText(/^Выйти/).count()).toBe(0);
    await vera.page.getByRole("link", { name: "Устройства" }).click();
    await vera.page.getByText("вы здесь").waitFor();
    expect(await vera.page.getByText(/^Выйти/).count()).toBe(0);
    expect(await vera.page.getByRole("button", { name: "Назад" }).count()).toBe(0);
    for (const heading of ["Аккаунт", "Верба"]) {
      expect((await calls(vera, "web_app_setup_back_button")).at(-1)).toEqual({ is_visible: true });
      await vera.page.evaluate(() => window.telegramSays?.("back_button_pressed"));
      await vera.page.getByRole("heading", { name: heading }).waitFor();
    }
    expect(vera.faults).toEqual([]);
  });

  test("the account shows the picture that Telegram gave", async () => {
    const photo = "https://pictures.example.invalid/face.svg";
    const faced = await inside({ id: 900_000_022, name: "Лицо", photo });
    const body = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>';
    await faced.context.route(photo, (route) => route.fulfill({ contentType: "image/svg+xml", body }));
    await faced.page.goto(faced.launch);
    await faced.page.getByRole("link", { name: "Статистика" }).click();
    await faced.page.getByRole("button", { name: "Настройки" }).click();
    const picture = faced.page.locator(`img[src="${photo}"]`);
    await expect.poll(() => picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(7);
    expect(faced.faults).toEqual([]);
  });

  test("whoever is blocked is out within seconds, and is told so", async () => {
    const guest = { id: 900_000_011, name: "Лишний" };
    const guestPhone = await inside(guest);
    await guestPhone.page.goto(guestPhone.launch);
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
    await boris.page.goto(boris.launch);
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
    const back = (): Promise<void> => boris.page.evaluate(() => window.telegramSays?.("back_button_pressed"));
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
    await host.page.goto(host.launch);
    const code = await begin(host, { game: "Американка" });
    const guest = await inside({ id: 900_000_006, name: "Гость", startParam: code });
    await guest.page.goto(guest.launch);
    await guest.page.getByRole("region", { name: "Следующая партия" }).waitFor();
    await host.page.getByText("Начать первую партию").waitFor();
    await next(host);
    await sees(guest, ["0", "0"]);
  });

  test.each(["light", "dark"] as const)("the client's %s theme can be read", async (scheme) => {
    const svetlana = await inside({ id: 900_000_007, name: "Света" }, scheme);
    await svetlana.page.goto(svetlana.launch);
    await begin(svetlana, { game: "Колхоз", guests: ["Игорь", "Муса", "Яна"], price: "50" });
    await next(svetlana);
    expect(await svetlana.page.evaluate(() => document.documentElement.dataset.scheme)).toBe(scheme);
    const { violations } = await new AxeBuilder({ page: svetlana.page }).withTags(["wcag2aa"]).analyze();
    expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.target}`))).toEqual([]);
  });
});
