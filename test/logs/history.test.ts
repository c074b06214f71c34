import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineFilter } from "../../src/logs/filter.ts";
import { endPositions, openHistory } from "../../src/logs/history.ts";
import { query, type Stored, storedRuns, texts } from "./stored.ts";

/** Two services, three runs, both streams, with known times. */
function shop(stored: Stored): void {
  stored.write("api.1/1", "api old\n", { timeMs: 1000 });
  stored.ledger("api.1/1", "exit 1");
  stored.write("api.1/2", "api new\n", { timeMs: 3000 });
  stored.write("worker.1/1", "worker one\n", { timeMs: 2000 });
  stored.write("api.1/2", "api oops\n", { timeMs: 3500, stream: "stderr" });
  stored.write("worker.1/1", "worker two\n", { timeMs: 4000 });
  stored.write("api.1/2", "api last\n", { timeMs: 5000 });
}

describe("a query", () => {
  test("gives the lines of all services, runs and streams in time order", async () => {
    using stored = storedRuns();
    shop(stored);
    const entries = await query(stored.runs);
    expect(texts(entries)).toEqual([
      "api old",
      "worker one",
      "api new",
      "api oops",
      "worker two",
      "api last",
    ]);
    expect(entries[3]).toMatchObject({
      service: "api",
      slot: 1,
      run: 2,
      stream: "stderr",
      offset: 0,
      timeMs: 3500,
    });
  });

  test.each([
    ["the last lines over all", { last: 2 }, ["worker two", "api last"]],
    ["no line at all", { last: 0 }, []],
    ["more lines than there are", { last: 99 }, 6],
    ["one service", { targets: [{ service: "worker", slot: null }] }, ["worker one", "worker two"]],
    ["one stream", { stream: "stderr" as const }, ["api oops"]],
    ["the previous run", { choice: { kind: "previous" as const } }, ["api old"]],
    ["a run by number", { choice: { kind: "number" as const, run: 2 } }, 3],
    ["from a time on", { sinceMs: 4000 }, ["worker two", "api last"]],
    ["until a time", { untilMs: 2000 }, ["api old", "worker one"]],
    ["between times", { sinceMs: 2500, untilMs: 3999 }, ["api new", "api oops"]],
    ["the last of a time", { untilMs: 3999, last: 1 }, ["api oops"]],
  ])("can be for %s", async (_, change, expected) => {
    using stored = storedRuns();
    shop(stored);
    const found = texts(await query(stored.runs, change));
    if (typeof expected === "number") expect(found.length).toBe(expected);
    else expect(found).toEqual(expected);
  });

  test("of matching lines takes the last of those", async () => {
    using stored = storedRuns();
    shop(stored);
    const filter = () =>
      new LineFilter({ pattern: /api/, invert: false, level: null, contextLines: 0 });
    expect(texts(await query(stored.runs, { filter: filter(), last: 2 }))).toEqual([
      "api oops",
      "api last",
    ]);
    expect((await query(stored.runs, { filter: filter() })).length).toBe(4);
  });

  test("over nothing gives nothing", async () => {
    using stored = storedRuns();
    expect(await query(stored.runs)).toEqual([]);
    expect(await query("/nonexistent/runs", { last: 5 })).toEqual([]);
    stored.write("api.1/1", "");
    expect(await query(stored.runs, { last: 5 })).toEqual([]);
  });

  test("shows the unfinished last words of a run", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "fine\nabout to cra");
    const entries = await query(stored.runs, { last: 1 });
    expect(entries).toMatchObject([{ ends: "eof", offset: 5 }]);
    expect(texts(entries)).toEqual(["about to cra"]);
  });

  test("keeps the pieces of a very long line together", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", `${"x".repeat(200_000)}\n`, { timeMs: 1000 });
    stored.write("web.1/1", "same time\n", { timeMs: 1000 });
    const entries = await query(stored.runs, { last: 2 });
    expect(entries.map((one) => `${one.service} ${one.ends}`)).toEqual([
      "api piece",
      "api piece",
      "api piece",
      "api newline",
      "web newline",
    ]);
  });
});

interface Write {
  readonly name: string;
  readonly stream: "stdout" | "stderr";
  readonly step: number;
  readonly lines: number;
}

const writes = fc.array(
  fc.record<Write>({
    name: fc.constantFrom("api.1/1", "api.1/2", "api.2/1", "web.1/1", "web.1/3"),
    stream: fc.constantFrom("stdout", "stderr"),
    step: fc.nat(3),
    lines: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 25 },
);

function writeAll(stored: Stored, list: readonly Write[]): void {
  let [timeMs, count] = [1000, 0];
  for (const { name, stream, step, lines } of list) {
    timeMs += step;
    for (let line = 0; line < lines; line += 1) {
      stored.write(name, `${name} ${count}\n`, { stream, timeMs });
      count += 1;
    }
  }
}

test("the last lines are the end of all lines, whatever was written where", async () => {
  await fc.assert(
    fc.asyncProperty(writes, fc.nat(20), async (list, last) => {
      using stored = storedRuns();
      writeAll(stored, list);
      const all = await query(stored.runs);
      const times = all.map((one) => one.timeMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(all.length).toBe(list.reduce((sum, one) => sum + one.lines, 0));
      const expected = last === 0 ? [] : all.slice(-last);
      expect(texts(await query(stored.runs, { last }))).toEqual(texts(expected));
    }),
    { numRuns: 60 },
  );
});

describe("positions for a follower", () => {
  test("are the ends of whole lines, and the unfinished line is left to the follower", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "whole\nunfin");
    stored.write("web.1/1", "died with");
    stored.ledger("web.1/1", "exit 1");
    const change = { isFollowed: true, last: 10 };
    const found = await query(stored.runs, change);
    expect(texts(found).toSorted()).toEqual(["died with", "whole"]);
    const all = { runs: stored.runs, targets: null, stream: null };
    expect(endPositions(all).get(stored.files("api.1/1").out)).toBe(6);
    expect(endPositions(all).get(stored.files("web.1/1").out)).toBe(9);
  });

  test("are those of the moment of the query, not of its reading", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "before\n");
    const history = openHistory({
      ...{ runs: stored.runs, targets: null, choice: { kind: "all" }, stream: null },
      ...{ sinceMs: null, untilMs: null, last: null, filter: null, isFollowed: true },
    });
    stored.write("api.1/1", "after\n");
    const entries = [];
    for await (const batch of history.batches) entries.push(...batch);
    expect(texts(entries)).toEqual(["before"]);
    expect(history.positions.get(stored.files("api.1/1").out)).toBe(7);
  });
});

test("the last lines of a large file come at once", async () => {
  using stored = storedRuns();
  const { out } = stored.files("api.1/1");
  writeFileSync(out, `${"x".repeat(99)}\n`.repeat(1_000_000));
  const start = performance.now();
  const entries = await query(stored.runs, { last: 100 });
  expect(performance.now() - start).toBeLessThan(200);
  expect(entries.length).toBe(100);
});
