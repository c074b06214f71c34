import { expect, test } from "vitest";
import { lastLines } from "../../src/logs/last-lines.ts";
import { storedRuns } from "./stored.ts";

test("last words are the last lines of both streams in time order", () => {
  using stored = storedRuns();
  stored.write("api.1/1", "starting\n", { timeMs: 1000 });
  stored.write("api.1/1", "\x1b[31mError: DATABASE_URL is not set\x1b[0m\n\n", {
    timeMs: 2000,
    stream: "stderr",
  });
  stored.write("api.1/1", "bye", { timeMs: 3000 });
  const files = stored.files("api.1/1");
  expect(lastLines(files, 2)).toEqual(["Error: DATABASE_URL is not set", "bye"]);
  expect(lastLines(files, 9)).toEqual(["starting", "Error: DATABASE_URL is not set", "bye"]);
  expect(lastLines(files, 0)).toEqual([]);
});

test("a run that wrote nothing has no last words", () => {
  using stored = storedRuns();
  expect(lastLines(stored.files("api.1/1"), 5)).toEqual([]);
});

test("a last line without end is cut, and a large file is not read whole", () => {
  using stored = storedRuns();
  stored.write("api.1/1", `${"x".repeat(99)}\n`.repeat(500_000));
  stored.write("api.1/1", "y".repeat(100_000));
  const start = performance.now();
  const lines = lastLines(stored.files("api.1/1"), 2);
  expect(performance.now() - start).toBeLessThan(200);
  expect(lines[0]).toBe("x".repeat(99));
  expect(lines[1]).toBe(`${"y".repeat(2000)}…`);
});
