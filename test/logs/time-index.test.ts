import { appendFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeRecord, TimeIndex, type TimeRecord } from "../../src/logs/time-index.ts";
import { storedRuns } from "./stored.ts";

/** Steps of bytes and milliseconds -> records that never go back. */
const records = fc
  .array(fc.record({ bytes: fc.integer({ min: 1, max: 50 }), ms: fc.nat(5) }), { maxLength: 60 })
  .map((steps) => {
    const list: TimeRecord[] = [];
    let [offset, timeMs] = [0, 1000];
    for (const step of steps) {
      offset += step.bytes;
      timeMs += step.ms;
      list.push({ offset, timeMs });
    }
    return list;
  });

test("the time of a byte is that of the first record above it", () => {
  using stored = storedRuns();
  const path = stored.files("api.1/1").outIndex;
  fc.assert(
    fc.property(records, fc.array(fc.nat(3200), { maxLength: 30 }), (list, offsets) => {
      writeFileSync(path, Buffer.concat(list.map(encodeRecord)));
      const index = new TimeIndex(path);
      for (const offset of offsets) {
        const expected = list.find((record) => record.offset > offset)?.timeMs ?? null;
        expect(index.timeAt(offset)).toBe(expected);
      }
      index.close();
    }),
  );
});

test("a bound in time finds the byte where lines of that time begin", () => {
  using stored = storedRuns();
  const path = stored.files("api.1/1").outIndex;
  fc.assert(
    fc.property(records, fc.integer({ min: 990, max: 1310 }), (list, timeMs) => {
      writeFileSync(path, Buffer.concat(list.map(encodeRecord)));
      const index = new TimeIndex(path);
      const last = list.at(-1)?.offset ?? 0;
      const bytes = Array.from({ length: last + 1 }, (_, offset) => offset);
      const isFrom = (offset: number) => (index.timeAt(offset) ?? timeMs) >= timeMs;
      const isAfter = (offset: number) => (index.timeAt(offset) ?? timeMs + 1) > timeMs;
      expect(index.offsetFrom(timeMs)).toBe(bytes.find(isFrom));
      expect(index.offsetAfter(timeMs)).toBe(bytes.find(isAfter));
      index.close();
    }),
  );
});

test("an index larger than a block is read in blocks", () => {
  using stored = storedRuns();
  const path = stored.files("api.1/1").outIndex;
  const many = Array.from({ length: 20_000 }, (_, at) =>
    encodeRecord({ offset: (at + 1) * 10, timeMs: at }),
  );
  writeFileSync(path, Buffer.concat(many));
  const index = new TimeIndex(path);
  expect(index.timeAt(0)).toBe(0);
  expect(index.timeAt(199_999)).toBe(19_999);
  expect(index.timeAt(100_000)).toBe(10_000);
  expect(index.timeAt(200_000)).toBeNull();
  expect(index.offsetFrom(12_345)).toBe(123_450);
  index.close();
});

test("a missing index knows nothing, until it is there", () => {
  using stored = storedRuns();
  const path = stored.files("api.1/1").outIndex;
  const index = new TimeIndex(path);
  expect(index.timeAt(0)).toBeNull();
  expect(index.offsetFrom(5)).toBe(0);
  writeFileSync(path, encodeRecord({ offset: 10, timeMs: 7 }));
  index.refresh();
  expect(index.timeAt(9)).toBe(7);
  appendFileSync(path, encodeRecord({ offset: 20, timeMs: 8 }));
  index.refresh();
  expect(index.timeAt(15)).toBe(8);
  index.close();
});

test("torn and damaged records do not throw", () => {
  using stored = storedRuns();
  const path = stored.files("api.1/1").outIndex;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), (bytes, offset) => {
      writeFileSync(path, bytes);
      const index = new TimeIndex(path);
      index.timeAt(offset);
      index.offsetFrom(offset);
      expect(index.count).toBe(Math.floor(bytes.length / 16));
      index.close();
    }),
  );
});
