import { expect, test } from "vitest";
import type { LogEntry } from "../../src/logs/entry.ts";
import { LogPrinter, type PrintOptions } from "../../src/logs/print.ts";
import { storedRuns } from "./stored.ts";

const AT = new Date(2026, 2, 1, 12, 4, 31, 250).getTime();

function printer(change: Partial<PrintOptions> = {}): LogPrinter {
  return new LogPrinter({
    runs: "/nonexistent/runs",
    time: "none",
    color: false,
    ascii: false,
    rules: true,
    readsJson: true,
    prefix: true,
    others: [],
    ...change,
  });
}

function entry(name: string, text: string, change: Partial<LogEntry> = {}): LogEntry {
  const [, service = "", slot, run] = /^(.+)\.(\d+)\/(\d+)$/.exec(name) ?? [];
  const place = { service, slot: Number(slot), run: Number(run), stream: "stdout" as const };
  const line = { offset: 0, timeMs: AT, bytes: Buffer.from(text), begins: true };
  return { ...place, ...line, ends: "newline", ...change };
}

test("a line has its time and its name in front", () => {
  const made = printer({ time: "clock" });
  made.expect({ service: "worker", slot: 1 });
  expect(made.print(entry("api.1/1", "GET /"))).toBe("12:04:31 api    │ GET /\n");
  expect(made.other("procs", "reloaded", AT)).toBe("12:04:31 procs  │ reloaded\n");
});

test("programs get times they can read", () => {
  expect(printer({ time: "iso" }).print(entry("api.1/1", "x"))).toBe(
    `${new Date(AT).toISOString()} x\n`,
  );
  const utc = new Date(AT).toISOString().slice(11, 19);
  expect(printer({ time: "clock-utc" }).print(entry("api.1/1", "x"))).toBe(`${utc} x\n`);
});

test("a restart draws a rule with the exit of the run before", () => {
  using stored = storedRuns();
  stored.ledger("worker.1/2", "exit 1");
  const made = printer({ runs: stored.runs });
  made.print(entry("worker.1/1", "first"));
  expect(made.print(entry("worker.1/3", "again"))).toBe(
    "   ── worker exit 1, restarted (run 3) ──\nagain\n",
  );
  expect(made.print(entry("worker.1/3", "more"))).toBe("more\n");
  expect(made.print(entry("worker.1/4", "x"))).toContain("── worker started anew (run 4) ──");
});

test("in a rolling replacement the old run may still write, without a rule", () => {
  const made = printer();
  made.print(entry("api.1/1", "old"));
  made.print(entry("api.1/2", "new"));
  expect(made.print(entry("api.1/1", "draining"))).toBe("draining\n");
  expect(made.print(entry("api.1/2", "serving"))).toBe("serving\n");
});

test("no rules where only lines are wanted", () => {
  const made = printer({ rules: false });
  made.print(entry("api.1/1", "old"));
  expect(made.print(entry("api.1/2", "new"))).toBe("new\n");
});

test("a very long line is one line again", () => {
  const made = printer();
  const text = [
    made.print(entry("api.1/1", "aaa", { ends: "piece" })),
    made.print(entry("api.1/1", "bbb", { begins: false, ends: "piece" })),
    made.print(entry("api.1/1", "ccc", { begins: false })),
  ];
  expect(text.join("")).toBe("aaabbbccc\n");
});

test("another's line in the middle of a long one stands on its own line", () => {
  const made = printer();
  made.expect({ service: "web", slot: 1 });
  const text = [
    made.print(entry("api.1/1", "aaa", { ends: "piece" })),
    made.print(entry("web.1/1", "hello")),
    made.print(entry("api.1/1", "bbb", { begins: false })),
  ];
  expect(text.join("")).toBe("api │ aaa…\nweb │ hello\napi │ …bbb\n");
});

test("an unfinished line is marked, and so is what follows it", () => {
  const made = printer();
  const text = [
    made.print(entry("api.1/1", "Continue?", { ends: "partial" })),
    made.print(entry("api.1/1", " yes", { begins: false })),
    made.print(entry("api.1/1", "Loading", { ends: "partial" })),
    made.print(entry("api.1/1", "", { begins: false })),
    made.print(entry("api.1/1", "next")),
  ];
  expect(text.join("")).toBe("Continue?…\n… yes\nLoading…\nnext\n");
  expect(printer({ ascii: true }).print(entry("a.1/1", "x", { ends: "partial" }))).toBe("x...\n");
});

test("screen control is removed, colours stay only where there is colour", () => {
  const line = entry("api.1/1", "\x1bc\x1b[32mok\x1b[0m");
  expect(printer().print(line)).toBe("ok\n");
  expect(printer({ color: true }).print(line)).toBe("\x1b[32mok\x1b[0m\n");
});

test("a JSON line is read for people, and left alone for programs", () => {
  const line = entry("api.1/1", '{"level":30,"msg":"up","port":3000}');
  expect(printer().print(line)).toBe("up port=3000\n");
  expect(printer({ readsJson: false }).print(line)).toBe('{"level":30,"msg":"up","port":3000}\n');
});
