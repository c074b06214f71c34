import { expect, test } from "vitest";
import type { ServiceResult } from "../../src/control/protocol.ts";
import { makeResult } from "../../src/supervisor/result.ts";

const one = (name: string, ok: boolean, outcome: ServiceResult["outcome"]): ServiceResult => ({
  ...{ name, ok, outcome, detail: null, elapsed_ms: null },
  ...{ instances: 0, last_lines: [], where: null },
});
const exitOf = (...services: readonly ServiceResult[]) =>
  makeResult({ op: "apply", services, elapsedMs: 1 }).exit;

test("the exit code is that of the worst service", () => {
  const good = one("a", true, "ready");
  const late = one("b", false, "pending");
  const back = one("c", false, "rolled_back");
  const bad = one("d", false, "crashed");
  expect(exitOf()).toBe(0);
  expect(exitOf(good, one("x", true, "pending"))).toBe(0);
  expect(exitOf(good, late)).toBe(5);
  expect(exitOf(good, late, back)).toBe(6);
  expect(exitOf(good, late, back, bad)).toBe(1);
  expect(exitOf(one("w", false, "waiting"))).toBe(1);
});

test("what was rolled back is named", () => {
  const services = [one("a", true, "ready"), one("b", false, "rolled_back")];
  const result = makeResult({ op: "apply", services, elapsedMs: 12, plan: "7f3a91c2" });
  expect(result).toMatchObject({ ok: false, rolled_back: ["b"], plan: "7f3a91c2", elapsed_ms: 12 });
});
