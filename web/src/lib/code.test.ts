import { expect, test } from "vitest";
import { codeOf } from "./code";

test("a code is read whatever keyboard it was typed on", () => {
  expect(codeOf("7g6-kbk")).toBe("7G6KBK");
  expect(codeOf("7к6 вкм")).toBe("7K6BKM");
  expect(codeOf("АВЕКМН")).toBe("ABEKMH");
  expect(codeOf("рстух2")).toBe("PCTYX2");
});

test("what is in no code is left out, and what is too long is cut", () => {
  expect(codeOf("Ж7Щ")).toBe("7");
  expect(codeOf("ABCDEFGH")).toBe("ABCDEF");
});
