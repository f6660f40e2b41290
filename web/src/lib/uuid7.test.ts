import { expect, test } from "vitest";
import { uuid7 } from "./uuid7";

test("ids are UUIDv7 and sort in the order of making, whatever the clock does", () => {
  const clock = [1_800_000_000_000, 1_800_000_000_000, 1_799_999_999_999, 1_800_000_000_001];
  const made = clock.map((now) => uuid7(now));
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([...made].sort()).toEqual(made);
  expect(Number.parseInt(made[0]?.replace("-", "").slice(0, 12) ?? "", 16)).toBe(clock[0]);
});

test("many in one millisecond stay in order", () => {
  const made = Array.from({ length: 5000 }, () => uuid7(1_900_000_000_000));
  expect([...made].sort()).toEqual(made);
  expect(new Set(made).size).toBe(5000);
});
