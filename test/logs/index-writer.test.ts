import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Indexer } from "../../src/logs/index-writer.ts";
import { thinIndex } from "../../src/logs/thin-index.ts";
import { encodeRecord, RECORD_BYTES, TimeIndex } from "../../src/logs/time-index.ts";
import { eventually, storedRuns } from "./stored.ts";

function recordsOf(path: string): { offset: number; timeMs: number }[] {
  try {
    const bytes = readFileSync(path);
    return Array.from({ length: Math.floor(bytes.length / RECORD_BYTES) }, (_, at) => ({
      offset: Number(bytes.readBigUInt64LE(at * RECORD_BYTES)),
      timeMs: bytes.readDoubleLE(at * RECORD_BYTES + 8),
    }));
  } catch {
    return [];
  }
}

const lastOffset = (path: string) => recordsOf(path).at(-1)?.offset ?? 0;

test("what a program writes gets a time within moments", async () => {
  using stored = storedRuns();
  const indexer = new Indexer();
  const files = stored.files("api.1/1");
  indexer.watchRun(files);
  const before = Date.now();
  stored.write("api.1/1", "one\n");
  stored.write("api.1/1", "oops\n", { stream: "stderr" });
  await eventually(
    () => lastOffset(files.outIndex) === 4 && lastOffset(files.errIndex) === 5,
    () => JSON.stringify([recordsOf(files.outIndex), recordsOf(files.errIndex)]),
  );
  const [record] = recordsOf(files.outIndex);
  expect(record?.timeMs).toBeGreaterThan(before - 50);
  expect(record?.timeMs).toBeLessThan(Date.now() + 50);
  indexer.close();
});

test("a flood makes few records, and none is missing at its end", async () => {
  using stored = storedRuns();
  const indexer = new Indexer();
  const files = stored.files("api.1/1");
  indexer.watchRun(files);
  const start = performance.now();
  let bytes = 0;
  while (performance.now() - start < 300) {
    for (let line = 0; line < 20; line += 1) appendFileSync(files.out, "0123456789\n");
    bytes += 20 * 11;
    await new Promise((resolve) => setImmediate(resolve));
  }
  indexer.endRun(files);
  const records = recordsOf(files.outIndex);
  expect(records.at(-1)?.offset).toBe(bytes);
  expect(records.length).toBeLessThan(60);
  expect(records.length).toBeGreaterThan(5);
  for (const [at, record] of records.entries()) {
    const last = records[at - 1] ?? { offset: 0, timeMs: 0 };
    expect(record.offset).toBeGreaterThan(last.offset);
    expect(record.timeMs).toBeGreaterThanOrEqual(last.timeMs);
  }
});

test("a supervisor that comes later goes on where the last one stopped", () => {
  using stored = storedRuns();
  const files = stored.files("api.1/1");
  stored.write("api.1/1", "old\n", { timeMs: 1000 });
  stored.write("api.1/1", "while nobody looked\n");
  const indexer = new Indexer();
  indexer.watchRun(files);
  indexer.endRun(files);
  const records = recordsOf(files.outIndex);
  expect(records.map((record) => record.offset)).toEqual([4, 24]);
  expect(records[1]?.timeMs).toBeCloseTo(statSync(files.out).mtimeMs, 0);
});

test("a clock that was set back does not make times go back", () => {
  using stored = storedRuns();
  const future = Date.now() + 3_600_000;
  stored.write("api.1/1", "written tomorrow\n", { timeMs: future });
  appendFileSync(stored.files("api.1/1").out, "now\n");
  const indexer = new Indexer();
  indexer.watchRun(stored.files("api.1/1"));
  indexer.close();
  expect(recordsOf(stored.files("api.1/1").outIndex).map((one) => one.timeMs)).toEqual([
    future,
    future,
  ]);
});

test("a torn record of an earlier supervisor is dropped", () => {
  using stored = storedRuns();
  const files = stored.files("api.1/1");
  stored.write("api.1/1", "a\n", { timeMs: 1000 });
  appendFileSync(files.outIndex, Buffer.alloc(7));
  stored.write("api.1/1", "b\n");
  const indexer = new Indexer();
  indexer.watchRun(files);
  indexer.close();
  const index = new TimeIndex(files.outIndex);
  expect(index.count).toBe(2);
  expect(index.last()?.offset).toBe(4);
  index.close();
});

test("two runs of one slot are indexed side by side", async () => {
  using stored = storedRuns();
  const indexer = new Indexer();
  const [first, second] = [stored.files("api.1/1"), stored.files("api.1/2")];
  indexer.watchRun(first);
  indexer.watchRun(second);
  stored.write("api.1/1", "draining\n");
  stored.write("api.1/2", "new\n");
  await eventually(
    () => lastOffset(first.outIndex) === 9 && lastOffset(second.outIndex) === 4,
    () => JSON.stringify([recordsOf(first.outIndex), recordsOf(second.outIndex)]),
  );
  indexer.endRun(first);
  stored.write("api.1/2", "goes on\n");
  await eventually(
    () => lastOffset(second.outIndex) === 12,
    () => JSON.stringify(recordsOf(second.outIndex)),
  );
  indexer.close();
});

test("files and folders that vanish are no reason to fail", () => {
  using stored = storedRuns();
  const indexer = new Indexer();
  const files = stored.files("api.1/1");
  writeFileSync(files.out, "x\n");
  indexer.watchRun(files);
  rmSync(files.folder, { recursive: true });
  indexer.watchRun(stored.files("worker.1/1"));
  indexer.endRun(files);
  indexer.endRun(files);
  indexer.close();
  const gone = { ...files, folder: `${files.folder}-gone` };
  indexer.watchRun(gone);
  indexer.endRun(gone);
});

test("an index that gets long is thinned out: what was dropped has no times, what is old has coarse ones", () => {
  using stored = storedRuns();
  const { outIndex } = stored.files("api.1/1");
  const records = Array.from({ length: 1000 }, (_, at) => ({ offset: at * 10 + 10, timeMs: at }));
  writeFileSync(outIndex, Buffer.concat(records.map(encodeRecord)));
  const reader = new TimeIndex(outIndex);
  expect(thinIndex(outIndex, 1000)).toBe(700);
  reader.refresh();
  expect(reader.count).toBe(700);
  // Of two neighbours the later one tells the time of both.
  expect(reader.timeAt(2000)).toBe(201);
  expect(reader.timeAt(2010)).toBe(201);
  for (const { offset, timeMs } of records.slice(500))
    expect(reader.timeAt(offset - 1)).toBe(timeMs);
  expect(reader.last()).toEqual(records.at(-1));
  reader.close();
});
