// Nothing at the table may run over anything else, however long the names and the sums, however the phone is held.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { as, launch, type Phone, phone } from "./browser.ts";
import { makeScene, type Scene } from "./scene.ts";
import { SCREENS, shown, visit } from "./screens.ts";
import { type Server, startServer } from "./server.ts";

let server: Server;
let browser: Browser;
let scene: Scene;
let member: Phone;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer({ hurried: true }), launch()]);
  scene = await makeScene(server.url);
  member = await phone(browser, server.url, "Аня");
  await as(member, scene.anya);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** What stands in the way of a thumb or of an eye, in words. */
function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const THUMB = 56;
    const READABLE = 32;
    const faults: string[] = [];
    // Digits are three quarters as high as their line.
    const EMPTY_ABOVE_DIGITS = 0.13;
    const box = (element: Element): DOMRect => {
      const { x, y, width, height } = element.getBoundingClientRect();
      const air = element.classList.contains("figure") ? height * EMPTY_ABOVE_DIGITS : 0;
      return new DOMRect(x, y + air, width, height - 2 * air);
    };
    const over = (a: DOMRect, b: DOMRect): boolean =>
      a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    const within = (inner: DOMRect, outer: DOMRect): boolean =>
      inner.left >= outer.left - 1 && inner.right <= outer.right + 1 && inner.bottom <= outer.bottom + 1;
    const seen = (rect: DOMRect): boolean => rect.width > 0 && rect.height > 0;

    if (document.documentElement.scrollWidth > window.innerWidth) faults.push("the page is wider than the phone");
    for (const tile of document.querySelectorAll(".tile")) {
      const name = tile.querySelector("[dir=auto]")?.textContent;
      const keys = [...tile.querySelectorAll(".key")];
      const texts = [...tile.querySelectorAll(".tile-standing > *, .figure, .tile-name [dir=auto]")].filter((text) =>
        seen(box(text)),
      );
      for (const key of keys) {
        const { width, height } = box(key);
        if (Math.min(width, height) < THUMB - 0.5) faults.push(`${name}: a key of ${width}×${height}`);
        if (!within(box(key), box(tile))) faults.push(`${name}: a key leaves its tile`);
      }
      for (const text of texts) {
        const said = `${name}: «${text.textContent}»`;
        if (!within(box(text), box(tile))) faults.push(`${said} leaves its tile`);
        if (keys.some((key) => over(box(text), box(key)))) faults.push(`${said} lies under a key`);
      }
      for (const sum of tile.querySelectorAll(".tile-standing .figures")) {
        const room = box(sum.parentElement ?? tile);
        // A sum without its minus is another sum.
        if (!within(box(sum), room)) faults.push(`${name}: «${sum.textContent}» is cut off`);
      }
      const figure = tile.querySelector<HTMLElement>(".figure");
      const size = figure ? Number.parseFloat(getComputedStyle(figure).fontSize) : 0;
      if ((figure?.textContent?.length ?? 0) < 3 && size < READABLE) faults.push(`${name}: a score of ${size} px`);
    }
    for (const text of document.querySelectorAll(".line-clamp-2")) {
      if (text.scrollHeight > text.clientHeight + 1) faults.push(`«${text.textContent}» is cut off`);
    }
    return faults;
  });
}

const HELD = { phone: [390, 844], small: [360, 640], landscape: [844, 390], tablet: [820, 1180], desk: [1440, 900] };
const tables = SCREENS.filter(({ name }) => name.startsWith("table-"));

test.each(tables)("$name", async (screen) => {
  await visit(member.page, screen, scene);
  const found: Record<string, string[]> = {};
  for (const [held, [width = 0, height = 0]] of Object.entries(HELD)) {
    await member.page.setViewportSize({ width, height });
    await member.page.waitForFunction(([w, h]) => innerWidth === w && innerHeight === h, [width, height] as const);
    await shown(member.page);
    found[held] = await faultsOf(member.page);
  }
  expect(found).toEqual({ phone: [], small: [], landscape: [], tablet: [], desk: [] });
});
