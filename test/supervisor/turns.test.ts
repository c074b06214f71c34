import { expect, test } from "vitest";
import { type Turn, Turns } from "../../src/supervisor/turns.ts";

const other = { user: "bob", via: "cli", pid: 2 } as const;
const by = { user: "ana", via: "cli", pid: 1 } as const;
const turn = (...names: readonly string[]): Turn => ({
  ...{ op: "up", by, since: 0, services: new Set(names) },
});

test("who changes the same service stands in the way, others do not", () => {
  const turns = new Turns();
  const first = turn("api", "db");
  const release = turns.take(first);
  expect(turns.conflict(new Set(["db"]), other)).toBe(first);
  expect(turns.conflict(new Set(["web"]), other)).toBeNull();
  expect(turns.conflict(new Set(), other)).toBeNull();
  release();
  expect(turns.conflict(new Set(["db"]), other)).toBeNull();
});

test("a turn for everything stands in everybody's way", () => {
  const turns = new Turns();
  const everything = { ...turn(), services: null };
  turns.take(everything);
  for (const one of [by, other, { ...other, via: "file" } as const]) {
    expect(turns.conflict(new Set(["api"]), one)).toBe(everything);
  }
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

test("a client's own earlier operation does not stand in its way, nor anything in that of an edit", () => {
  const turns = new Turns();
  turns.take(turn("api"));
  expect(turns.conflict(new Set(["api"]), by)).toBeNull();
  expect(turns.conflict(new Set(["api"]), { ...other, via: "file" })).toBeNull();
});
