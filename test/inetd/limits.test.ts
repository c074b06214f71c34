import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Limits, Repeated } from "../../src/inetd/limits.ts";

const NONE = { max_connections: 64, per_source: null, rate: null };

describe("the limits of a super server", () => {
  test("so many processes at once, and no more until one ends", () => {
    const limits = new Limits({ ...NONE, max_connections: 2 });
    limits.begun(null);
    expect(limits.isFull).toBe(false);
    limits.begun("10.0.0.1");
    expect(limits.isFull).toBe(true);
    limits.ended(null);
    expect([limits.isFull, limits.running]).toEqual([false, 1]);
  });

  test("so many for one address; others are not concerned", () => {
    const limits = new Limits({ ...NONE, per_source: 2 });
    for (const source of ["a", "a", "b", null, null, null]) limits.begun(source);
    expect([limits.hasEnough("a"), limits.hasEnough("b"), limits.hasEnough(null)]).toEqual([
      true,
      false,
      false,
    ]);
    limits.ended("a");
    expect(limits.hasEnough("a")).toBe(false);
  });

  test("so many within a second: one more begins a pause", () => {
    const limits = new Limits({ ...NONE, rate: { count: 2, pause: 500 } });
    expect([0, 600, 1_100].map((at) => limits.arrived(at))).toEqual([false, false, false]);
    expect(limits.arrived(1_200)).toBe(true);
    expect(limits.pausedUntil).toBe(1_700);
    limits.resumed(1_700);
    expect(limits.pausedUntil).toBeNull();
    // The one that waited counts for what comes now.
    expect([limits.arrived(1_701), limits.arrived(1_702)]).toEqual([false, true]);
  });

  test("in no second more than the rate are let through", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 800 }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 5 }), (all, count) => {
        const limits = new Limits({ ...NONE, rate: { count, pause: 1_000 } });
        const through: number[] = [];
        let now = 0;
        for (const gap of all) {
          now += gap;
          if (limits.arrived(now)) {
            now += 1_000;
            limits.resumed(now);
          }
          through.push(now);
        }
        for (const at of through) {
          const within = through.filter((other) => other >= at && other < at + 1_000);
          expect(within.length).toBeLessThanOrEqual(count);
        }
      }),
    );
  });
});

test("what happens often is said once in a while, with how often it was", () => {
  const said: string[] = [];
  const flood = new Repeated((line) => said.push(line));
  for (let at = 0; at < 10_000; at += 10) flood.happened("closed", at);
  expect(said).toEqual(["closed"]);
  flood.happened("closed", 10_000);
  expect(said.slice(1)).toEqual(["closed (and 999 more times since this was said)"]);
});
