// Small readers of untyped JSON. A reader that is not satisfied throws; the caller says with which code.
import { type ErrorCode, Refusal } from "./types";

export type Json = Record<string, unknown>;

/** What a map says of an id: nothing that every object has by itself, whatever the id is called. */
export const own = <T>(map: Readonly<Record<string, T>>, id: string): T | undefined =>
  Object.hasOwn(map, id) ? map[id] : undefined;

export class Reader {
  private readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    this.code = code;
  }

  fail(detail: string): never {
    throw new Refusal(this.code, detail);
  }

  object(value: unknown, what: string): Json {
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.fail(`${what} is not an object`);
    return value as Json;
  }

  keys(value: Json, allowed: readonly string[], required: readonly string[] = []): void {
    for (const key of Object.keys(value)) if (!allowed.includes(key)) this.fail(`unknown key ${key}`);
    for (const key of required) if (!(key in value)) this.fail(`${key} is missing`);
  }

  id(value: unknown, what: string): string {
    if (typeof value !== "string" || value.length < 1 || [...value].length > 64) this.fail(`${what} is not an id`);
    return value;
  }

  ids(value: unknown, what: string, min: number, max: number): string[] {
    if (!Array.isArray(value) || value.length < min || value.length > max) this.fail(`${what} is not a list of ids`);
    const ids = value.map((one) => this.id(one, what));
    if (new Set(ids).size !== ids.length) this.fail(`${what} names somebody twice`);
    return ids;
  }

  int(value: unknown, what: string, min = -Infinity, max = Infinity): number {
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      this.fail(`${what} is not such an integer`);
    }
    return value;
  }

  bool(value: unknown, what: string): boolean {
    if (typeof value !== "boolean") this.fail(`${what} is not true or false`);
    return value;
  }

  text(value: unknown, what: string): string {
    if (typeof value !== "string") this.fail(`${what} is not text`);
    return value;
  }

  oneOf<T extends string>(value: unknown, what: string, choices: readonly T[]): T {
    if (!choices.includes(value as T)) this.fail(`${what} is not one of ${choices.join(", ")}`);
    return value as T;
  }
}
