import { describe, expect, test } from "vitest";
import { paintFor } from "../../src/cli/paint.ts";
import {
  advance,
  type Progress,
  progressRows,
  settled,
  startProgress,
} from "../../src/cli/progress.ts";
import { renderRows } from "../../src/cli/results.ts";
import type { EventItem, ResultItem, StreamItem } from "../../src/control/protocol.ts";

let seq = 0;
function state(
  service: string,
  word: NonNullable<EventItem["state"]>,
  more: Partial<EventItem> = {},
) {
  seq += 1;
  return {
    v: 1,
    kind: "event",
    seq,
    time: "2026-03-01T12:04:29.310Z",
    type: "state",
    message: `${service} ${word}`,
    service,
    instance: 1,
    run: 1,
    state: word,
    ...more,
  } satisfies EventItem;
}

function plan(...services: readonly (readonly [string, number])[]): StreamItem {
  return {
    v: 1,
    kind: "plan",
    plan: {
      id: "7f3a91c2",
      project: "shop",
      changed: true,
      summary: { add: services.length, change: 0, remove: 0, unchanged: 0 },
      steps: [],
      services: services.map(([service, to]) => ({
        service,
        symbol: "+",
        action: "start",
        words: "start",
        downtime: "none",
        reason: null,
        instances: { from: 0, to },
        changes: [],
        notes: [],
      })),
    },
  };
}

function result(...services: readonly (readonly [string, boolean])[]): ResultItem {
  return {
    v: 1,
    kind: "result",
    op: "apply",
    ok: true,
    exit: 0,
    elapsed_ms: 2600,
    rolled_back: [],
    plan: null,
    services: services.map(([name, ok]) => ({
      name,
      ok,
      outcome: ok ? "ready" : "crashed",
      detail: ok ? null : "exit 1",
      elapsed_ms: 500,
      instances: 1,
      last_lines: [],
      where: null,
    })),
  };
}

function shown(start: Progress, ...items: readonly StreamItem[]): string {
  const look = { paint: paintFor(false), ascii: false, columns: 80 };
  return renderRows(progressRows(items.reduce(advance, start)), look, 0).join("\n");
}

describe("a row while it goes on", () => {
  const api = startProgress(["api"], "up");

  test("nothing has happened: waiting", () => {
    expect(shown(api)).toBe("· api   waiting");
  });

  test("what it waits for, without its name twice", () => {
    const waits = state("api", "waiting", { message: "api waits for redis" });
    const { instance: _instance, ...ofService } = waits;
    expect(shown(api, ofService)).toBe("· api   waits for redis");
    expect(shown(api, waits)).toBe("· api   waits for redis");
  });

  test("several instances: how many are ready", () => {
    const items = [
      plan(["api", 2]),
      state("api", "starting"),
      state("api", "starting", { instance: 2 }),
      state("api", "ready", { ready_ms: 900 }),
    ];
    expect(shown(api, ...items)).toBe("◌ api   starting, 1 of 2 ready");
    const ready = state("api", "ready", { instance: 2, ready_ms: 2400, port: 3001 });
    expect(shown(api, ...items, ready)).toBe("✓ api   ready in 2.4s   :3001");
  });

  test("a crash shows its code, its retry and its last words, whatever the others do", () => {
    const crash = state("api", "crashed", {
      exit_code: 1,
      elapsed_ms: 400,
      retry_in_ms: 2000,
      failures: 2,
      failures_max: 10,
      last_lines: ["Error: no"],
    });
    expect(shown(api, state("api", "ready", { instance: 2 }), crash)).toBe(
      "✗ api   exit 1 after 0.4s, retry 2 of 10 in 2.0s\n    Error: no",
    );
  });

  test("a signal is said by name", () => {
    const killed = state("api", "failed", { signal: "SIGKILL", exit_code: null });
    expect(shown(api, killed)).toBe("✗ api   gave up: killed by SIGKILL");
  });

  test("a crashed instance that starts again is on its way, not crashed", () => {
    const items = [state("api", "crashed", { exit_code: 1 }), state("api", "starting", { run: 2 })];
    expect(shown(api, ...items)).toBe("◌ api   starting");
  });

  test("a rollout says how far it is", () => {
    const {
      state: _state,
      instance: _instance,
      ...step
    } = state("api", "ready", {
      type: "rollout",
      message: "api 1 of 3 replaced",
    });
    expect(shown(api, step)).toBe("~ api   1 of 3 replaced");
  });

  test("having stopped is good news where stopping was asked for", () => {
    const stopped = state("api", "stopped", { elapsed_ms: 120 });
    expect(shown(startProgress([], "down"), stopped)).toBe("✓ api   stopped in 0.1s");
    expect(shown(startProgress([], "down"), { ...stopped, killed: true })).toBe(
      "■ api   did not stop, killed",
    );
    expect(shown(api, stopped)).toBe("■ api   stopped in 0.1s");
  });

  test("other kinds of events change nothing", () => {
    expect(shown(api, state("api", "ready", { type: "probe" }))).toBe("· api   waiting");
  });
});

test("the result has the last word, and services it does not name leave", () => {
  const start = startProgress(["api", "old"], "up");
  const items = [state("api", "crashed", { exit_code: 1 }), result(["api", true])];
  const over = settled(items.reduce(advance, start));
  expect(shown(over)).toBe("✓ api   ready in 0.5s");
});

test("a plan adds what it changes and leaves out what it does not", () => {
  expect(shown(startProgress([], "reload"), plan(["web", 1], ["api", 1]))).toBe(
    "· web   waiting\n· api   waiting",
  );
});
