// No screen may keep anybody out: axe on each, in both colour schemes.
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { as, launch, type Phone, phone } from "./browser.ts";
import { makeScene, type Scene } from "./scene.ts";
import { SCREENS, shown, visit } from "./screens.ts";
import { type Server, startServer } from "./server.ts";

let server: Server;
let browser: Browser;
let scene: Scene;
let member: Phone;
let stranger: Phone;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer({ hurried: true }), launch()]);
  scene = await makeScene(server.url);
  [member, stranger] = [await phone(browser, server.url, "Аня"), await phone(browser, server.url, "nobody")];
  await as(member, scene.anya);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function faultsOf({ page }: Phone): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}

const PHONE = { width: 390, height: 844 };

/** As tall as the page: what lies half under the bar at the bottom can be scrolled from there, which axe does not try. */
async function unrolled({ page }: Phone): Promise<void> {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...PHONE, height: Math.max(PHONE.height, height) });
}

test("a sheet holds the focus, Escape closes it and gives the focus back", async () => {
  const { page } = member;
  await visit(page, { name: "table", path: () => `/t/${scene.evenings.kolkhoz}` }, scene);
  const focused = (): Promise<string> =>
    page.evaluate(
      () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "",
    );
  await page.getByRole("button", { name: "Ещё", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.locator("dialog[open] h2").waitFor();
  for (const expected of ["Закрыть", "Кто кому платит", "Все записи"]) {
    await page.keyboard.press("Tab");
    expect(await focused()).toBe(expected);
  }
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  expect(await focused()).toBe("Ещё");
});

test.each(SCREENS)("$name", async (screen) => {
  const visitor = screen.open ? stranger : member;
  await visitor.page.setViewportSize(PHONE);
  await visit(visitor.page, screen, scene);
  await unrolled(visitor);
  const found: Record<string, string[]> = {};
  for (const colorScheme of ["dark", "light"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    // The page hears of it a moment later; only then is there anything to wait for.
    await visitor.page.waitForFunction((scheme) => document.documentElement.dataset.scheme === scheme, colorScheme);
    await shown(visitor.page);
    found[colorScheme] = await faultsOf(visitor);
  }
  expect(found).toEqual({ dark: [], light: [] });
  expect(visitor.faults.splice(0)).toEqual([]);
});
