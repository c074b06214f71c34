import { describe, expect, test } from "vitest";
import { createOutput, type Output } from "../../src/cli/output.ts";
import { createReport } from "../../src/cli/progress-report.ts";
import type { EventItem, ResultItem, ServiceResult } from "../../src/control/protocol.ts";

function screen(how: { isTty?: boolean; json?: boolean; quiet?: boolean } = {}) {
  const written = { out: "", err: "" };
  const output = (which: "out" | "err"): Output =>
    createOutput({
      settings: { json: how.json === true, plain: false, color: "never", ascii: false, env: {} },
      isTty: how.isTty === true,
      width: () => 80,
      write: (text) => {
        written[which] += text;
      },
      drained: () => Promise.resolve(),
      flushed: () => Promise.resolve(),
    });
  const globals = { json: how.json === true, quiet: how.quiet === true };
  return { written, context: { globals, out: output("out"), err: output("err") } };
}

let seq = 0;
function state(
  service: string,
  word: NonNullable<EventItem["state"]>,
  more: Partial<EventItem> = {},
) {
  seq += 1;
  const time = "2026-03-01T12:04:29.310Z";
  const base = { v: 1, kind: "event", seq, time, type: "state", message: "", run: 1 } as const;
  return { ...base, service, instance: 1, state: word, ...more } satisfies EventItem;
}

function verdict(name: string, outcome: ServiceResult["outcome"], ok = true): ServiceResult {
  const rest = { detail: null, elapsed_ms: 300, instances: 1, last_lines: ["why"], where: ":1" };
  return { name, outcome, ok, ...rest };
}

function result(...services: readonly ServiceResult[]): ResultItem {
  const base = { v: 1, kind: "result", op: "apply", ok: true, exit: 0, elapsed_ms: 1 } as const;
  return { ...base, rolled_back: [], plan: null, services };
}

const ITEMS = [
  state("redis", "starting"),
  state("redis", "ready", { ready_ms: 300 }),
  state("api", "starting"),
  state("api", "crashed", { exit_code: 1, elapsed_ms: 400 }),
  state("api", "starting", { run: 2 }),
  state("api", "crashed", { exit_code: 1, elapsed_ms: 500, run: 2 }),
];
const RESULT = result(verdict("redis", "ready"), verdict("api", "crashed", false));
const SETTINGS = { verb: "up", names: ["redis", "api"], indent: 0 } as const;

describe("not a terminal", () => {
  test("one line a change, none for steps on the way, nothing repainted, nothing twice", () => {
    const { written, context } = screen();
    const report = createReport(context, SETTINGS);
    for (const item of ITEMS) report.item(item);
    report.finish(RESULT);
    expect(written).toEqual({
      out: "",
      err: [
        "✓ redis   ready in 0.3s",
        "✗ api     exit 1 after 0.4s",
        "✗ api     exit 1 after 0.5s",
        "✗ api     crashed",
        "    why",
        "",
      ].join("\n"),
    });
  });

  test("what was refused before anything happened leaves no lines", () => {
    const { written, context } = screen();
    createReport(context, SETTINGS).abandon();
    expect(written.err).toBe("");
  });

  test("a report that is over says no more", () => {
    const { written, context } = screen();
    const report = createReport(context, SETTINGS);
    report.finish(RESULT);
    const before = written.err;
    report.item(state("api", "done"));
    report.abandon();
    expect(written.err).toBe(before);
  });
});

test("on a terminal the block ends with the verdicts and no escape sequence after it", () => {
  const { written, context } = screen({ isTty: true });
  const report = createReport(context, SETTINGS);
  for (const item of ITEMS) report.item(item);
  report.finish(RESULT);
  expect(written.err).toContain("\x1b[2A\r\x1b[J✓ redis   ready in 0.3s   :1\n✗ api     crashed\n");
  expect(written.out).toBe("");
});

test("with -q only what went wrong is said", () => {
  const { written, context } = screen({ quiet: true });
  const report = createReport(context, SETTINGS);
  for (const item of ITEMS) report.item(item);
  report.finish(RESULT);
  expect(written.err).toBe("✗ api   crashed\n    why\n");
});

describe("with --json", () => {
  test("a streaming command prints each item on a line of stdout and nothing on stderr", () => {
    const { written, context } = screen({ json: true });
    const report = createReport(context, { ...SETTINGS, streams: true });
    for (const item of ITEMS) report.item(item);
    report.finish(RESULT);
    const lines = written.out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(ITEMS);
    expect(written.err).toBe("");
  });

  test("a command with one document leaves stdout to it", () => {
    const { written, context } = screen({ json: true });
    const report = createReport(context, SETTINGS);
    for (const item of ITEMS) report.item(item);
    report.finish(RESULT);
    expect(written).toEqual({ out: "", err: "" });
  });
});
