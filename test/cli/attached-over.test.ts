import { expect, test } from "vitest";
import { overCode as codeOf } from "../../src/cli/attached-over.ts";
import type { State } from "../../src/control/protocol.ts";

const status = (name: string, state: State, more: object = {}) => ({
  name,
  state,
  next_due: null,
  by_hand: { stopped: false, scale: null, file_instances: 1 },
  depends_on: {},
  instances: [],
  ...more,
});
const spec = (name: string, more: object = {}) => ({ name, watch: null, schedule: null, ...more });

const overCode = (
  services: Parameters<typeof codeOf>[0],
  specs: Parameters<typeof codeOf>[1]["services"],
  reload: "manual" | "auto" = "manual",
) => codeOf(services, { reload, services: specs });

test("it is over when all are done, with 1 when one failed", () => {
  const done = status("a", "done");
  expect(overCode([done, status("off", "disabled")], [spec("a")])).toBe(0);
  expect(overCode([done, status("b", "failed")], [spec("a"), spec("b")])).toBe(1);
});

test("it is over when the rest waits in vain for what failed, at any distance", () => {
  const services = [
    status("c", "waiting", { depends_on: { b: "ready" } }),
    status("b", "waiting", { depends_on: { a: "done" } }),
    status("a", "failed"),
  ];
  expect(overCode(services, [])).toBe(1);
});

test("it is not over while something runs, is tried again, or may come back", () => {
  const byHand = { stopped: true, scale: null, file_instances: 1 };
  const schedule = { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "skip" } as const;
  const isGoingOn = (service: ReturnType<typeof status>, of: object = {}) =>
    overCode([status("t", "done"), service], [spec("t"), spec(service.name, of)]) === null;
  expect(isGoingOn(status("a", "ready"))).toBe(true);
  expect(isGoingOn(status("a", "crashed"))).toBe(true);
  expect(isGoingOn(status("a", "waiting"))).toBe(true);
  expect(isGoingOn(status("a", "stopped", { by_hand: byHand }))).toBe(true);
  expect(isGoingOn(status("a", "done", { by_hand: byHand }))).toBe(true);
  expect(isGoingOn(status("a", "done"), { schedule })).toBe(true);
  expect(isGoingOn(status("a", "done"))).toBe(false);
  expect(overCode([], [])).toBe(0);
  expect(overCode([], [], "auto")).toBeNull();
});
