import { join, resolve } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

export interface Options {
  scheme?: "light" | "dark";
  width?: number;
  height?: number;
  language?: string;
  scale?: number;
  userAgent?: string;
}

export interface Phone {
  name: string;
  page: Page;
  context: BrowserContext;
  /** What the page complained about. */
  faults: string[];
}

/** A fresh phone at `url`, nobody signed in. */
export async function phone(browser: Browser, url: string, name: string, options: Options = {}): Promise<Phone> {
  const { scheme = "dark", width = 390, height = 844, language = "ru-RU", scale = 1, userAgent } = options;
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height },
    deviceScaleFactor: scale,
    ...(userAgent && { userAgent }),
    colorScheme: scheme,
    locale: language,
    timezoneId: "Europe/Moscow",
    hasTouch: true,
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`${name}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !isOfTheNet(message.text())) faults.push(`${name}: ${message.text()}`);
  });
  return { name, page, context, faults };
}

/** The browser writes down every failed request by itself; that the net fails is what some tests are about. */
const isOfTheNet = (text: string): boolean => /Failed to load resource|WebSocket connection to/.test(text);

export async function signedIn(browser: Browser, url: string, name: string, options: Options = {}): Promise<Phone> {
  const made = await phone(browser, url, name, options);
  await made.page.goto("/");
  await made.page.getByLabel("Ваше имя").fill(name);
  await made.page.getByRole("button", { name: "Войти" }).click();
  await made.page.getByRole("heading", { name: "Вечера" }).waitFor();
  return made;
}

/** Signed in without the form, as after a reload. */
export async function as({ context }: Phone, person: { refresh: string; user: unknown }): Promise<void> {
  await context.addInitScript(
    ({ refresh, user }) => {
      if (location.protocol === "about:" || localStorage.getItem("artel.session")) return;
      localStorage.setItem("artel.session", JSON.stringify({ refresh, user, telegram: null }));
    },
    { refresh: person.refresh, user: person.user },
  );
}

const results = resolve(import.meta.dirname, "../test-results");

/** What the phones showed when a test failed. */
export async function remember(test: string, phones: Phone[]): Promise<void> {
  for (const { name, page, faults } of phones) {
    await page.screenshot({ path: join(results, `${test} - ${name}.png`) }).catch(() => undefined);
    if (faults.length > 0) console.error(faults.join("\n"));
  }
}
