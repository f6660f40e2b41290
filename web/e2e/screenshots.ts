// Every screen in light and dark, as on a phone; some also on a small one and lying down. To be looked at.
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { as, launch, phone } from "./browser.ts";
import { makeScene } from "./scene.ts";
import { SCREENS, shown, visit } from "./screens.ts";
import { startServer } from "./server.ts";
import { SITUATIONS, stand } from "./situations.ts";

const out = resolve(import.meta.dirname, "../../screenshots");
const wanted = process.argv.slice(2);
const SHARP = { scale: 2 };
const SIZES = { phone: [390, 844], small: [360, 640], landscape: [844, 390] } as const;

if (wanted.length === 0) rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.some((part) => name.includes(part));
const [server, browser] = await Promise.all([startServer({ hurried: true }), launch()]);
try {
  const scene = await makeScene(server.url);
  const [member, stranger] = [
    await phone(browser, server.url, "Аня", SHARP),
    await phone(browser, server.url, "-", SHARP),
  ];
  await as(member, scene.anya);
  for (const screen of SCREENS) {
    const { name, open, sizes = [] } = screen;
    if (!isWanted(name)) continue;
    const { page } = open ? stranger : member;
    for (const size of ["phone", ...sizes] as const) {
      const [width, height] = SIZES[size];
      await page.setViewportSize({ width, height });
      await visit(page, screen, scene);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await shown(page);
        const file = [name, ...(size === "phone" ? [] : [size]), colorScheme].join("-");
        await page.screenshot({ path: join(out, `${file}.png`) });
      }
    }
  }
  for (const situation of SITUATIONS) {
    for (const scheme of ["light", "dark"] as const) {
      const file = `way-in-${situation.name}-${scheme}`;
      if (!isWanted(file)) continue;
      const { page, context } = await stand(browser, server.url, situation, { ...SHARP, scheme });
      await page.screenshot({ path: join(out, `${file}.png`) });
      await context.close();
    }
  }
  for (const fault of [...member.faults, ...stranger.faults]) console.error(fault);
} finally {
  await browser.close();
  await server.stop();
}
