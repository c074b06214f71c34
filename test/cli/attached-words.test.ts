import { expect, test } from "vitest";
import { endWords, waitingWords } from "../../src/cli/attached-stop.ts";
import { detachedWords, verdictLines } from "../../src/cli/attached-words.ts";
import type { ResultItem, ServiceResult } from "../../src/control/protocol.ts";

function result(...services: readonly (readonly [string, ServiceResult["outcome"], boolean])[]) {
  return {
    v: 1,
    kind: "result",
    op: "down",
    ok: services.every(([, , ok]) => ok),
    exit: 0,
    elapsed_ms: 2600,
    rolled_back: [],
    plan: null,
    services: services.map(([name, outcome, ok]) => ({
      name,
      ok,
      outcome,
      detail: null,
      elapsed_ms: 100,
      instances: 0,
      last_lines: [],
      where: null,
    })),
  } satisfies ResultItem;
}

test("below the verdicts a terminal says how to go on, by whose project it is", () => {
  const ready = result(["api", "ready", true]);
  expect(verdictLines(ready, { isTerminal: true, own: true })).toEqual([
    "",
    "  1 ready in 2.6s.  h + Enter for help, Ctrl-C stops all",
    "",
  ]);
  expect(verdictLines(ready, { isTerminal: true, own: false })[1]).toMatch(/Ctrl-C detaches$/);
  expect(verdictLines(ready, { isTerminal: false, own: true })[1]).toBe("  1 ready in 2.6s.");
});

test("who detaches is told what goes on and how to end it", () => {
  const ready = { ready: 1, state: "ready" } as const;
  const idle = { ready: 0, state: "idle", listens: [":8025"] } as const;
  const task = { ready: 0, state: "idle", listens: [] } as const;
  expect(detachedWords([ready, ready, ready, ready, idle])).toBe(
    "detached; 5 services keep running (procs down stops them)",
  );
  expect(detachedWords([ready, task, { ready: 0, state: "failed" }])).toBe(
    "detached; 1 service keeps running (procs down stops it)",
  );
});

test("while it stops it says whom it waits for", () => {
  expect(waitingWords(["worker", "api"], 4000)).toBe(
    "waiting for worker, api (4.0s); Ctrl-C again kills",
  );
});

test("the end names who had to be killed and who is left", () => {
  expect(endWords(result(["api", "stopped", true]))).toEqual(["all stopped in 2.6s"]);
  expect(endWords(result(["api", "stopped", true], ["worker", "killed", true]))).toEqual([
    "killed: worker",
    "all stopped in 2.6s",
  ]);
  expect(endWords(result(["api", "failed", false]))).toEqual([
    "api still runs",
    "not everything stopped in 2.6s",
  ]);
});
