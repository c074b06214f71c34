import { expect, test } from "vitest";
import type { LogEntry } from "../../src/logs/entry.ts";
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
  expect(toJsonEntry(entry, true).line).toBe("\x1b[31merror: no\x1b[0m");
  expect(toJsonEntry({ ...entry, ends: "piece" }, false).partial).toBe(true);
  expect(toJsonEntry({ ...entry, bytes: Buffer.from("x") }, false).level).toBeNull();
});
