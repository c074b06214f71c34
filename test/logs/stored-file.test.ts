import { appendFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseRuns, type StoredStream, streamsOf } from "../../src/logs/catalogue.ts";
import { StoredFile } from "../../src/logs/stored-file.ts";
import { type Stored, storedRuns } from "./stored.ts";

function onlyStream(stored: Stored): StoredStream {
  const [run] = chooseRuns(stored.runs, null, { kind: "all" });
  const [source] = run === undefined ? [] : streamsOf(run, "stdout");
  if (source === undefined) throw new Error("there is no file");
  return source;
}

const parts = fc.array(fc.constantFrom("a", "bb", "\n", "\r\n", "ü"), { maxLength: 40 });

test("the last lines found from the end are the last lines", () => {
  fc.assert(
    fc.property(parts, fc.nat(12), (pieces, count) => {
      using stored = storedRuns();
      stored.write("api.1/1", pieces.join(""));
      const file = new StoredFile(onlyStream(stored));
      const whole = { from: 0, below: file.size };
      const all = [...file.lines(whole)];
      const expected = count === 0 ? [] : all.slice(-count);
      expect([...file.lines(file.tail(whole, count))]).toEqual(expected);
      file.close();
    }),
  );
});

test("the last lines of a large file are found across its blocks", () => {
  using stored = storedRuns();
  const lines = Array.from({ length: 30_000 }, (_, at) => `line ${at}`);
  stored.write("api.1/1", `${lines.join("\n")}\n`);
  const file = new StoredFile(onlyStream(stored));
  const tail = [...file.lines(file.tail({ from: 0, below: file.size }, 25_000))];
  expect(tail.length).toBe(25_000);
  expect(tail[0]?.bytes.toString()).toBe("line 5000");
  expect(tail.at(-1)?.bytes.toString()).toBe("line 29999");
  file.close();
});

test("a span of time holds exactly the lines with such times", () => {
  const writes = fc.array(fc.tuple(parts, fc.nat(4)), { maxLength: 10 });
  const bound = fc.option(fc.integer({ min: 995, max: 1030 }));
  fc.assert(
    fc.property(writes, bound, bound, (list, sinceMs, untilMs) => {
      using stored = storedRuns();
      let timeMs = 1000;
      for (const [pieces, step] of list) {
        timeMs += step;
        if (pieces.length > 0) stored.write("api.1/1", pieces.join(""), { timeMs });
      }
      stored.write("api.1/1", "");
      const file = new StoredFile(onlyStream(stored));
      const all = [...file.lines({ from: 0, below: file.size })];
      const expected = all.filter((line) => {
        const at = file.timeAt(line.offset);
        return at >= (sinceMs ?? 0) && at <= (untilMs ?? Number.POSITIVE_INFINITY);
      });
      expect([...file.lines(file.span(sinceMs, untilMs))]).toEqual(expected);
      file.close();
    }),
    { numRuns: 300 },
  );
});

test("lines after the last record have the time of the last write", () => {
  using stored = storedRuns();
  stored.write("api.1/1", "known\n", { timeMs: 1000 });
  stored.write("api.1/1", "later\n");
  const file = new StoredFile(onlyStream(stored));
  expect(file.timeAt(0)).toBe(1000);
  expect(file.timeAt(6)).toBeGreaterThan(Date.now() - 60_000);
  expect([...file.lines(file.span(2000, null))].map((line) => line.offset)).toEqual([6]);
  file.close();
});

test("what is written after it was opened does not exist for it", () => {
  using stored = storedRuns();
  stored.write("api.1/1", "one\ntw");
  const source = onlyStream(stored);
  const file = new StoredFile(source);
  appendFileSync(source.path, "o\nthree\n");
  const lines = [...file.lines({ from: 0, below: file.size })];
  expect(lines.map((line) => `${line.bytes} ${line.ends}`)).toEqual(["one newline", "tw eof"]);
  expect(file.wholeEnd()).toBe(4);
  file.close();
});

test("a file that is not there is empty", () => {
  using stored = storedRuns();
  stored.write("api.1/1", "x");
  const file = new StoredFile({ ...onlyStream(stored), path: "/nonexistent/1.out" });
  expect(file.size).toBe(0);
  expect([...file.lines(file.span(null, null))]).toEqual([]);
  expect(file.wholeEnd()).toBe(0);
  file.close();
});
