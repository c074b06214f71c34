import { describe, expect, test } from "vitest";
import { paintFor } from "../../src/cli/paint.ts";
import { type Look, renderRows, resultRow, summary, type Verb } from "../../src/cli/results.ts";
import type { ServiceResult } from "../../src/control/protocol.ts";

const plain: Look = { paint: paintFor(false), ascii: false, columns: 80 };

function verdict(
  name: string,
  outcome: ServiceResult["outcome"],
  more: Partial<ServiceResult> = {},
) {
  return {
    name,
    ok: true,
    outcome,
    detail: null,
    elapsed_ms: null,
    instances: 1,
    last_lines: [],
    where: null,
    ...more,
  } satisfies ServiceResult;
}

const SHOP: readonly ServiceResult[] = [
  verdict("redis", "ready", { elapsed_ms: 300, where: ":6379" }),
  verdict("migrate", "done", { elapsed_ms: 1100, instances: 0 }),
  verdict("api", "ready", { elapsed_ms: 2400, instances: 2, where: "http://localhost:3000" }),
  verdict("web", "ready", { elapsed_ms: 1600, where: "http://localhost:5173" }),
  verdict("worker", "crashed", {
    ok: false,
    detail: "exit 1 after 0.4s, retry 2 of 10 in 2s",
    last_lines: ["Error: DATABASE_URL is not set", "    at src/worker.ts:12:9"],
  }),
];

function text(results: readonly ServiceResult[], verb: Verb, look: Look = plain, indent = 2) {
  const rows = results.map((result) => resultRow(result, verb));
  return renderRows(rows, look, indent).join("\n");
}

describe("the block of verdicts", () => {
  test("aligned, with addresses, and the last words of what failed", () => {
    expect(text(SHOP, "up")).toBe(
      `
  ✓ redis     ready in 0.3s   :6379
  ● migrate   done in 1.1s
  ✓ api       ready in 2.4s   http://localhost:3000   2 instances
  ✓ web       ready in 1.6s   http://localhost:5173
  ✗ worker    exit 1 after 0.4s, retry 2 of 10 in 2s
      Error: DATABASE_URL is not set
          at src/worker.ts:12:9`.slice(1),
    );
  });

  test("of a service that starts on demand says where it listens", () => {
    const idle = [verdict("mailer", "idle", { detail: "listens on :8025", where: ":8025" })];
    expect(text(idle, "up", plain, 0)).toBe("◍ mailer   idle, listens on :8025");
    expect(text(idle, "start", plain, 0)).toBe(
      "◍ mailer   idle, listens on :8025: starts with the first connection",
    );
    expect(text(idle, "restart", plain, 0)).toBe(
      "◍ mailer   idle, nothing to restart: starts with the first connection on :8025",
    );
    const task = [verdict("backup", "idle", { detail: "next run in 3h" })];
    expect(text(task, "up", plain, 0)).toBe("◍ backup   idle   next run in 3h");
  });

  test("without symbols beyond ASCII every state is still a word", () => {
    expect(text(SHOP, "up", { ...plain, ascii: true }, 0)).toBe(
      `
ok   redis     ready in 0.3s   :6379
done migrate   done in 1.1s
ok   api       ready in 2.4s   http://localhost:3000   2 instances
ok   web       ready in 1.6s   http://localhost:5173
FAIL worker    exit 1 after 0.4s, retry 2 of 10 in 2s
    Error: DATABASE_URL is not set
        at src/worker.ts:12:9`.slice(1),
    );
  });

  test("colour is only on the symbol: red means failure", () => {
    const colour = text(SHOP.slice(3), "up", { ...plain, paint: paintFor(true) }, 0).split("\n");
    expect(colour[0]).toBe("\x1b[32m✓\x1b[39m web      ready in 1.6s   http://localhost:5173");
    expect(colour[1]).toContain("\x1b[31m✗\x1b[39m worker");
  });

  test("no line is wider than the screen", () => {
    const narrow = text(SHOP, "up", { ...plain, columns: 40 });
    for (const line of narrow.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
    expect(narrow).toContain("✓ api       ready in 2.4s   http://lo…");
  });

  test("escape sequences in last words never reach the screen", () => {
    const evil = verdict("x", "crashed", { ok: false, last_lines: ["\x1b[2Jgone\x07", "a\tb"] });
    expect(text([evil], "up", plain, 0)).toBe("✗ x   crashed\n    gone\n    a  b");
  });

  test("what a new version said last is marked as its words", () => {
    const back = verdict("api", "rolled_back", {
      ok: false,
      detail: "new api.1 not ready after 60s",
      last_lines: ["EACCES"],
    });
    expect(text([back], "reload")).toBe(
      "  ✗ api   new api.1 not ready after 60s\n      last lines of the new one:\n        EACCES",
    );
  });

  test("what has stopped answers nowhere", () => {
    const gone = verdict("api", "stopped", { elapsed_ms: 21, where: ":4710", instances: 0 });
    expect(text([gone], "down")).toBe("  ✓ api   stopped in 21ms");
  });

  test("a wide name keeps the column", () => {
    const rows = text([verdict("日本", "ready"), verdict("web", "ready")], "up", plain, 0);
    expect(rows).toBe("✓ 日本   ready\n✓ web    ready");
  });
});

describe("the words of an outcome", () => {
  test.each<[ServiceResult["outcome"], Partial<ServiceResult>, Verb, string]>([
    ["unchanged", {}, "up", "ready, unchanged"],
    ["unchanged", { instances: 0 }, "up", "done, unchanged"],
    ["unchanged", {}, "reload", "unchanged"],
    ["replaced", { elapsed_ms: 6200, instances: 3 }, "reload", "3 of 3 replaced in 6.2s"],
    ["replaced", { elapsed_ms: 2100 }, "reload", "replaced in 2.1s"],
    ["replaced", { elapsed_ms: 2100 }, "restart", "restarted in 2.1s"],
    ["updated", {}, "reload", "updated, no restart needed"],
    ["stopped", { elapsed_ms: 100 }, "down", "stopped in 0.1s"],
    ["removed", { elapsed_ms: 100 }, "reload", "stopped in 0.1s"],
    ["killed", { elapsed_ms: 10_000 }, "down", "did not stop in 10s, killed"],
    ["waiting", { ok: false, detail: "waits for redis" }, "up", "waits for redis"],
    ["failed", { ok: false, detail: "exit 1" }, "up", "gave up: exit 1"],
    [
      "unready",
      { ok: false, detail: "GET :4000/health refused" },
      "up",
      "not ready: GET :4000/health refused",
    ],
    ["pending", { ok: false }, "up", "not ready yet"],
    ["remains", {}, "reload", "stopped by hand, left alone"],
  ])("%s %j after %s: %s", (outcome, more, verb, words) => {
    expect(resultRow(verdict("x", outcome, more), verb).words).toBe(words);
  });
});

test("the summary counts what people ask about", () => {
  expect(summary({ services: SHOP, elapsed_ms: 2600 })).toBe("3 ready, 1 done, 1 crashed in 2.6s");
  expect(summary({ services: [], elapsed_ms: 90 })).toBe("nothing to do in 90ms");
});
