import { expect, test } from "vitest";
import type { ResultItem, ServiceResult } from "../../src/control/protocol.ts";
import type { PlanDoc, PlanService } from "../../src/core/plan-doc.ts";
import { retold } from "../../src/engines/retold.ts";

function result(...services: readonly Partial<ServiceResult>[]): ResultItem {
  const rest = { ok: true, outcome: "ready", detail: null, elapsed_ms: 5, instances: 1 } as const;
  return {
    ...{ v: 1, kind: "result", op: "apply", ok: true, exit: 0, elapsed_ms: 9, rolled_back: [] },
    ...{ plan: null },
    services: services.map((one) => ({ name: "a", ...rest, last_lines: [], where: null, ...one })),
  };
}

function plan(...services: readonly Partial<PlanService>[]): PlanDoc {
  const rest = { words: "", downtime: "none", reason: null, changes: [], notes: [] } as const;
  const instances = { from: 1, to: 1 };
  return {
    ...{ id: "7f3a91c2", project: "shop", changed: true, steps: [] },
    summary: { add: 0, change: 0, remove: 0, unchanged: 0 },
    services: services.map((one) => ({
      ...{ service: "a", symbol: "=", action: "none", ...rest, instances },
      ...one,
    })),
  };
}

const outcomes = (item: ResultItem) => item.services.map(({ name, outcome }) => [name, outcome]);

test("what runs is told as the plan of the first supervisor had it", () => {
  const told = retold(
    result({ name: "a" }, { name: "b" }, { name: "c" }, { name: "d" }, { name: "e" }),
    plan(
      { service: "a", symbol: "=" },
      { service: "b", symbol: "-/+" },
      { service: "c", symbol: "~", action: "no_restart" },
      { service: "d", symbol: "~", action: "scale" },
      { service: "e", symbol: "+" },
    ),
  );
  expect(told.plan).toBe("7f3a91c2");
  expect(outcomes(told)).toEqual([
    ["a", "unchanged"],
    ["b", "replaced"],
    ["c", "updated"],
    ["d", "scaled"],
    ["e", "ready"],
  ]);
});

test("what was to be removed and is not there any more was removed", () => {
  const told = retold(result({ name: "a" }), plan({ service: "gone", symbol: "-" }));
  expect(outcomes(told)).toEqual([
    ["a", "ready"],
    ["gone", "removed"],
  ]);
});

test("what went wrong is told as it is, and without a plan so is everything", () => {
  const crashed = result({ name: "a", ok: false, outcome: "crashed" });
  expect(outcomes(retold(crashed, plan({ service: "a", symbol: "-/+" })))).toEqual([
    ["a", "crashed"],
  ]);
  expect(retold(crashed, null)).toBe(crashed);
});
