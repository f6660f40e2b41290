import { describe, expect, test } from "vitest";
import { contrast, readable, tokens } from "./theme";

const THEMES: Record<string, Record<string, string>> = {
  "Telegram light": {
    bg_color: "#ffffff",
    secondary_bg_color: "#f1f1f1",
    text_color: "#000000",
    hint_color: "#999999",
  },
  "Telegram dark": { bg_color: "#17212b", secondary_bg_color: "#0e1621", text_color: "#f5f5f5", hint_color: "#708499" },
  "somebody's pink": {
    bg_color: "#ffe0ef",
    secondary_bg_color: "#ffd0e6",
    text_color: "#ff9ccb",
    hint_color: "#ffb3d9",
    accent_text_color: "#ff77bb",
    destructive_text_color: "#ffaaaa",
  },
  "somebody's grey": {
    bg_color: "#7a7a7a",
    secondary_bg_color: "#6f6f6f",
    text_color: "#888888",
    hint_color: "#808080",
  },
};

const TEXTS = ["text", "hint", "accent", "plus", "minus"] as const;

describe.each(Object.entries(THEMES))("%s", (_, theme) => {
  test.each(TEXTS)("%s can be read on all surfaces", (name) => {
    const colours = tokens(theme)?.colours ?? {};
    const surfaces = [colours.page ?? "", colours.card ?? "", colours.well ?? ""];
    const worst = (colour: string): number => Math.min(...surfaces.map((surface) => contrast(colour, surface)));
    const possible = Math.min(4.5, Math.max(worst("#000000"), worst("#ffffff")));
    expect(worst(colours[name] ?? "")).toBeGreaterThanOrEqual(possible);
  });
});

test("a colour that can be read stays as it is", () => {
  expect(readable("#1a68b3", ["#ffffff"])).toBe("#1a68b3");
});

test("no theme, no colours", () => {
  expect(tokens({})).toBeNull();
});
