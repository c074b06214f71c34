import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFifos, type Fifos, isHeld, openReader, watchFifo } from "../../src/host/fifos.ts";
import { eventually } from "./rig.ts";

let folder = "";
let fifos: Fifos;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-fifos-"));
  fifos = createFifos(folder);
});
afterEach(() => {
  fifos.close();
  rmSync(folder, { recursive: true, force: true });
});

test("many are made at once, as fifos that only we may open", async () => {
  const paths = Array.from({ length: 100 }, (_, index) => join(folder, String(index)));
  await Promise.all(paths.map((path) => fifos.make([path])));
  const all = paths.map((path) => statSync(path));
  expect(all.every((stats) => stats.isFIFO() && (stats.mode & 0o777) === 0o600)).toBe(true);
});

test("those that are given back are used again, and none is left after close", async () => {
  const [one, two] = [join(folder, "one"), join(folder, "two")];
  await fifos.make([one]);
  const { ino } = statSync(one);
  fifos.release([one]);
  await fifos.make([two]);
  expect(statSync(two).ino).toBe(ino);
  fifos.release([two]);
  fifos.close();
  expect(readdirSync(folder)).toEqual([]);
});

test("a folder that is not there rejects", async () => {
  await expect(fifos.make([join(folder, "none", "one")])).rejects.toThrow(/none/);
});

test("is held while somebody has the write end open, and its end is told once", async () => {
  const path = join(folder, "life");
  await fifos.make([path]);
  expect(isHeld(path)).toBe(false);
  const reader = openReader(path);
  const writer = openSync(path, constants.O_WRONLY);
  expect(isHeld(path)).toBe(true);
  const seen: string[] = [];
  watchFifo(reader, { data: (text) => seen.push(text), end: () => seen.push("end") });
  writeSync(writer, "hello");
  await eventually("data", () => seen.length === 1);
  closeSync(writer);
  await eventually("the end", () => seen.length === 2);
  expect(seen).toEqual(["hello", "end"]);
  expect(isHeld(path)).toBe(false);
});

test("a path without a fifo is held by nobody", () => {
  expect(isHeld(join(folder, "none"))).toBe(false);
});
