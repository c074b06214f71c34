import fc from "fast-check";
import { expect, test } from "vitest";
import type { LogEntry } from "../../src/logs/entry.ts";
import { mergeEntries } from "../../src/logs/merge.ts";

const NOTHING = Buffer.alloc(0);

function entry(run: number, offset: number, timeMs: number): LogEntry {
  const place = { service: "api", slot: 1, run, stream: "stdout" as const, offset, timeMs };
  return { ...place, bytes: NOTHING, begins: true, ends: "newline" };
}

/** One list of rising times a source. */
const lists = fc.array(fc.array(fc.nat(6), { maxLength: 12 }), { maxLength: 6 }).map((sources) =>
  sources.map((steps, run) => {
    let timeMs = run;
    return steps.map((step, offset) => {
      timeMs += step;
      return entry(run, offset, timeMs);
    });
  }),
);

test("the merge is in time order, then in source order, and loses nothing", () => {
  fc.assert(
    fc.property(lists, (sources) => {
      const merged = mergeEntries(
        sources.map((list) => ({ startsMs: list[0]?.timeMs ?? 0, open: () => list.values() })),
      );
      const expected = sources.flat();
      expected.sort((a, b) => a.timeMs - b.timeMs || a.run - b.run || a.offset - b.offset);
      expect([...merged]).toEqual(expected);
    }),
  );
});

test("the order inside a source is kept even where its times go back", () => {
  const list = [entry(1, 0, 50), entry(1, 1, 10), entry(1, 2, 60)];
  const other = [entry(2, 0, 20)];
  const merged = mergeEntries([
    { startsMs: 10, open: () => list.values() },
    { startsMs: 20, open: () => other.values() },
  ]);
  const offsets = [...merged].filter((one) => one.run === 1).map((one) => one.offset);
  expect(offsets).toEqual([0, 1, 2]);
});

test("a source is opened only when its time has come, and closed when nobody wants more", () => {
  const log: string[] = [];
  const source = (name: number, times: number[]) => ({
    startsMs: times[0] ?? 0,
    open: function* () {
      log.push(`open ${name}`);
      try {
        for (const [offset, timeMs] of times.entries()) yield entry(name, offset, timeMs);
      } finally {
        log.push(`close ${name}`);
      }
    },
  });
  const merged = mergeEntries([source(1, [1, 2, 9]), source(2, [5, 6]), source(3, [20])]);
  const seen: number[] = [];
  for (const one of merged) {
    seen.push(one.timeMs);
    if (one.timeMs === 6) break;
  }
  expect(seen).toEqual([1, 2, 5, 6]);
  expect(log).toEqual(["open 1", "open 2", "close 1", "close 2"]);
});
