import { expect, test } from "vitest";
import { settled } from "../../test/helpers";
import { oneByOne } from "./one-by-one";

test("whoever asks in the middle waits for the next run, and a failure stops nobody", async () => {
  const ends: ((fault?: Error) => void)[] = [];
  let at = 0;
  let most = 0;
  const ask = oneByOne(async () => {
    at += 1;
    most = Math.max(most, at);
    await new Promise<void>((end, fail) => ends.push((fault) => (fault ? fail(fault) : end()))).finally(() => {
      at -= 1;
    });
  });
  const first = ask();
  await settled();
  const [second, third] = [ask(), ask()];
  await settled();
  expect([second === third, ends.length]).toEqual([true, 1]);
  ends[0]?.(new Error("the first one fails"));
  await expect(first).rejects.toThrow("the first one fails");
  await settled();
  const fourth = ask();
  expect([fourth === second, ends.length]).toEqual([false, 2]);
  ends[1]?.();
  await second;
  await settled();
  ends[2]?.();
  await fourth;
  expect([ends.length, most]).toEqual([3, 1]);
});
