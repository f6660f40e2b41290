// What somebody decides about his own: who sees him, where he is signed in, and his data taken along.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { as, launch, type Phone, phone, remember, signedIn } from "./browser.ts";
import { signIn } from "./scene.ts";
import { type Server, startServer } from "./server.ts";

let server: Server;
let browser: Browser;
let phones: Phone[] = [];

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer({ hurried: true }), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await remember(`account ${task.name}`, phones);
  for (const { context, faults } of phones) {
    await context.close();
    expect(faults).toEqual([]);
  }
  phones = [];
});

const TITLES = {
  profile: "Имя и язык",
  ways: "Способы входа",
  devices: "Устройства",
  privacy: "Приватность",
  data: "Мои данные",
  leave: "Удаление аккаунта",
};

/** On a screen of the account. */
async function at(screen: keyof typeof TITLES | "", name: string): Promise<Phone> {
  const made = await phone(browser, server.url, name);
  phones.push(made);
  await as(made, await signIn(server.url, name));
  await made.page.goto(`/account/${screen}`);
  await made.page.getByRole("heading", { name: screen ? TITLES[screen] : "Аккаунт" }).waitFor();
  return made;
}

async function found(by: string, name: string): Promise<string[]> {
  const { access } = await signIn(server.url, by);
  const headers = { Authorization: `Bearer ${access}` };
  const answer = await fetch(`${server.url}/api/v1/users?query=${encodeURIComponent(name)}`, { headers });
  const { items } = (await answer.json()) as { items: { display_name: string }[] };
  return items.map(({ display_name }) => display_name);
}

test("from the own figures to the account and back", async () => {
  const made = await signedIn(browser, server.url, "Путник");
  phones.push(made);
  const { page } = made;
  await page.goto("/stats");
  await page.locator("dt").first().waitFor();
  const labels = await page.locator("dt").allInnerTexts();
  expect(labels.slice(0, 3)).toEqual(["Партии", "Победы", "Победы, %"]);
  expect(labels.filter((label) => !/^\p{Lu}/u.test(label))).toEqual([]);
  await page.getByRole("button", { name: "Настройки" }).click();
  await page.getByRole("heading", { name: "Аккаунт" }).waitFor();
  await page.getByRole("button", { name: "Назад" }).click();
  await page.getByRole("heading", { name: "Путник" }).waitFor();
});

test("each row leads one level down, to its heading, and back to itself", async () => {
  const { page } = await at("", "Путница");
  const focused = (): Promise<string | null> => page.evaluate(() => document.activeElement?.textContent ?? null);
  for (const [screen, title] of Object.entries(TITLES)) {
    await page.getByRole("link", { name: title }).click();
    await page.getByRole("heading", { name: title, level: 1 }).waitFor();
    expect(page.url()).toBe(`${server.url}/account/${screen}`);
    expect(await focused()).toBe(title);
    await page.getByRole("button", { name: "Назад" }).click();
    await page.getByRole("heading", { name: "Аккаунт" }).waitFor();
    await expect.poll(focused).toContain(title);
  }
  await page.goto("about:blank");
  await page.goto("/account/privacy");
  await page.getByRole("button", { name: "Назад" }).click();
  await page.getByRole("heading", { name: "Аккаунт" }).waitFor();
  expect(page.url()).toBe(`${server.url}/account`);
  await page.goto("/account/nothing");
  await page.getByRole("heading", { name: "Аккаунт" }).waitFor();
  await page.getByRole("button", { name: "Выйти" }).click();
  await page.getByLabel("Ваше имя").waitFor();
});

test("a new name and another language, there and back", async () => {
  const { page } = await at("profile", "Старое");
  await page.getByLabel("Ваше имя").fill("Новое");
  await page.keyboard.press("Enter");
  await page.getByText("Сохранено").waitFor();
  for (const [language, heading, label] of [
    ["English", "Name and language", "Your name"],
    ["Русский", "Имя и язык", "Ваше имя"],
    ["English", "Name and language", "Your name"],
  ] as const) {
    await page.getByText(language, { exact: true }).click();
    await page.getByRole("heading", { name: heading, exact: true }).waitFor();
    await page.getByLabel(label).waitFor();
  }
  await page.reload();
  expect(await page.getByLabel("Your name").inputValue()).toBe("Новое");
});

test("a name that cannot be shown is refused in words, at the field", async () => {
  const { page } = await at("profile", "Прямой");
  expect(await page.getByRole("button", { name: "Сохранить" }).count()).toBe(0);
  await page.getByLabel("Ваше имя").fill("Прямой\u202e");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await page.getByText("В имени есть символы, которые нельзя показать").waitFor();
  expect(await page.getByLabel("Ваше имя").getAttribute("aria-invalid")).toBe("true");
  expect(await page.getByText("Сервер этого не принял").count()).toBe(0);
});

test("who does not want to be found is not, and it stays so", async () => {
  const { page } = await at("privacy", "Скромница");
  expect(await found("Другой", "Скром")).toEqual(["Скромница"]);
  const findable = page.getByRole("group", { name: "Кто находит меня по имени" });
  await findable.getByRole("radio", { name: "все" }).focus();
  const answered = () => page.waitForResponse((answer) => answer.request().method() === "PATCH");
  await Promise.all([answered(), page.keyboard.press("ArrowRight")]);
  expect(await found("Другой", "Скром")).toEqual([]);
  await Promise.all([answered(), page.getByText("Скрывать мои деньги").click()]);
  await page.reload();
  await page.getByRole("switch", { name: "Скрывать мои деньги" }).waitFor();
  expect(await findable.getByRole("radio", { name: "никто" }).isChecked()).toBe(true);
  expect(await page.getByRole("switch", { name: "Скрывать мои деньги" }).isChecked()).toBe(true);
});

test("what could not be kept is said, and shown as it is", async () => {
  const { page, context } = await at("privacy", "Безсвязный");
  const figures = page.getByRole("group", { name: "Кто видит мои партии и рейтинги" });
  await figures.waitFor();
  await context.route("**/users/me", (route) => route.fulfill({ status: 503, json: { code: "unavailable" } }));
  await figures.getByText("только я").click();
  await page.getByText("Сервер не отвечает. Попробуйте ещё раз.").waitFor();
  await context.unroute("**/users/me");
  await page.reload();
  await figures.waitFor();
  expect(await figures.getByRole("radio", { name: "друзья и те, с кем играю" }).isChecked()).toBe(true);
});

test("another device is signed out from here, and then all of them", async () => {
  const { page } = await at("devices", "Путешественник");
  const other = await at("devices", "Путешественник");
  await page.reload();
  const leave = page.getByRole("button", { name: /: выйти$/ });
  await expect.poll(() => leave.count()).toBeGreaterThan(0);
  const before = await leave.count();
  await leave.first().click();
  await page.getByText("На том устройстве вы вышли").waitFor();
  await expect.poll(() => leave.count()).toBe(before - 1);
  await other.page.reload();
  await other.page.getByRole("button", { name: "Войти" }).waitFor();

  await at("devices", "Путешественник");
  await page.reload();
  await page.getByRole("button", { name: "Выйти везде" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Выйти везде" }).click();
  await page.getByRole("button", { name: "Войти" }).waitFor();
});

test("all that is kept comes as an archive that opens", async () => {
  const { page } = await at("data", "Собиратель");
  await page.getByRole("button", { name: "Собрать мои данные" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Скачать" }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^artel-\d{4}-\d\d-\d\d\.zip$/);
  const folder = mkdtempSync(join(tmpdir(), "artel-export-"));
  await download.saveAs(join(folder, "export.zip"));
  execFileSync("python3", ["-m", "zipfile", "-e", join(folder, "export.zip"), folder]);
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  expect(JSON.parse(read("auth/profile.json"))).toMatchObject([{ display_name: "Собиратель" }]);
  expect(read("README.txt")).toContain("всё, что хранится о вас");
  expect(read("game/evenings.jsonl")).toBe("");

  await page.goto("/inbox");
  await page.getByRole("link", { name: /Ваши данные собраны/ }).click();
  await page.getByRole("button", { name: "Скачать" }).waitFor();
});

test("more than a few times a day is refused in words", async () => {
  const { page, context } = await at("data", "Нетерпеливый");
  for (const [seconds, words] of [
    [21, "через 21 секунду"],
    [150, "через 3 минуты"],
    [80_000, "через 23 часа"],
  ] as const) {
    const refusal = { status: 429, headers: { "Retry-After": String(seconds) }, json: { code: "rate_limited" } };
    await context.route("**/users/me/export", (route) => route.fulfill(refusal), { times: 1 });
    await page.getByRole("button", { name: "Собрать мои данные" }).click();
    await page.getByText(`Слишком часто. Попробуйте ${words}.`).waitFor();
  }
});

test("whoever wants to go is out everywhere, and may think again", async () => {
  const { page } = await at("leave", "Уходящий");
  await page.getByRole("button", { name: "Удалить аккаунт" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Удалить через 14 дней" }).click();
  await page.getByText(/^Аккаунт будет удалён .+\. Войдите до этого дня, чтобы оставить его\.$/).waitFor();
  await page.getByLabel("Ваше имя").fill("Уходящий");
  await page.getByRole("button", { name: "Войти" }).click();
  await page.getByRole("heading", { name: "Удаление аккаунта" }).waitFor();
  await page.goto("/");
  await page.getByRole("link", { name: /Аккаунт будет удалён/ }).click();
  await page.getByRole("button", { name: "Не удалять" }).click();
  await page.getByText("Вы остаётесь", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Удаление аккаунта" }).waitFor();
  await page.goto("/");
  await page.getByRole("heading", { name: "Вечера" }).waitFor();
  expect(await page.getByRole("link", { name: /Аккаунт будет удалён/ }).count()).toBe(0);
});
