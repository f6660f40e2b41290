import { describe, expect, test } from "vitest";
import { isInsideAnotherApp } from "./webview";

const SAFARI =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1";
const CHROME =
  "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36";

describe("a browser of its own", () => {
  test.each([
    SAFARI,
    CHROME,
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
  ])("%s", (userAgent) => {
    expect(isInsideAnotherApp(userAgent)).toBe(false);
  });
});

describe("inside another app", () => {
  test.each([
    CHROME.replace("Android 16; K", "Android 16; Pixel 9 Build/BP1A; wv"),
    `${CHROME} Telegram-Android/12.1.0 (Google Pixel 9; Android 16; SDK 36; HIGH)`,
    `${CHROME} Instagram 400.0.0.0`,
    SAFARI.replace(" Version/26.1", "").replace(" Safari/604.1", ""),
    `${SAFARI.replace(" Safari/604.1", "")} [FBAN/FBIOS;FBAV/500.0]`,
  ])("%s", (userAgent) => {
    expect(isInsideAnotherApp(userAgent)).toBe(true);
  });
});
