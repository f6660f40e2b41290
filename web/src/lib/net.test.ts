// @vitest-environment jsdom
import { onlineManager } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { queries } from "../app/queries";
import { withoutNet } from "./net";

afterEach(() => onlineManager.setOnline(true));

test("a laptop without any network plays on its own server", async () => {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  expect(withoutNet("127.0.0.1")).toBe(false);
  expect(withoutNet("artel.example")).toBe(true);
});

test("what is asked is asked, whatever the browser thinks of the net", async () => {
  onlineManager.setOnline(false);
  expect(await queries.fetchQuery({ queryKey: ["net"], queryFn: async () => "answer" })).toBe("answer");
});
