import { describe, expect, test } from "vitest";
import { minorDigits, money, parseMoney, points, signedMoney } from "./money";

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, " ");

describe("money as text", () => {
  test.each([
    [30_000, "RUB", "ru", "300 ₽"],
    [30_050, "RUB", "ru", "300,50 ₽"],
    [-30_000, "RUB", "ru", "−300 ₽"],
    [123_456_700, "RUB", "ru", "1 234 567 ₽"],
    [30_000, "RUB", "en", "₽300"],
    [-30_050, "USD", "en", "−$300.50"],
    [300, "JPY", "ru", "300 ¥"],
    [0, "RUB", "ru", "0 ₽"],
    [50_000, "HUF", "en", "Ft 500"],
    [50_050, "RSD", "en", "RSD 500.50"],
    [500_001, "IQD", "en", "IQD 500.001"],
  ])("%d %s in %s is %s", (minor, currency, language, text) => {
    expect(plain(money(minor, currency, language))).toBe(text);
  });

  test("a sign where it matters, and none at nothing", () => {
    expect(plain(signedMoney(5000, "RUB", "ru"))).toBe("+50 ₽");
    expect(plain(signedMoney(-5000, "RUB", "ru"))).toBe("−50 ₽");
    expect(plain(signedMoney(0, "RUB", "ru"))).toBe("0 ₽");
  });

  test("points have a real minus", () => {
    expect([points(3), points(-3), points(3, true), points(0, true)]).toEqual(["3", "−3", "+3", "0"]);
  });
});

describe("money that was typed", () => {
  test.each([
    ["50", "RUB", 5000],
    ["99,5", "RUB", 9950],
    ["99.05", "RUB", 9905],
    ["1 500", "RUB", 150_000],
    ["1\u00a0500,00", "RUB", 150_000],
    ["500", "JPY", 500],
    ["500", "HUF", 50_000],
    ["0,5", "IQD", 500],
  ])("%s %s", (text, currency, minor) => expect(parseMoney(text, currency)).toBe(minor));

  test.each(["", "abc", "-5", "1,234", "1.2.3", "5,", "1e5", "9999999999"])("%s is no amount", (text) => {
    expect(parseMoney(text, "RUB")).toBeNull();
  });

  test("a currency without parts has none", () => {
    expect(minorDigits("JPY")).toBe(0);
    expect(parseMoney("5,5", "JPY")).toBeNull();
  });
});
