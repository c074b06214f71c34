import { execFileSync } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import { createClock, monotonicMs } from "../../src/host/clock.ts";
import { eventually } from "./rig.ts";

const clocks: { close(): void }[] = [];
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.close();
});

function createOne() {
  const rings: number[] = [];
  const clock = createClock(() => rings.push(clock.now()));
  clocks.push(clock);
  return { clock, rings };
}

test("rings once, never early, and not during wakeAt", async () => {
  const { clock, rings } = createOne();
  for (let times = 0; times < 20; times++) {
    const at = clock.now() + times / 3;
    clock.wakeAt(at);
    expect(rings.length).toBe(times);
    await eventually("a ring", () => rings.length === times + 1);
    expect(rings[times]).toBeGreaterThanOrEqual(at);
  }
});

test("rings at once for a time that has passed", async () => {
  const { clock, rings } = createOne();
  clock.wakeAt(clock.now() - 1_000);
  expect(rings).toEqual([]);
  await eventually("a ring", () => rings.length === 1);
});

test("an alarm further away than a timer reaches does not ring now", async () => {
  const { clock, rings } = createOne();
  clock.wakeAt(clock.now() + 2 ** 40);
  const { clock: other, rings: otherRings } = createOne();
  other.wakeAt(other.now() + 20);
  await eventually("the other rings", () => otherRings.length === 1);
  expect(rings).toEqual([]);
});

test("a new alarm replaces the old one, and null switches it off", async () => {
  const { clock, rings } = createOne();
  const { clock: other, rings: otherRings } = createOne();
  clock.wakeAt(clock.now() + 5);
  clock.wakeAt(null);
  other.wakeAt(other.now() + 5);
  other.wakeAt(other.now() + 10);
  await eventually("the other rings", () => otherRings.length === 1);
  expect(rings).toEqual([]);
  expect(otherRings.length).toBe(1);
});

test("another process of the same boot has the same time", () => {
  const print = "const [s, n] = process.hrtime(); console.log(s * 1000 + n / 1e6)";
  const before = monotonicMs();
  const there = Number(execFileSync(process.execPath, ["-e", print], { encoding: "utf8" }));
  expect(there).toBeGreaterThan(before);
  expect(there).toBeLessThan(monotonicMs());
});
