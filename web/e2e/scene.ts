// An evening for every screen, made over the same API that the pages use.
export interface Person {
  id: string;
  name: string;
  access: string;
  refresh: string;
  user: unknown;
}

type Body = Record<string, unknown>;

export interface Scene {
  anya: Person;
  boris: Person;
  /** Evenings by what they show. */
  evenings: Record<string, string>;
  /** The read-only page of one of them. */
  board: string;
  code: string;
}

let made = 0;
const id = (): string => {
  made += 1;
  return `event-${made}`;
};

class Api {
  private readonly url: string;
  private readonly token: string | null;

  constructor(url: string, token: string | null = null) {
    this.url = url;
    this.token = token;
  }

  async ask<T = Body>(method: string, path: string, body?: unknown, until = Date.now() + 10_000): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        "Content-Type": "application/json",
        "User-Agent": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
        ...(this.token !== null && { Authorization: `Bearer ${this.token}` }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (answer.status === 404 && until > Date.now()) {
      // Services hear of each other's news a moment later.
      await new Promise((later) => setTimeout(later, 50));
      return this.ask(method, path, body, until);
    }
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  }
}

export async function signIn(url: string, name: string): Promise<Person> {
  const tokens = await new Api(url).ask<{ access_token: string; refresh_token: string; user: { id: string } }>(
    "POST",
    "/auth/dev",
    { name },
  );
  return { id: tokens.user.id, name, access: tokens.access_token, refresh: tokens.refresh_token, user: tokens.user };
}

interface Started {
  id: string;
  code: string;
  /** Player ids by name. */
  players: Record<string, string>;
}

class Evening {
  readonly api: Api;
  readonly session: Started;
  private game = "";

  constructor(api: Api, session: Started) {
    this.api = api;
    this.session = session;
  }

  static async of(api: Api, name: string, rules: Body, guests: string[], users: string[] = []): Promise<Evening> {
    const players = [...users.map((user_id) => ({ user_id })), ...guests.map((guest_name) => ({ guest_name }))];
    const doc = await api.ask<{ id: string; code: string; players: { id: string; name: string }[] }>(
      "POST",
      "/sessions",
      { name, rules, players },
    );
    const ids = Object.fromEntries(doc.players.map((player) => [player.name, player.id]));
    return new Evening(api, { id: doc.id, code: doc.code, players: ids });
  }

  /** By name, or by the first name where that is one of several. */
  player(name: string): string {
    const { players } = this.session;
    const whole = Object.keys(players).find((one) => one.startsWith(`${name} `)) ?? "";
    const found = players[name] ?? players[whole];
    if (!found) throw new Error(`nobody is called ${name}`);
    return found;
  }

  post(event: Body): Promise<Body> {
    return this.api.ask("POST", `/sessions/${this.session.id}/events`, { id: id(), ...event });
  }

  async start(...seats: string[][]): Promise<void> {
    this.game = id();
    const ids = seats.map((side) => side.map((name) => this.player(name)));
    const seated = seats.length === 1 ? { order: ids[0] } : seats.length === 2 ? { sides: ids } : {};
    await this.post({ id: this.game, type: "start", ...seated });
  }

  /** «Аня Борис:red Света! Игорь-»: a ball, a red one, a foul, a miss. */
  async play(strokes: string): Promise<void> {
    const events = strokes.split(" ").map((stroke) => {
      const [, name = "", sign, kind] = /^([^!:-]+)([!-])?(?::(\w+))?$/.exec(stroke) ?? [];
      const type = sign === "!" ? "foul" : sign === "-" ? "miss" : "ball";
      const extra = kind === "own" ? { own: true } : kind === "lucky" ? { lucky: true } : kind ? { ball: kind } : {};
      return { id: id(), type, game: this.game, player: this.player(name), ...extra };
    });
    await this.api.ask("POST", `/sessions/${this.session.id}/events`, { events });
  }

  end(reason: string): Promise<Body> {
    return this.post({ type: "end", reason, game: this.game });
  }
}

const COLOURS = [
  { id: "white", value: 1, count: 13 },
  { id: "yellow", value: 2, count: 1 },
  { id: "red", value: 3, count: 1 },
];
const STAKE = { per: "game", amount: 50_000 };

const again = (name: string, times: number): string => Array.from({ length: times }, () => name).join(" ");

export async function makeScene(url: string): Promise<Scene> {
  const anya = await signIn(url, "Аня");
  await signIn(url, "Аня"); // on another phone
  const boris = await signIn(url, "Борис");
  const api = new Api(url, anya.access);
  const his = new Api(url, boris.access);
  await makeFriends(url, api, his, anya, boris);
  const evenings: Record<string, string> = {};
  const keep = (what: string, evening: Evening): void => {
    evenings[what] = evening.session.id;
  };

  const done = await Evening.of(api, "Четверг", { game: "kolkhoz", price: 5000 }, ["Света", "Игорь"], [boris.id]);
  await done.start(["Аня", "Борис", "Света", "Игорь"]);
  await done.play(`${again("Аня", 5)} Борис Борис Света Света Света ${again("Игорь", 5)}`);
  await done.start();
  await done.play(`${again("Борис", 6)} Света! Игорь Аня Аня ${again("Света", 6)}`);
  await done.post({ type: "expense", payer: done.player("Борис"), amount: 160_000 });
  await done.post({ type: "finish" });
  keep("done", done);

  const points = await Evening.of(api, "Среда", { game: "americana" }, [], [boris.id]);
  await points.start(["Аня"], ["Борис"]);
  await points.play(`${again("Аня", 6)} ${again("Борис", 8)}`);
  await points.post({ type: "finish" });
  keep("points", points);

  const first = await Evening.of(api, "Новая компания", { game: "kolkhoz", price: 5000 }, ["Света", "Игорь"]);
  keep("first", first);

  const kolkhoz = await Evening.of(
    api,
    "Пятница, «Леон»",
    { game: "kolkhoz", price: 5000, balls: COLOURS },
    ["Света", "Игорь"],
    [boris.id],
  );
  await kolkhoz.start(["Аня", "Борис", "Света", "Игорь"]);
  await kolkhoz.play("Аня Аня Борис Света:red Игорь Игорь Борис! Света Аня Аня- Борис");
  keep("kolkhoz", kolkhoz);

  for (const [what, guests] of [
    ["kolkhoz3", ["Света", "Игорь"]],
    ["kolkhoz6", ["Света", "Игорь", "Константин", "Лёша", "Муса"]],
    ["kolkhoz8", ["Света", "Игорь", "Константин", "Лёша", "Муса", "Яна", "Тимур"]],
  ] as const) {
    const balls = what === "kolkhoz3" ? undefined : [COLOURS[0], COLOURS[2]];
    const some = await Evening.of(api, "Колхоз", { game: "kolkhoz", ...(balls && { balls }) }, [...guests]);
    await some.start(["Аня", ...guests]);
    await some.play(`Аня Аня ${guests.join(" ")} Света Игорь!`);
    keep(what, some);
  }

  const americana = await Evening.of(api, "После работы", { game: "americana", stake: STAKE }, ["Света"], [boris.id]);
  await americana.start(["Аня"], ["Борис"]);
  await americana.play(`${again("Аня", 8)}`);
  await americana.start(["Аня"], ["Света"]);
  await americana.play("Аня Аня Света Аня! Света Света Аня Аня");
  keep("americana", americana);

  const moscow = await Evening.of(api, "Воскресенье", { game: "moscow" }, [], [boris.id]);
  await moscow.start(["Аня"], ["Борис"]);
  await moscow.play(`${again("Аня", 4)} Аня:own Борис Борис:own Борис! Борис`);
  keep("moscow", moscow);

  const pairs = await Evening.of(
    api,
    "Пара на пару",
    { game: "moscow", format: "2x2" },
    ["Света", "Игорь"],
    [boris.id],
  );
  await pairs.start(["Аня", "Борис"], ["Света", "Игорь"]);
  await pairs.play("Аня Борис:own Света Игорь Аня");
  keep("pairs", pairs);

  const between = await Evening.of(api, "Вторник", { game: "kolkhoz", price: 5000 }, ["Света", "Игорь"], [boris.id]);
  await between.start(["Аня", "Борис", "Света", "Игорь"]);
  await between.play(`${again("Аня", 5)} Борис ${again("Света", 4)} ${again("Игорь", 5)}`);
  keep("between", between);

  await addCrowded(api, keep);
  const watched = await Evening.of(his, "Счёт ведёт Борис", { game: "kolkhoz", price: 5000 }, ["Света"], [anya.id]);
  await watched.start(["Аня", "Борис", "Света"]);
  await watched.play("Аня Борис");
  await his.ask("PATCH", `/sessions/${watched.session.id}`, { scorers: "organizer" });
  keep("watched", watched);

  const share = await api.ask<{ url: string }>("POST", `/sessions/${kolkhoz.session.id}/share`, { money: true });
  return { anya, boris, evenings, board: new URL(share.url).hash, code: kolkhoz.session.code };
}

const LONG = ["Екатерина Великая", "Константин Константинопольский", "Александр"];

/** Long names, long sums, a minus, many players: where a tile has the least room. */
async function addCrowded(api: Api, keep: (what: string, evening: Evening) => void): Promise<void> {
  const [catherine, constantine, alexander] = ["Екатерина", "Константин", "Александр"];
  const dear = { game: "kolkhoz", price: 15_000_000, balls: COLOURS };
  for (const [what, guests] of [
    ["long4", LONG],
    ["long5", [...LONG, "Иоанн"]],
  ] as const) {
    const evening = await Evening.of(api, "Пятница в клубе «Пирамида» на Ленинском", dear, [...guests]);
    await evening.start(["Аня", ...guests]);
    await evening.play(`${again("Аня", 6)} ${again(constantine, 4)}`);
    for (let i = 0; i < 12; i++) await evening.play(`${alexander}!`);
    keep(what, evening);
  }

  const names = ["Боря", "Вася", "Глеб", "Дима", "Егор", "Женя", "Зоя", "Илья", "Костя", "Лев", "Миша"];
  const twelve = await Evening.of(api, "Двенадцать", { game: "kolkhoz", price: 5000, balls: COLOURS }, names);
  await twelve.start(["Аня", ...names]);
  await twelve.play(`Аня Боря:red ${again("Глеб", 10)}`);
  keep("kolkhoz12", twelve);

  const stake = { per: "game", amount: 100_000_000 };
  const pairs = await Evening.of(api, "Пары", { game: "moscow", format: "2x2", stake }, LONG);
  await pairs.start(["Аня", catherine], [constantine, alexander]);
  await pairs.play(`${again(constantine, 8)}`);
  await pairs.start(["Аня", catherine], [constantine, alexander]);
  await pairs.play(`Аня ${constantine}:own`);
  keep("longpairs", pairs);

  const debt = { game: "moscow", foul: "offender_loses", debt: true, target: 20, stake: { per: "ball", amount: 5000 } };
  const duel = await Evening.of(api, "В долг", debt, [constantine]);
  await duel.start(["Аня"], [constantine]);
  await duel.play(`${again("Аня", 13)} ${again(`${constantine}!`, 12)}`);
  keep("debt", duel);
}

async function makeFriends(url: string, api: Api, his: Api, anya: Person, boris: Person): Promise<void> {
  const asked = await api.ask<{ id: string }>("POST", "/friends/requests", { user_id: boris.id });
  await his.ask("POST", `/friends/requests/${asked.id}/accept`);
  const other = await signIn(url, "Лёша");
  await new Api(url, other.access).ask("POST", "/friends/requests", { user_id: anya.id });
  const awaited = await signIn(url, "Константин Константинопольский");
  await api.ask("POST", "/friends/requests", { user_id: awaited.id });
}
