// Telegram's colours become ours. A user's theme can be unreadable, so text is pulled towards black or white until it is.
import { call, launched, listen } from "./bridge";

type Theme = Record<string, string>;
export type Scheme = "light" | "dark";

const HEX = /^#[0-9a-f]{6}$/i;
const READABLE = 4.5;

const channels = (hex: string): number[] => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));

export function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = channels(hex).map((value) => {
    const c = value / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function mix(from: string, to: string, share: number): string {
  const target = channels(to);
  const mixed = channels(from).map((c, i) => Math.round(c + ((target[i] ?? 0) - c) * share));
  return `#${mixed.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
}

const worst = (colour: string, surfaces: string[]): number =>
  Math.min(...surfaces.map((surface) => contrast(colour, surface)));

/** The colour itself where it can be read on all of `surfaces`, else the nearest shade that can, else black or white. */
export function readable(colour: string, surfaces: string[]): string {
  const ink = worst("#ffffff", surfaces) > worst("#000000", surfaces) ? "#ffffff" : "#000000";
  for (let share = 0; share < 1; share += 0.05) {
    const shade = mix(colour, ink, share);
    if (worst(shade, surfaces) >= READABLE) return shade;
  }
  return ink;
}

const PLUS = { light: "#137a3b", dark: "#4fc98a" };
const MINUS = { light: "#c22f2a", dark: "#ff7d74" };

export function tokens(theme: Theme): { scheme: Scheme; colours: Record<string, string> } | null {
  const card = theme.section_bg_color ?? theme.bg_color ?? "";
  const page = theme.secondary_bg_color ?? theme.bg_color ?? "";
  if (![card, page].every((colour) => HEX.test(colour))) return null;
  const scheme = luminance(card) < 0.18 ? "dark" : "light";
  const ink = scheme === "dark" ? "#ffffff" : "#000000";
  const well = mix(card, ink, 0.06);
  const on = (colour: string | undefined, fallback: string) =>
    readable(colour && HEX.test(colour) ? colour : fallback, [card, page, well]);
  const accent = on(theme.accent_text_color ?? theme.button_color, scheme === "dark" ? "#6ab3f3" : "#1c6fb8");
  return {
    scheme,
    colours: {
      page,
      card,
      well,
      line: mix(card, ink, 0.12),
      text: on(theme.text_color, ink),
      hint: on(theme.subtitle_text_color ?? theme.hint_color, scheme === "dark" ? "#8b99a8" : "#636d79"),
      accent,
      "on-accent": contrast(accent, "#ffffff") >= READABLE ? "#ffffff" : "#0b1118",
      plus: on(undefined, PLUS[scheme]),
      minus: on(theme.destructive_text_color, MINUS[scheme]),
    },
  };
}

function apply(theme: Theme): void {
  const made = tokens(theme);
  if (!made) return;
  const root = document.documentElement;
  root.dataset.scheme = made.scheme;
  for (const [name, colour] of Object.entries(made.colours)) root.style.setProperty(`--${name}`, colour);
  const { page = "#ffffff" } = made.colours;
  call("web_app_set_header_color", { color: page as never });
  call("web_app_set_background_color", { color: page as never });
  call("web_app_set_bottom_bar_color", { color: page as never });
}

export function followTheme(): void {
  const app = launched();
  if (app) {
    apply(app.theme);
    listen("theme_changed", ({ theme_params }) => apply(theme_params as Theme));
    if (Object.keys(app.theme).length === 0) call("web_app_request_theme");
    return;
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = (): void => {
    document.documentElement.dataset.scheme = dark.matches ? "dark" : "light";
  };
  follow();
  dark.addEventListener("change", follow);
}
