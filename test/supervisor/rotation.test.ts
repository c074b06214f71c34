import { appendFileSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listArchives } from "../../src/logs/archives.ts";
import { until } from "../rig/until.ts";
import { API, countTo, ended, keep, numbers, printer, rotated, settled } from "./rotation.ts";

const LINES = 50_000;

test.each(["auto", "cut"] as const)(
  "every line is kept in order while the log is rotated (%s)",
  async (way) => {
    using made = rotated({ way });
    await ended(printer(made.live, LINES, 1));
    await settled(made.indexes);
    expect(made.faults).toEqual([]);
    const { list, base } = listArchives(made.live);
    expect(list.length).toBeGreaterThan(5);
    expect(base).toBeGreaterThan(LINES * 80);
    expect(await numbers(made.runs)).toEqual(countTo(LINES));
    // What is archived takes no space in the live file any more.
    expect(statSync(made.live).blocks * 512).toBeLessThan(LINES * 20);
    expect(made.names().filter((name) => /tmp|stop|cut$/.test(name))).toEqual([]);
    expect(statSync(list[0]?.path ?? "").mode & 0o777).toBe(0o600);
  },
  60_000,
);

test("archives are compressed, and read the same", async () => {
  using made = rotated({ settings: { compress: true } });
  await ended(printer(made.live, LINES));
  await settled(made.indexes);
  expect(made.faults).toEqual([]);
  expect(listArchives(made.live).list.every((one) => one.isCompressed)).toBe(true);
  expect(await numbers(made.runs)).toEqual(countTo(LINES));
}, 60_000);

/** A PATH with some programs only. */
function pathWith(folder: string, ...programs: string[]): string {
  const path = join(folder, "..", "bin");
  mkdirSync(path);
  for (const name of programs) symlinkSync(`/usr/bin/${name}`, join(path, name));
  return path;
}

test.each([
  ["no dd and no gzip", ["fallocate"]],
  ["no fallocate", ["dd", "gzip"]],
  ["nothing", []],
])(
  "a machine with %s on it keeps every line",
  async (_, programs) => {
    using made = rotated();
    const folder = join(made.runs, "tools");
    mkdirSync(folder);
    const path = pathWith(join(folder, "x"), ...programs);
    made.indexes.close();
    const { indexes } = keep(made.runs, made.faults, { path, settings: { compress: true } });
    await ended(printer(made.live, LINES));
    await settled(indexes);
    indexes.close();
    expect(made.faults).toEqual([]);
    expect(listArchives(made.live).shift > 0).toBe(!programs.includes("fallocate"));
    expect(listArchives(made.live).list.every((one) => one.isCompressed)).toBe(true);
    expect(await numbers(made.runs)).toEqual(countTo(LINES));
  },
  60_000,
);

test.each(["auto", "cut"] as const)(
  "a line that is longer than an archive is cut where it may, and read whole (%s)",
  async (way) => {
    using made = rotated({ way });
    const child = printer(made.live, 1);
    await ended(child);
    appendFileSync(made.live, "1".repeat(3_000_000));
    await until("it is rotated", () => listArchives(made.live).base > 2_000_000);
    appendFileSync(made.live, "\n2\n");
    await settled(made.indexes);
    const { openHistory } = await import("../../src/logs/history.ts");
    const { batches } = openHistory({
      ...{ runs: made.runs, targets: null, choice: { kind: "all" }, stream: null },
      ...{ sinceMs: null, untilMs: null, last: null, filter: null, isFollowed: false },
    });
    let ones = 0;
    let begun = 0;
    for await (const batch of batches) {
      for (const entry of batch) {
        if (entry.bytes[0] !== 0x31) continue;
        ones += entry.bytes.length;
        if (entry.begins) begun += 1;
      }
    }
    expect([ones, begun]).toEqual([3_000_000, 1]);
  },
  60_000,
);

test("what was archived is not archived again, however often the end of its run is told", async () => {
  using made = rotated();
  made.indexes.close();
  await ended(printer(made.live, LINES));
  const { indexes } = keep(made.runs, made.faults, { settings: { compress: true } });
  for (let round = 0; round < 3; round += 1) {
    indexes.heard({ kind: "gone", id: API });
    await until("it is at work", () => listArchives(made.live).list.length > round);
    indexes.heard({ kind: "started", id: API, pid: 1, port: null });
  }
  indexes.heard({ kind: "gone", id: API });
  await settled(indexes);
  indexes.close();
  expect(made.faults).toEqual([]);
  expect(await numbers(made.runs)).toEqual(countTo(LINES));
}, 60_000);

test("the end of a run's output stays readable without unpacking, the rest is compressed when it is much", async () => {
  using made = rotated({ settings: { max_size: 10_000_000, compress: true } });
  await ended(printer(made.live, LINES));
  expect(listArchives(made.live).list).toEqual([]);
  made.indexes.heard({ kind: "gone", id: API });
  await settled(made.indexes);
  const { list, base } = listArchives(made.live);
  expect(list).toMatchObject([{ isCompressed: true }]);
  expect(statSync(made.live).size - base).toBeGreaterThan(60_000);
  expect(await numbers(made.runs)).toEqual(countTo(LINES));
  expect(readdirSync(join(made.live, "..")).filter((name) => name.endsWith("tmp"))).toEqual([]);
}, 60_000);
