// Whoever looks on by a link sees of a running Колхоз what the members see.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { as, launch, type Phone, phone } from "./browser.ts";
import { makeScene, type Scene } from "./scene.ts";
import { type Server, startServer } from "./server.ts";

let server: Server;
let browser: Browser;
let scene: Scene;
let member: Phone;
let looker: Phone;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer({ hurried: true }), launch()]);
  scene = await makeScene(server.url);
  [member, looker] = [await phone(browser, server.url, "Аня"), await phone(browser, server.url, "Зритель")];
  await as(member, scene.anya);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const plain = (texts: string[]): string[] => texts.map((text) => text.replace(/\s+/g, " "));

const sums = async (page: Page): Promise<string[]> =>
  plain(await page.locator(".tile-standing .figures").allInnerTexts());

const balls = (page: Page): Promise<(string | null)[]> =>
  page
    .locator(".rack .ball:not([data-gone])")
    .evaluateAll((all) => all.map((ball) => ball.getAttribute("data-colour")));

test("what a Колхоз stands at, every colour of its balls, and who would pay whom", async () => {
  await member.page.goto(`/t/${scene.evenings.kolkhoz}`);
  await looker.page.goto(`/s/${scene.board}`);
  await looker.page.getByText("на связи").waitFor();
  await expect.poll(() => sums(member.page)).toEqual(["+100 ₽", "−150 ₽", "+100 ₽", "−50 ₽"]);
  await expect.poll(() => sums(looker.page)).toEqual(await sums(member.page));
  expect(await balls(looker.page)).toEqual([..."12345"].map(() => "white").concat("yellow"));
  expect(await balls(looker.page)).toEqual(await balls(member.page));

  // It moves with the next ball, without a word from the looker.
  await member.page.getByRole("button", { name: "Борис: жёлтый, +2", exact: true }).click();
  await expect.poll(() => sums(looker.page)).toEqual(["0 ₽", "−50 ₽", "+100 ₽", "−50 ₽"]);
  await expect.poll(() => balls(looker.page)).not.toContain("yellow");
  expect(await sums(member.page)).toEqual(await sums(looker.page));
  const paid = plain(await looker.page.getByRole("listitem").allInnerTexts());
  expect(paid).toHaveLength(2);
  for (const line of paid) expect(line).toMatch(/^(Борис|Игорь) Света 50 ₽$/);
  expect([...member.faults, ...looker.faults]).toEqual([]);
});

test("a ball between the looker's question and his listening", async () => {
  let listen = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    listen = resolve;
  });
  await looker.page.route("**/shared/live-ticket", (route) => held.then(() => route.continue()));
  await looker.page.reload();
  await expect.poll(() => balls(looker.page)).toHaveLength(5);
  const written = member.page.waitForResponse((answer) => answer.url().endsWith("/events") && answer.ok());
  await member.page.getByRole("button", { name: "Борис: белый, +1", exact: true }).click();
  await written;
  listen();
  await expect.poll(() => balls(looker.page)).toHaveLength(4);
  expect(await sums(looker.page)).toEqual(await sums(member.page));
});
