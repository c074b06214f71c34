import { expect, test } from "vitest";
import type { LogEntry } from "../../src/logs/entry.ts";
import { type FilterOptions, LineFilter } from "../../src/logs/filter.ts";
import { texts } from "./stored.ts";

function entry(text: string, offset: number): LogEntry {
  const place = { service: "api", slot: 1, run: 1, stream: "stdout" as const, offset, timeMs: 0 };
  return { ...place, bytes: Buffer.from(text), begins: true, ends: "newline" };
}

function pick(lines: readonly string[], change: Partial<FilterOptions>): string {
  const filter = new LineFilter({
    ...{ pattern: null, invert: false, level: null, contextLines: 0 },
    ...change,
  });
  const picked = lines.map(entry).flatMap((each) => filter.push(each));
  return `${texts(picked).join(" ")} | ${filter.matched} of ${filter.scanned}`;
}

const lines = ["a1", "b2", "a3", "c4", "d5", "e6", "a7"];

test.each<[string, Partial<FilterOptions>, string]>([
  ["matching lines", { pattern: /a/ }, "a1 a3 a7 | 3 of 7"],
  ["lines that do not match", { pattern: /a/, invert: true }, "b2 c4 d5 e6 | 4 of 7"],
  ["neighbours, each once", { pattern: /b|c/, contextLines: 1 }, "a1 b2 a3 c4 d5 | 2 of 7"],
  ["neighbours of neighbours", { pattern: /d/, contextLines: 2 }, "a3 c4 d5 e6 a7 | 1 of 7"],
  ["nothing", { pattern: /zzz/, contextLines: 3 }, " | 0 of 7"],
])("it gives %s", (_, change, expected) => {
  expect(pick(lines, change)).toBe(expected);
});

test("a level leaves out what is not so bad", () => {
  const levels = ["error: x", "just words", "[warn] y", '{"level":20,"msg":"z"}'];
  expect(pick(levels, { level: "warn" })).toBe("error: x [warn] y | 2 of 4");
  expect(pick(levels, { level: "info" })).toBe("error: x just words [warn] y | 3 of 4");
});

test("colours inside a word do not hide it", () => {
  expect(pick(["\x1b[1mre\x1b[0mady"], { pattern: /ready/ })).toContain("1 of 1");
});
