import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { replay } from "../src/engine/replay";

interface Vector {
  case: { id: string };
  expect: { error?: { code: string; event: number | null }; transfers_count?: number } & Record<string, unknown>;
}

const file = resolve(import.meta.dirname, "../../tests/engine/vectors/scoring.jsonl");
const vectors: Vector[] = existsSync(file)
  ? readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.trim())
      .map((line) => JSON.parse(line))
  : [];

test("the vectors are there", () => {
  expect(vectors.length).toBeGreaterThanOrEqual(148);
});

describe("the fold says what the server's engine says", () => {
  test.each(vectors.map((vector) => [vector.case.id, vector] as const))("%s", (_, vector) => {
    const result = replay(vector.case);
    if ("error" in result) {
      expect({ id: result.id, error: { code: result.error.code, event: result.error.event } }).toEqual(vector.expect);
      return;
    }
    const { transfers, ...rest } = result;
    expect({ ...rest, transfers_count: transfers.length }).toEqual(vector.expect);
    const left = { ...result.balances };
    for (const { from, to, amount } of transfers) {
      left[from] = (left[from] ?? 0) + amount;
      left[to] = (left[to] ?? 0) - amount;
    }
    expect(new Set(Object.values(left).map((n) => n + 0))).toEqual(new Set(Object.keys(left).length ? [0] : []));
  });
});
