// @vitest-environment jsdom
import { i18n } from "@lingui/core";
import { plural } from "@lingui/core/macro";
import { describe, expect, test } from "vitest";
import { activate, chooseLanguage } from ".";

describe("the language", () => {
  test.each([
    ["en", ["ru-RU"], "en"],
    [null, ["ru-RU"], "ru"],
    [null, ["uk"], "ru"],
    [null, ["de-DE", "en"], "en"],
    [null, ["en-US", "ru"], "ru"],
    [null, [], "ru"],
    ["fr", ["ru"], "ru"],
  ] as const)("kept %s, preferred %s: %s", (kept, preferred, language) => {
    expect(chooseLanguage(kept, preferred)).toBe(language);
  });

  test("Russian counts as Russians do", async () => {
    await activate("ru");
    const games = (played: number): string => plural(played, { one: "# game", other: "# games" });
    expect([1, 2, 5, 11, 21, 22, 25, 111].map(games)).toEqual([
      "1 партия",
      "2 партии",
      "5 партий",
      "11 партий",
      "21 партия",
      "22 партии",
      "25 партий",
      "111 партий",
    ]);
    expect(document.documentElement.lang).toBe("ru");
    await activate("en");
    expect([1, 2].map(games)).toEqual(["1 game", "2 games"]);
    expect(i18n.locale).toBe("en");
  });
});
