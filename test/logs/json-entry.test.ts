import { expect, test } from "vitest";
import { entryText, type LogEntry } from "../../src/logs/entry.ts";
import { toJsonEntry } from "../../src/logs/json-entry.ts";

const entry: LogEntry = {
  ...{ service: "api", slot: 2, run: 4, stream: "stderr", offset: 88121, timeMs: 0 },
  ...{ bytes: Buffer.from("\x1b[31merror: no\x1b[0m"), begins: true, ends: "newline" },
};

test("an entry for programs has everything that is known", () => {
  expect(toJsonEntry(entry, false)).toEqual({
    v: 1,
    kind: "log",
    time: "1970-01-01T00:00:00.000Z",
    service: "api",
    instance: 2,
    run: 4,
    stream: "stderr",
    level: "error",
    line: "error: no",
    seq: 88121,
  });
});

test("raw keeps colours, and pieces are marked", () => {
  expect(toJsonEntry(entry, true)).toMatchObject({ line: "\x1b[31merror: no\x1b[0m" });
  expect(toJsonEntry({ ...entry, ends: "piece" }, false)).toMatchObject({ partial: true });
  expect(toJsonEntry({ ...entry, bytes: Buffer.from("x") }, false)).toMatchObject({ level: null });
});

test("what was dropped is a kind of its own", () => {
  const gap: LogEntry = { ...entry, bytes: Buffer.alloc(0), dropped: 3_210_000 };
  expect(toJsonEntry(gap, false)).toEqual({
    v: 1,
    kind: "log_gap",
    time: "1970-01-01T00:00:00.000Z",
    service: "api",
    instance: 2,
    run: 4,
    stream: "stderr",
    seq: 88121,
    bytes: 3_210_000,
  });
  expect(entryText(gap)).toBe("(3.2 MB of output of api.2 dropped: over its log limits)");
});
