import { appendFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { listArchives } from "../../src/logs/archives.ts";
import { until } from "../rig/until.ts";
import { API, ended, numbers, printer, rotated, settled } from "./rotation.ts";

const LINES = 30_000;

test.each(["auto", "cut"] as const)(
  "what was written before a clearing is gone, what comes after it is kept, all of it (%s)",
  async (way) => {
    using made = rotated({ way, settings: { compress: true } });
    const program = printer(made.live, LINES, 1);
    await until("much was written", () => listArchives(made.live).base > LINES * 30, 60_000);
    await made.indexes.clear(API);
    const { base, list } = listArchives(made.live);
    expect(list).toEqual([]);
    await ended(program);
    await settled(made.indexes);
    expect(made.faults).toEqual([]);
    const left = (await numbers(made.runs)).filter((number) => !Number.isNaN(number));
    const first = base / 100;
    expect(left).toEqual(Array.from({ length: LINES - first }, (_, at) => first + at));
    expect(left.length).toBeLessThan(LINES * 0.75);
  },
  90_000,
);

test("clearing a log that was never rotated gives its space back, and leaves the line that is being written", async () => {
  using made = rotated({ settings: { max_size: 10_000_000 } });
  appendFileSync(made.live, `${"7\n".repeat(100_000)}88`);
  await made.indexes.clear(API);
  expect(statSync(made.live).blocks * 512).toBeLessThan(20_000);
  appendFileSync(made.live, "8\n9\n");
  expect((await numbers(made.runs)).filter((number) => !Number.isNaN(number))).toEqual([888, 9]);
  await made.indexes.clear(API);
  await made.indexes.clear(API);
  expect((await numbers(made.runs)).filter((number) => !Number.isNaN(number))).toEqual([]);
});

test("clearing an empty log is nothing", async () => {
  using made = rotated();
  await made.indexes.clear(API);
  expect(made.names()).toEqual([]);
  expect(made.faults).toEqual([]);
});
