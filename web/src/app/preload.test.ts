// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";
import { reloadOnOldRelease } from "./preload";

const reload = vi.fn();
reloadOnOldRelease();

beforeEach(() => {
  localStorage.clear();
  reload.mockReset();
  vi.stubGlobal("location", { ...window.location, reload });
});

const pieceIsGone = (): boolean => window.dispatchEvent(new Event("vite:preloadError"));

test("a piece of an older release is gone: the page is loaded again, once", async () => {
  const asked = vi.fn(async () => new Response());
  vi.stubGlobal("fetch", asked);
  pieceIsGone();
  await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(1));
  pieceIsGone();
  expect(asked).toHaveBeenCalledTimes(1);
});

test("the net is gone: the page stays, there is no other", async () => {
  const asked = vi.fn(async () => {
    throw new TypeError("no net");
  });
  vi.stubGlobal("fetch", asked);
  pieceIsGone();
  await vi.waitFor(() => expect(asked.mock.settledResults[0]?.type).toBe("rejected"));
  expect(reload).not.toHaveBeenCalled();
  expect(localStorage.getItem("artel.reloaded")).toBeNull();
});
