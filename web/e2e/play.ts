// What people do on the pages, in the words that stand on them.
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import type { Phone } from "./browser.ts";

export interface Evening {
  game: "Колхоз" | "Американка" | "Московская" | "Невская";
  preset?: string;
  guests?: string[];
  price?: string;
  /** Changes in the sheet of rules. */
  rules?: (page: Page) => Promise<void>;
}

export const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: true });

export async function begin({ page }: Phone, evening: Evening): Promise<string> {
  await button(page, "Новый вечер").click();
  await page.getByText(evening.game, { exact: true }).click();
  if (evening.preset)
    await page.getByRole("group", { name: "Правила" }).getByText(evening.preset, { exact: true }).click();
  for (const guest of evening.guests ?? []) {
    await page.getByLabel("Гость по имени").fill(guest);
    await button(page, "Добавить").click();
  }
  if (evening.price) {
    await page.getByText("Играем на деньги", { exact: true }).click();
    await page.getByLabel(/Цена очка|Ставка/).fill(evening.price);
  }
  if (evening.rules) {
    await button(page, "Изменить правила").click();
    await evening.rules(page);
    await button(page, "Готово").click();
  }
  await button(page, "Начать вечер").click();
  await page.getByRole("region", { name: "Следующая партия" }).waitFor();
  return codeOf(page);
}

export async function codeOf(page: Page): Promise<string> {
  await button(page, "Ещё").click();
  await page.getByRole("button", { name: /Позвать и поделиться/ }).click();
  const code = ((await page.locator("dialog .selectable").textContent()) ?? "").trim();
  await button(page, "Закрыть").click();
  return code;
}

export async function comeIn({ page }: Phone, code: string): Promise<void> {
  await button(page, "Войти по коду").click();
  await page.getByLabel("Код вечера").fill(code);
  await page.getByRole("dialog").getByRole("button", { name: "Войти", exact: true }).click();
  await page.getByRole("button", { name: /Ещё/ }).waitFor();
}

/** Starts the next game as it is drawn, and tells in which order they play. */
export async function next({ page }: Phone): Promise<void> {
  await button(page, /^(Начать первую партию|Следующая партия)$/).click();
  await page.getByRole("region", { name: "Следующая партия" }).waitFor({ state: "detached" });
}

export const tap = ({ page }: Phone, name: string | RegExp): Promise<void> => button(page, name).click();

/** The large figures, from first to last. */
export const figures = async ({ page }: Phone): Promise<string[]> => page.locator(".figure").allInnerTexts();

export async function sees(phone: Phone, expected: string[]): Promise<void> {
  await expect.poll(() => figures(phone), { timeout: 15_000 }).toEqual(expected);
}

/** Who sits where, in the order of the tiles. */
export const seats = async ({ page }: Phone): Promise<string[]> =>
  (await page.locator(".tile .tile-name span[dir]").allInnerTexts()).map((name) => name.trim());

/** A table loads its sheets soon after itself; while they are on their way they hold the connections of a broken net. */
export async function allThere({ page }: Phone): Promise<void> {
  await page.waitForFunction(() => {
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const sheets = [
      "menu",
      "log",
      "player",
      "players",
      "money",
      "order",
      "end",
      "finish",
      "share",
      "settings",
      "results",
    ];
    return sheets.every((sheet) => loaded.some((name) => name.includes(`/${sheet}-`)));
  });
}

export async function nothingPending({ page }: Phone): Promise<void> {
  await expect.poll(() => page.getByText(/не отправлено/).count(), { timeout: 20_000 }).toBe(0);
  await expect.poll(() => page.locator("header [role=status][data-live=live]").count(), { timeout: 20_000 }).toBe(1);
}

export async function finish({ page }: Phone): Promise<void> {
  await button(page, "Закончить").click();
  await page.getByRole("dialog").getByRole("button", { name: "Закончить", exact: true }).click();
  await page.getByRole("button", { name: "Ещё вечер тем же составом" }).waitFor();
}

export const transfers = async ({ page }: Phone): Promise<string[]> => {
  const lines = await page.getByRole("list", { name: "Кто кому платит" }).first().getByRole("listitem").allInnerTexts();
  return lines.map((line) => line.replace(/\s+/g, " ").replace(/ (Отдано|Почему)/g, ""));
};

/** Two taps at one place, as fast as the page takes them: what is under the second may be something else by then. */
export async function doubleTap(target: Locator): Promise<void> {
  await target.scrollIntoViewIfNeeded();
  await target.evaluate(async (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    for (let taps = 0; taps < 2; taps++) {
      const under = document.elementFromPoint(x + width / 2, y + height / 2);
      under?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, view: window }));
      await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    }
  });
}

/** How many taps this phone has in its store, not sent yet. */
export async function kept({ page }: Phone): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((said, failed) => {
        const opening = indexedDB.open("artel");
        opening.onerror = failed;
        opening.onsuccess = () => {
          const counting = opening.result.transaction("outbox").objectStore("outbox").count();
          counting.onsuccess = () => {
            opening.result.close();
            said(counting.result);
          };
        };
      }),
  );
}
