// A whole evening of each game, on two phones at once, with a net that fails in the middle.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { replay } from "../src/engine/replay";
import { launch, type Phone, phone, remember, signedIn } from "./browser.ts";
import {
  allThere,
  begin,
  button,
  codeOf,
  comeIn,
  doubleTap,
  figures,
  finish,
  kept,
  next,
  nothingPending,
  seats,
  sees,
  tap,
  transfers,
} from "./play.ts";
import { type Server, startServer } from "./server.ts";
import { Wire } from "./wire.ts";

let server: Server;
let browser: Browser;
let wires: Wire[] = [];
let phones: Phone[] = [];

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await remember(task.name, phones);
  for (const { context } of phones) await context.close();
  for (const wire of wires) await wire.close();
  phones = [];
  wires = [];
});

async function twoPhones(one: string, two: string, slowestMs = 0): Promise<[Phone, Phone, Wire, Wire]> {
  wires = [await Wire.to(server.port, slowestMs), await Wire.to(server.port, slowestMs)];
  const [a, b] = wires as [Wire, Wire];
  phones = [await signedIn(browser, a.url, one), await signedIn(browser, b.url, two)];
  const [first, second] = phones as [Phone, Phone];
  return [first, second, a, b];
}

interface Replayed {
  games: { scores: Record<string, number> }[];
  /** Of its events, in order. */
  types: string[];
}

/** What the server keeps of the evening that is open on this phone, played again by our own fold. */
async function replayed({ page }: Phone): Promise<Replayed> {
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const exported = await page.evaluate(async (session) => {
    const { refresh } = JSON.parse(localStorage.getItem("artel.session") ?? "{}");
    const json = { "Content-Type": "application/json" };
    const tokens = await fetch("/api/v1/auth/refresh", {
      method: "POST",
      headers: json,
      body: JSON.stringify({ refresh_token: refresh }),
    }).then((answer) => answer.json());
    localStorage.setItem("artel.session", JSON.stringify({ refresh: tokens.refresh_token, user: tokens.user }));
    const headers = { Authorization: `Bearer ${tokens.access_token}` };
    const of = (path: string) =>
      fetch(`/api/v1/sessions/${session}${path}`, { headers }).then((answer) => answer.json());
    // A phone may still be sending its last tap: both are to be of the same version.
    for (;;) {
      const [before, exported, doc] = [await of(""), await of("/export"), await of("")];
      if (before.version === doc.version) return { case: exported, doc };
    }
  }, id);
  const result = replay(exported.case);
  if ("error" in result) throw new Error(JSON.stringify(result));
  expect(result.balances).toEqual(exported.doc.balances);
  expect(result.games).toEqual(exported.doc.games.map(withoutIds));
  return { games: result.games, types: exported.case.events.map(({ type }: { type: string }) => type) };
}

function withoutIds({ id: _, breaker: __, turn: ___, ...game }: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(game).filter(([, value]) => value !== null || game.reason === null));
}

const quiet = (): void => expect(phones.flatMap((phone) => phone.faults)).toEqual([]);

describe("a whole evening", () => {
  test("of Американка", async () => {
    const [anya, boris, wireA] = await twoPhones("Аня Американка", "Борис Американка");
    const code = await begin(anya, { game: "Американка", price: "500" });
    await comeIn(boris, code);
    await expect.poll(() => boris.page.getByText("Начать первую партию").count()).toBe(1);
    await next(anya);
    await sees(boris, ["0", "0"]);

    // Both write; each sees the other at once.
    await tap(anya, "Аня: шар");
    await sees(boris, await figures(anya));
    await tap(boris, "Борис: шар");
    await tap(boris, "Борис: фол");
    const [first] = await seats(anya);
    const expected = first === "Аня" ? ["2", "1"] : ["1", "2"];
    await sees(anya, expected);
    await sees(boris, expected);

    // An undo on one phone is an undo on both.
    await anya.page.getByRole("button", { name: /^Борис: фол отменить/ }).click();
    await sees(boris, ["1", "1"]);

    // The net of the first phone breaks: it goes on, and nothing is lost or doubled.
    await allThere(anya);
    await nothingPending(anya);
    wireA.become("cut");
    for (let i = 0; i < 4; i++) await tap(anya, "Аня: шар");
    await tap(anya, "Борис ещё");
    await anya.page.getByRole("heading", { name: "Борис", exact: true }).waitFor();
    await button(anya.page, "Закрыть").click();
    await anya.page.getByText("переподключение…").waitFor();
    await anya.page.getByText("4 не отправлено").waitFor();
    const ahead = first === "Аня" ? ["5", "1"] : ["1", "5"];
    await sees(anya, ahead);
    await tap(boris, "Борис: шар");
    wireA.become("up");
    await nothingPending(anya);
    const both = first === "Аня" ? ["5", "2"] : ["2", "5"];
    await sees(anya, both);
    await sees(boris, both);

    // To the end; the next one is drawn and shown to both.
    for (let i = 0; i < 3; i++) await tap(boris, "Аня: шар");
    for (const phone of phones) {
      const panel = phone.page.getByRole("region", { name: "Следующая партия" });
      await panel.getByText("Победа: Аня").waitFor();
      await panel.getByText(/Разбивает: /).waitFor();
    }
    await next(boris);
    await sees(anya, ["0", "0"]);
    await anya.page.getByRole("button", { name: "Ещё", exact: true }).click();
    await tap(anya, /^Закончить партию/);
    await button(anya.page, /^Сдача: Аня/).click();
    await anya.page.getByText("Победа: Борис").waitFor();
    await finish(anya);
    await boris.page.getByText("Никто никому не должен.").waitFor();
    const { games, types } = await replayed(boris);
    expect(games).toHaveLength(2);
    expect(types).toHaveLength(17);
    quiet();
  });

  test("of Московская, with a guest who waits", async () => {
    const [anya, boris, , wireB] = await twoPhones("Аня Московская", "Борис Московская");
    const code = await begin(anya, { game: "Московская", preset: "Московская", guests: ["Света"], price: "300" });
    await comeIn(boris, code);
    const waiting = anya.page.getByRole("region", { name: "Следующая партия" }).getByText(/ждут: /);
    await waiting.waitFor();
    const called = (await waiting.textContent())?.split("ждут: ")[1];
    await next(anya);
    const [one = "", two = ""] = await seats(anya);
    expect(["Аня", "Борис", "Света"].filter((name) => name !== one && name !== two)).toEqual([called]);

    await tap(boris, `${one}: шар`);
    await tap(boris, `${one}: свояк`);
    await sees(anya, ["2", "0"]);
    await tap(anya, `${one}: фол`);
    await sees(boris, ["1", "0"]);

    // The requests arrive, the answers do not: the same ids again, and each ball counts once.
    await allThere(boris);
    await nothingPending(boris);
    wireB.become("deaf");
    await tap(boris, `${two}: шар`);
    await tap(boris, `${two}: свояк`);
    await sees(anya, ["1", "1"]);
    wireB.become("cut");
    await sees(boris, ["1", "2"]);
    wireB.become("up");
    await nothingPending(boris);
    await sees(anya, ["1", "2"]);
    await sees(boris, ["1", "2"]);

    // A reload in the middle of a broken net loses nothing that was tapped.
    wireB.become("cut");
    await tap(boris, `${two}: шар`);
    await sees(boris, ["1", "3"]);
    await expect.poll(() => kept(boris)).toBe(1);
    wireB.become("up");
    await boris.page.reload();
    await nothingPending(boris);
    await sees(anya, ["1", "3"]);

    for (let i = 0; i < 5; i++) await tap(anya, `${two}: шар`);
    await boris.page.getByText(`Победа: ${two}`).waitFor();
    await next(boris);
    await sees(anya, ["0", "0"]);
    const second = await seats(anya);
    expect(second).toContain(two);
    expect(second).not.toContain(one);
    await anya.page.getByRole("button", { name: "Ещё", exact: true }).click();
    await tap(anya, /^Закончить партию/);
    await button(anya.page, /^Прервать/).click();

    // The table is paid by one for all.
    await anya.page.getByRole("button", { name: /^Сейчас/ }).click();
    await button(anya.page, /^Добавить расход/).click();
    await anya.page.getByLabel("Сколько, ₽").fill("1200");
    await button(anya.page, "Записать").click();
    await button(anya.page, "Закрыть").click();
    await finish(anya);
    await expect.poll(() => transfers(boris)).toHaveLength(2);
    const { games } = await replayed(anya);
    expect(games.map((game) => Object.values(game.scores).sort())).toEqual([
      [1, 8],
      [0, 0],
    ]);
    quiet();
  });

  test("of a match, which is over when its games are played", async () => {
    const [anya, boris] = await twoPhones("Аня Матч", "Борис Матч");
    const code = await begin(anya, {
      game: "Американка",
      rules: async (page) => {
        await page.getByText("число партий", { exact: true }).click();
        const games = page.getByRole("group", { name: "Партии", exact: true });
        for (let left = 5; left > 1; left--) await games.getByRole("button").first().click();
      },
    });
    await comeIn(boris, code);
    await next(anya);
    await tap(anya, "Ещё");
    await anya.page.getByRole("button", { name: /Закончить партию/ }).click();
    await anya.page.getByRole("button", { name: /Ничья/ }).click();
    for (const { page } of [anya, boris]) {
      const between = page.getByRole("region", { name: "Следующая партия" });
      await between.getByText("Матч окончен").waitFor();
      expect(await between.getByRole("button").allInnerTexts()).toEqual(["Закончить"]);
    }
    await finish(anya);
  });

  test("with mistakes, and somebody who only looks on, over a slow net", async () => {
    const [anya, boris] = await twoPhones("Аня Ошибки", "Борис Ошибки", 250);

    // An evening does not begin at a stake that nobody wrote.
    await button(anya.page, "Новый вечер").click();
    await anya.page.getByText("Американка", { exact: true }).click();
    await anya.page.getByText("Играем на деньги", { exact: true }).click();
    await anya.page.getByLabel("Ставка, ₽").fill("сто");
    await button(anya.page, "Начать вечер").click();
    await expect.poll(() => anya.page.evaluate(() => document.activeElement?.getAttribute("value"))).toBe("сто");
    await anya.page.getByLabel("Ставка, ₽").fill("100");
    await button(anya.page, "Начать вечер").click();
    const code = await codeOf(anya.page);

    // A wrong code is put right where it stands, on a Russian keyboard too.
    await button(boris.page, "Войти по коду").click();
    await boris.page.getByLabel("Код вечера").fill("ZZZZZZ");
    await boris.page.getByRole("dialog").getByRole("button", { name: "Войти", exact: true }).click();
    await boris.page.getByText("Вечера с таким кодом нет.").waitFor();
    await boris.page.getByLabel("Код вечера").fill(code.replace("K", "к").replace("M", "м").toLowerCase());
    await button(boris.page, "Войти").click();
    await button(boris.page, "Начать первую партию").waitFor();

    // Whoever was sent home by a slip comes back, even if the slip itself is slow to reach the server.
    await button(anya.page, "Игроки").click();
    await anya.page.route("**/events", (route) => setTimeout(() => void route.continue(), 1000), { times: 1 });
    await button(anya.page, "Борис Ошибки: домой").click();
    await button(anya.page, "Борис Ошибки: вернуть в игру").click();
    await button(anya.page, "Борис Ошибки: домой").waitFor();
    await button(anya.page, "Закрыть").click();

    // A looker sees the score, until the link is taken back: then he is told so.
    await button(anya.page, "Ещё").click();
    await anya.page.getByRole("button", { name: /Позвать и поделиться/ }).click();
    const answer = anya.page.waitForResponse((response) => response.url().endsWith("/share") && response.ok());
    await button(anya.page, "Отправить ссылку").click();
    const { url } = (await (await answer).json()) as { url: string };
    const looker = await phone(browser, wires[1]?.url ?? "", "Зритель");
    phones.push(looker);
    await looker.page.goto(`/s/${new URL(url).hash}`);
    await looker.page.getByText("Первая партия ещё не началась.").waitFor();
    await button(anya.page, "Закрыть").click();
    for (let game = 0; game < 2; game++) {
      await next(anya);
      for (let i = 0; i < 8; i++) await tap(anya, "Аня: шар");
      await anya.page.getByText("Победа: Аня").waitFor();
    }
    await sees(looker, await figures(anya));
    await looker.page.getByText(/Разбивает: /).waitFor();
    await button(anya.page, "Ещё").click();
    await anya.page.getByRole("button", { name: /Позвать и поделиться/ }).click();
    await button(anya.page, "Закрыть табло").click();
    await looker.page.getByText("Это табло закрыто.").waitFor();
    expect(await looker.page.getByRole("status").getByText("на связи").count()).toBe(0);
    await button(anya.page, "Закрыть").click();

    // What was written two games ago is taken back at the second touch only.
    await button(anya.page, "Ещё").click();
    await tap(anya, /^Все записи/);
    const first = anya.page.getByRole("button", { name: "Отменить: начало партии 1", exact: true });
    await first.click();
    await button(anya.page, "Точно отменить").waitFor();
    expect(await anya.page.getByText("сначала отмените их").count()).toBe(0);
    await button(anya.page, "Точно отменить").click();
    await anya.page.getByText("сначала отмените их").waitFor();
    await button(anya.page, "Закрыть").click();

    // A debt that was paid does not change who won.
    await finish(anya);
    await anya.page.getByRole("button", { name: /: отдано$/ }).click();
    await anya.page.getByText("Никто никому не должен.").waitFor();
    await boris.page.getByText("отдано: Борис → Аня, 200 ₽").first().waitFor();
    await boris.page.getByText("+200 ₽").waitFor();
    quiet();
  });

  test("in which a finger taps twice, and two do the same at once", async () => {
    const [anya, boris, wireA] = await twoPhones("Аня Дважды", "Борис Дважды");
    await begin(boris, { game: "Американка", price: "50" });
    await boris.page.goto("/");
    const code = await begin(anya, { game: "Американка", guests: ["Света", "Игорь"], price: "900" });
    await comeIn(boris, code);

    // Somebody goes home while it is written who shares the table's price: who was left out still is.
    await button(anya.page, "Ещё").click();
    await button(anya.page, "Кто кому платит").click();
    await button(anya.page, /^Добавить расход/).click();
    await anya.page.getByLabel("Сколько, ₽").fill("1200");
    const among = anya.page.getByRole("group", { name: "На кого делим" });
    await among.getByRole("button", { name: "Света" }).click();
    await button(boris.page, "Игроки").click();
    await button(boris.page, "Игорь: домой").click();
    await button(boris.page, "Закрыть").click();
    await among.getByRole("button", { name: "Игорь" }).waitFor({ state: "detached" });
    await button(anya.page, "Записать").click();
    await button(anya.page, "Закрыть").click();

    // The second half of a double tap does not take back the first.
    await button(anya.page, "Порядок").click();
    const seat = (name: string) => anya.page.getByRole("dialog").getByRole("button", { name: `${name} Дважды` });
    const guest = anya.page.getByRole("dialog").getByRole("button", { name: "Света", pressed: true });
    await seat("Борис").waitFor();
    if ((await guest.count()) > 0) await guest.click();
    for (const name of ["Аня", "Борис"]) {
      if ((await seat(name).getAttribute("aria-pressed")) !== "true") await seat(name).click();
    }
    await doubleTap(button(anya.page, "Начать партию"));
    await sees(boris, ["0", "0"]);
    for (let i = 0; i < 8; i++) await tap(boris, "Борис: шар");
    await anya.page.getByText("Победа: Борис").waitFor();
    await finish(anya);

    // He says that he was paid, and she that he was: it was one payment.
    await expect.poll(() => transfers(boris)).toEqual(["Аня платит Борис 300 ₽"]);
    wireA.become("cut");
    await anya.page.getByRole("button", { name: /: отдано$/ }).click();
    await boris.page.getByRole("button", { name: /: отдано$/ }).click();
    await boris.page.getByText("Никто никому не должен.").waitFor();
    const written = anya.page.waitForResponse((answer) => answer.url().endsWith("/events") && answer.ok());
    wireA.become("up");
    await written;
    const { types } = await replayed(boris);
    expect(types.filter((type) => ["payment", "undo"].includes(type))).toEqual(["payment"]);
    for (const { page } of phones) await page.getByText("Никто никому не должен.").waitFor();

    // Another evening of the same is played for what it says, not for what his last one was.
    await button(boris.page, "Ещё вечер тем же составом").click();
    await expect.poll(() => boris.page.getByLabel("Ставка, ₽").inputValue()).toBe("900");
    quiet();
  });

  test("with a friend who comes in the middle of a game", async () => {
    const [anya, boris] = await twoPhones("Аня Поздно", "Борис Поздно");
    const code = await begin(anya, { game: "Колхоз", guests: ["Света"], price: "50" });
    await next(anya);
    const circle = await seats(anya);
    await tap(anya, "Света: белый, +1");

    // He is told that he waits, looks on, and may keep the score of those who play.
    await comeIn(boris, code);
    await boris.page.getByText("Вы играете со следующей партии").waitFor();
    await expect.poll(() => seats(boris)).toEqual(circle);
    expect(circle).not.toContain("Борис");
    await button(anya.page, "Ещё").click();
    await button(anya.page, "Игроки").click();
    await anya.page.getByText("играет со следующей партии").waitFor();
    expect(await anya.page.getByRole("button", { name: /вернуть в игру/ }).count()).toBe(0);
    await button(anya.page, "Закрыть").click();
    await tap(boris, "Аня: белый, +1");
    await sees(anya, ["1", "1"]);

    // The game is over: both are shown the next one with him in it, and the log does not know of him yet.
    const drawn = ({ page }: Phone) => page.getByRole("list", { name: "Порядок следующей партии" });
    const end = async (): Promise<void> => {
      await button(anya.page, "Ещё").click();
      await tap(anya, /^Закончить партию/);
      await button(anya.page, /^Время вышло/).click();
      for (const phone of phones) await drawn(phone).getByText("Борис").waitFor();
    };
    await end();
    expect((await replayed(anya)).types).not.toContain("join");

    // So what ended it can be taken back, and he waits on.
    await anya.page.getByRole("button", { name: /отменить · / }).click();
    await sees(boris, ["1", "1"]);
    await expect.poll(() => seats(boris)).toEqual(circle);
    await end();

    // With the next event he is in.
    await next(anya);
    for (const phone of phones)
      await expect.poll(async () => [...(await seats(phone))].sort()).toEqual(["Аня", "Борис", "Света"]);
    await tap(boris, "Борис: белый, +1");
    await expect.poll(async () => (await replayed(anya)).types.slice(-3)).toEqual(["join", "start", "ball"]);
    quiet();
  });

  test("closed to whoever came by a code that was not meant for him", async () => {
    const [anya, boris] = await twoPhones("Аня Строгая", "Борис Лишний");
    const code = await begin(anya, { game: "Американка", guests: ["Света"], price: "50" });
    await next(anya);
    await comeIn(boris, code);

    await button(anya.page, "Ещё").click();
    await button(anya.page, "Игроки").click();
    const ask = button(anya.page, "Убрать кого-то из вечера");
    expect(await anya.page.getByRole("list", { name: "Убрать кого-то из вечера" }).count()).toBe(0);
    await ask.click();
    const removable = anya.page.getByRole("list", { name: "Убрать кого-то из вечера" });
    expect(await removable.getByRole("button").allInnerTexts()).toEqual([expect.stringContaining("Борис Лишний")]);
    await removable.getByRole("button").click();
    await anya.page.getByText("Вечер для них закрыт").waitFor();
    await expect.poll(() => ask.count()).toBe(0);
    await button(anya.page, "Закрыть").click();

    // Here he is nowhere any more, there is nothing to see on his phone, and the code that he knows is another one.
    await boris.page.getByText(/^Такого вечера нет/).waitFor();
    await button(anya.page, "Ещё").click();
    await button(anya.page, "Игроки").click();
    await button(anya.page, "Света: пауза").waitFor();
    await expect.poll(() => anya.page.getByRole("dialog").getByText("Борис").count()).toBe(0);
    await button(anya.page, "Закрыть").click();
    expect(await codeOf(anya.page)).not.toBe(code);
    expect(anya.faults).toEqual([]);
  });

  test("of Колхоз, four in a circle", async () => {
    const [anya, boris, wireA, wireB] = await twoPhones("Аня Колхоз", "Борис Колхоз");
    const code = await begin(anya, {
      game: "Колхоз",
      guests: ["Света", "Игорь"],
      price: "50",
      rules: async (page) => {
        for (let i = 0; i < 9; i++) await button(page, "Меньше: Сколько").click();
        await button(page, "Добавить цвет").click();
      },
    });
    await comeIn(boris, code);
    await expect.poll(() => anya.page.getByRole("listitem").count()).toBe(4);
    await next(anya);
    const circle = await seats(anya);
    expect([...circle].sort()).toEqual(["Аня", "Борис", "Игорь", "Света"]);
    await expect.poll(() => seats(boris)).toEqual(circle);
    const [a = "", b = "", c = "", d = ""] = circle;

    // Six white ones and a yellow: both phones at the same time, both nets failing in turn.
    await tap(anya, `${a}: белый, +1`);
    await tap(boris, `${b}: жёлтый, +2`);
    await sees(anya, ["1", "2", "0", "0"]);
    await nothingPending(anya); // what is not answered yet would be first in line once the answers are lost
    wireA.become("deaf");
    await tap(anya, `${c}: белый, +1`);
    await sees(boris, ["1", "2", "1", "0"]);
    wireA.become("cut");
    wireB.become("cut");
    await tap(anya, `${d}: фол`);
    await tap(boris, `${a}: белый, +1`);
    await sees(anya, ["1", "2", "1", "−1"]);
    await sees(boris, ["2", "2", "1", "0"]);
    wireA.become("up");
    wireB.become("up");
    for (const phone of phones) {
      await nothingPending(phone);
      await sees(phone, ["2", "2", "1", "−1"]);
    }

    // The log on one phone takes something back from the middle.
    await boris.page.getByRole("button", { name: "Ещё", exact: true }).click();
    await tap(boris, /^Все записи/);
    await button(boris.page, `Отменить: ${d}: фол`).click();
    await button(boris.page, "Закрыть").click();
    await sees(anya, ["2", "2", "1", "0"]);

    // The last ball says that it is worth two.
    await tap(boris, `${d}: белый, +1`);
    await tap(boris, `${d}: белый, +1`);
    await tap(anya, `${a}: белый, +2`);
    await sees(boris, ["4", "2", "1", "2"]);
    const panel = boris.page.getByRole("region", { name: "Следующая партия" });
    await panel.getByText(`Победа: ${a}`).waitFor();
    await panel.getByText(`Разбивает: ${a}`).waitFor();

    // A ball of a game that is over is never a ball of the next one; an undo opens the game again.
    await anya.page.getByRole("button", { name: /отменить · / }).click();
    await sees(boris, ["2", "2", "1", "2"]);
    await tap(boris, `${a}: белый, +2`);
    await next(boris);
    await anya.page.getByRole("button", { name: "Ещё", exact: true }).click();
    await tap(anya, /^Закончить партию/);
    await button(anya.page, /^Время вышло/).click();
    await finish(boris);

    // direct: 4−2, 2−1, 1−2, 2−4
    await expect.poll(() => transfers(anya)).toHaveLength(2);
    const paid = (await transfers(anya)).join("; ");
    expect(paid).toContain("100 ₽");
    expect(paid).toContain("50 ₽");
    expect(await transfers(boris)).toEqual(await transfers(anya));
    await anya.page.getByText("Почему").first().click();
    await anya.page
      .getByText(/партия 1/)
      .first()
      .waitFor();

    // Whoever is owed says that it was paid.
    const tick = anya.page.getByRole("button", { name: /: отдано$/ });
    // A double tap is one tap: the next debt has moved under the finger meanwhile.
    await doubleTap(tick.first());
    await expect.poll(() => tick.count()).toBe(1);
    const { games } = await replayed(anya);
    expect(games).toHaveLength(2);
    quiet();
  });
});
