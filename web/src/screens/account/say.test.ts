import { i18n } from "@lingui/core";
import { beforeAll, expect, test } from "vitest";
import { tooOften } from "./say";
import { WORDS } from "./words";

beforeAll(async () => {
  await WORDS("ru");
  i18n.activate("ru");
});

test.each([
  [1, "1 секунду"],
  [2, "2 секунды"],
  [0.2, "1 секунду"],
  [25, "25 секунд"],
  [119, "119 секунд"],
  [120, "2 минуты"],
  [121, "3 минуты"],
  [21 * 60, "21 минуту"],
  [3600, "60 минут"],
  [7200, "2 часа"],
  [20 * 3600 + 1, "21 час"],
  [86_400, "24 часа"],
])("%s seconds: %s", (seconds, words) => {
  expect(tooOften(seconds)).toBe(`Слишком часто. Попробуйте через ${words}.`);
});
