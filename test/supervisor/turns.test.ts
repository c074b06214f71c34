import { expect, test } from "vitest";
import { type Turn, Turns } from "../../src/supervisor/turns.ts";

const by = { user: "ana", via: "cli", pid: 1 } as const;
const turn = (...names: readonly string[]): Turn => ({
  ...{ op: "up", by, since: 0, services: new Set(names) },
});

test("who changes the same service stands in the way, others do not", () => {
  const turns = new Turns();
  const first = turn("api", "db");
  const release = turns.take(first);
  expect(turns.conflict(new Set(["db"]))).toBe(first);
  expect(turns.conflict(new Set(["web"]))).toBeNull();
  expect(turns.conflict(new Set())).toBeNull();
  release();
  expect(turns.conflict(new Set(["db"]))).toBeNull();
});

test("a turn for everything stands in everybody's way", () => {
  const turns = new Turns();
  turns.take({ ...turn(), services: null });
  expect(turns.conflict(new Set(["api"]))).not.toBeNull();
});

test("whoever waits hears of each turn that ends, or of the end of its time", async () => {
  const turns = new Turns();
  const release = turns.take(turn("api"));
  const long = turns.change(10_000);
  expect(await turns.change(20)).toBe(false);
  release();
  release();
  expect(await long).toBe(true);
});
