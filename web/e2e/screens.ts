// Every screen and sheet there is: where it is, and what has to be touched to see it.
import type { Page } from "playwright-core";
import type { Scene } from "./scene.ts";

export interface Shown {
  name: string;
  path: (scene: Scene) => string;
  act?: (page: Page) => Promise<void>;
  /** For whoever comes by, signed in or not. */
  open?: boolean;
  sizes?: ("small" | "landscape")[];
}

const table = (what: string) => (scene: Scene) => `/t/${scene.evenings[what]}`;
const at = (path: string) => () => path;
const touch = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole("button", { name, exact: true }).first().click();
};
const inMenu = (name: RegExp) => async (page: Page) => {
  await touch("Ещё")(page);
  await page.getByRole("dialog").getByRole("button", { name }).click();
};
const after =
  (...acts: ((page: Page) => Promise<void>)[]) =>
  async (page: Page) => {
    for (const act of acts) await act(page);
  };

/** The archive is there, and in sight. */
async function collected(page: Page): Promise<void> {
  await touch(/^Собрать/)(page);
  const download = page.getByRole("button", { name: "Скачать" });
  await download.waitFor();
  await download.scrollIntoViewIfNeeded();
}

/** Whose sign-in is of long ago, in a browser, and who signs in through Google. */
async function doubted(page: Page): Promise<void> {
  const ways = { telegram: true, telegram_widget: null, google: true, dev: true, app: null };
  await page.route("**/auth/ways", (route) => route.fulfill({ json: ways }));
  await page.route("**/auth/identities", (route) =>
    route.fulfill({ json: [{ provider: "google", label: "a@example.invalid" }] }),
  );
  await page.route("**/users/me/export", (route) => route.fulfill({ status: 403, json: { code: "sign_in_again" } }));
  await page.reload();
  await touch(/^Собрать/)(page);
  await page.getByRole("dialog").waitFor();
  await page.unrouteAll();
}

export const SCREENS: Shown[] = [
  { name: "sign-in", path: at("/"), open: true },
  { name: "home", path: at("/"), sizes: ["small"] },
  { name: "home-join", path: at("/"), act: touch("Войти по коду") },
  { name: "join-wrong", path: at("/join/ZZZZZZ") },
  { name: "new", path: at("/new"), sizes: ["small"] },
  {
    name: "new-money",
    path: at("/new"),
    act: async (page) => {
      await page.getByText("Американка", { exact: true }).click();
      await page.getByText("Играем на деньги", { exact: true }).click();
      await page.getByLabel("Гость по имени").fill("Света");
      await touch("Добавить")(page);
    },
  },
  { name: "rules-kolkhoz", path: at("/new"), act: touch("Изменить правила") },
  {
    name: "rules-duel",
    path: at("/new"),
    act: after(async (page) => page.getByText("Невская", { exact: true }).click(), touch("Изменить правила")),
  },
  { name: "table-first", path: table("first") },
  { name: "table-kolkhoz", path: table("kolkhoz"), sizes: ["small", "landscape"] },
  { name: "table-kolkhoz-3", path: table("kolkhoz3"), sizes: ["landscape"] },
  { name: "table-kolkhoz-6", path: table("kolkhoz6"), sizes: ["small"] },
  { name: "table-kolkhoz-8", path: table("kolkhoz8"), sizes: ["landscape"] },
  { name: "table-americana", path: table("americana"), sizes: ["small", "landscape"] },
  { name: "table-moscow", path: table("moscow"), sizes: ["small"] },
  { name: "table-pairs", path: table("pairs"), sizes: ["small", "landscape"] },
  { name: "table-between", path: table("between"), sizes: ["small"] },
  { name: "table-kolkhoz-12", path: table("kolkhoz12"), sizes: ["small", "landscape"] },
  { name: "table-long-4", path: table("long4"), sizes: ["small", "landscape"] },
  { name: "table-long-5", path: table("long5"), sizes: ["small", "landscape"] },
  { name: "table-long-pairs", path: table("longpairs"), sizes: ["small", "landscape"] },
  { name: "table-debt", path: table("debt"), sizes: ["small", "landscape"] },
  { name: "table-watched", path: table("watched") },
  { name: "sheet-menu", path: table("kolkhoz"), act: touch("Ещё") },
  { name: "sheet-log", path: table("kolkhoz"), act: inMenu(/^Все записи/) },
  { name: "sheet-player", path: table("moscow"), act: after(touch("Борис ещё"), touch("Фол с причиной")) },
  { name: "sheet-players", path: table("between"), act: inMenu(/^Игроки/) },
  {
    name: "sheet-players-remove",
    path: table("between"),
    act: after(inMenu(/^Игроки/), touch("Убрать кого-то из вечера")),
  },
  { name: "sheet-money", path: table("between"), act: inMenu(/^Кто кому платит/) },
  {
    name: "sheet-expense",
    path: table("between"),
    act: after(inMenu(/^Кто кому платит/), touch(/^Добавить расход/)),
  },
  { name: "sheet-order", path: table("between"), act: touch("Порядок") },
  { name: "sheet-end", path: table("americana"), act: inMenu(/^Закончить партию/) },
  { name: "sheet-finish", path: table("between"), act: touch("Закончить") },
  { name: "sheet-share", path: table("kolkhoz"), act: inMenu(/^Позвать и поделиться/) },
  { name: "sheet-settings", path: table("kolkhoz"), act: inMenu(/^Правила вечера/) },
  {
    name: "results",
    path: table("done"),
    act: async (page) => page.getByText("Почему").first().click(),
    sizes: ["small"],
  },
  { name: "results-points", path: table("points") },
  { name: "stats", path: at("/stats") },
  { name: "account", path: at("/account"), sizes: ["small"] },
  { name: "account-profile", path: at("/account/profile") },
  { name: "account-ways", path: at("/account/ways") },
  { name: "account-devices", path: at("/account/devices") },
  { name: "account-privacy", path: at("/account/privacy") },
  { name: "account-data", path: at("/account/data"), act: collected },
  { name: "sheet-proof", path: at("/account/data"), act: doubted },
  { name: "account-leave", path: at("/account/leave"), sizes: ["small"] },
  { name: "sheet-leave", path: at("/account/leave"), act: touch("Удалить аккаунт") },
  { name: "friends", path: at("/friends"), act: async (page) => page.getByLabel("Найти по имени").fill("Кон") },
  { name: "sheet-friend", path: at("/friends"), act: touch("Борис") },
  { name: "inbox", path: at("/inbox") },
  { name: "scoreboard", path: (scene) => `/s/${scene.board}`, open: true, sizes: ["landscape"] },
  { name: "gone", path: at("/t/01950000-0000-7000-8000-000000000000") },
];

const SHEETS = /^(sheet-|rules-|home-join)/;

/** Goes there and touches what has to be touched. */
export async function visit(page: Page, { name, path, act }: Shown, scene: Scene): Promise<void> {
  await page.goto("about:blank");
  await page.goto(path(scene));
  await shown(page);
  await act?.(page);
  if (SHEETS.test(name)) await page.locator("dialog[open] h2").first().waitFor();
  await shown(page);
}

/** Until nothing moves or loads any more. */
export async function shown(page: Page): Promise<void> {
  await page.locator("main").first().waitFor();
  await page.waitForFunction(() => !document.querySelector(".skeleton, [aria-busy=true]"));
  await page.waitForFunction(() => {
    const status = document.querySelector("[data-live]");
    return !status || status.getAttribute("data-live") === "live";
  });
  // What has just been resized is laid out with the next frame.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
}
