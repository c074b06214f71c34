import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LogSettings } from "../../src/core/spec.ts";
import { listArchives } from "../../src/logs/archives.ts";
import { RunIndexes } from "../../src/supervisor/run-indexes.ts";
import { until } from "../rig/until.ts";
import { API, countTo, ended, keep, numbers, printer, rotated, settled } from "./rotation.ts";

const LINES = 20_000;

test.each(["auto", "cut"] as const)(
  "every line is kept in order while the log is rotated (%s)",
  async (way) => {
    using made = rotated({ way });
    await ended(printer(made.live, LINES, 1));
    await settled(made.indexes);
    expect(made.faults).toEqual([]);
    const { list, base } = listArchives(made.live);
    expect(list.length).toBeGreaterThan(way === "auto" ? 5 : 0);
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

/** A file system that has no holes to punch, where one can be mounted. */
function mountWithoutHoles(): { readonly folder: string; unmount(): void } | null {
  const folder = mkdtempSync(join(tmpdir(), "procs-ramfs-"));
  const mounted = spawnSync("mount", ["-t", "ramfs", "none", folder]);
  const unmount = () => {
    if (mounted.status === 0) spawnSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  };
  if (mounted.status === 0) return { folder, unmount };
  unmount();
  return null;
}

test("on a file system without holes the program is stopped for a moment, and no line is lost", async (context) => {
  const place = mountWithoutHoles();
  if (place === null) return context.skip("only root can mount one");
  const before = process.env.TMPDIR;
  process.env.TMPDIR = place.folder;
  try {
    using made = rotated({ settings: { compress: true } });
    expect(made.live.startsWith(place.folder)).toBe(true);
    await ended(printer(made.live, LINES, 1));
    await settled(made.indexes);
    expect(made.faults).toEqual([]);
    const { list, shift } = listArchives(made.live);
    expect(shift).toBeGreaterThan(0);
    expect(list.length).toBeGreaterThan(0);
    expect(await numbers(made.runs)).toEqual(countTo(LINES));
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    place.unmount();
  }
}, 60_000);

test("the log of another user's program is rotated, and its archives are ours", async (context) => {
  if (process.getuid?.() !== 0) return context.skip("only root can start one");
  using made = rotated();
  chownSync(made.live, 65534, -1);
  await ended(printer(made.live, LINES, 0, 65534));
  await settled(made.indexes);
  expect(made.faults).toEqual([]);
  const { list, shift } = listArchives(made.live);
  expect([list.length > 5, shift]).toEqual([true, 0]);
  const { uid, mode } = statSync(list[0]?.path ?? "");
  expect([uid, mode & 0o777]).toEqual([0, 0o600]);
  expect(statSync(made.live).uid).toBe(65534);
  expect(await numbers(made.runs)).toEqual(countTo(LINES));
}, 60_000);

test("of more than is kept only what is kept is copied, and the rest is told as dropped", async () => {
  using made = rotated({ settings: { keep: 3 } });
  made.indexes.close();
  await ended(printer(made.live, LINES));
  const { indexes } = keep(made.runs, made.faults, { settings: { keep: 3 } });
  await settled(indexes);
  indexes.close();
  expect(made.faults).toEqual([]);
  const { list } = listArchives(made.live);
  expect(list.length).toBeLessThan(6);
  const kept = await numbers(made.runs);
  expect(kept.length).toBeGreaterThan(3500);
  expect(kept).toEqual(countTo(LINES).slice(-kept.length));
  expect(statSync(made.live).blocks * 512).toBeLessThan(200_000);
}, 60_000);

test("what an earlier supervisor left uncompressed stays so until it is known whether it should", async () => {
  using made = rotated();
  await ended(printer(made.live, 5000));
  await settled(made.indexes);
  made.indexes.close();
  let settings: LogSettings | null = null;
  const indexes = new RunIndexes({
    runs: made.runs,
    room: {
      settings: () => settings,
      archived: () => undefined,
      disk: { grown: () => undefined, full: () => false },
    },
    log: (message) => made.faults.push(message),
  });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(indexes.isIdle).toBe(true);
  settings = { max_size: 100_000, keep: 9, max_total: null, max_age: null, compress: true };
  indexes.heard({ kind: "started", id: { ...API, run: 2 }, pid: 1, port: null });
  await settled(indexes);
  indexes.close();
  const { list } = listArchives(made.live);
  expect([list.length > 2, list.every((one) => one.isCompressed)]).toEqual([true, true]);
  expect(made.faults).toEqual([]);
}, 60_000);
