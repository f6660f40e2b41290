import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";

interface Chunk {
  file: string;
  imports?: string[];
  css?: string[];
}

const out = mkdtempSync(join(tmpdir(), "artel-build-"));
let manifest: Record<string, Chunk>;

beforeAll(() => {
  const root = join(import.meta.dirname, "..");
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const env = { ...process.env, NODE_ENV: "production" };
  execFileSync(process.execPath, [vite, "build", "--logLevel", "error", "--outDir", out], { cwd: root, env });
  manifest = JSON.parse(readFileSync(join(out, ".vite/manifest.json"), "utf8"));
}, 120_000);

afterAll(() => rmSync(out, { recursive: true, force: true }));

function filesOf(entry: string, seen = new Set<string>()): Set<string> {
  const chunk = manifest[entry];
  if (!chunk) throw new Error(`${entry} is not in the build`);
  if (seen.has(chunk.file)) return seen;
  for (const file of [chunk.file, ...(chunk.css ?? [])]) seen.add(file);
  for (const imported of chunk.imports ?? []) filesOf(imported, seen);
  return seen;
}

const gzipped = (files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(out, file))).length, 0);

const BUDGET = 170 * 1024;
const LANGUAGES = ["src/locales/ru.po", "src/locales/en.po"];
const FIRST_SCREENS = ["src/screens/home.tsx", "src/screens/table/index.tsx", "src/screens/shared/index.tsx"];

test.each(FIRST_SCREENS.flatMap((screen) => LANGUAGES.map((language) => [screen, language] as const)))(
  "%s with %s comes in 170 KiB",
  (screen, language) => {
    const files = new Set(["index.html"]);
    for (const entry of ["index.html", screen, language]) filesOf(entry, files);
    expect(gzipped(files)).toBeLessThanOrEqual(BUDGET);
  },
);
