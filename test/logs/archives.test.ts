import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  archiveName,
  dropArchives,
  listArchives,
  moveStream,
  NO_ARCHIVES,
  parseArchiveName,
} from "../../src/logs/archives.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-archives-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function make(...names: string[]): string {
  for (const name of names) writeFileSync(join(folder, name), name);
  return join(folder, "3.out");
}

function ranges(live: string): string[] {
  return listArchives(live).list.map(({ from, to }) => `${from}-${to}`);
}

test.each([
  "3.out@0-10",
  "12.err@10-4294967296.gz",
  "3.out@0-10.tmp",
  "3.out@0-10.gz.tmp",
  "3.out@0-10.cut",
  "3.out@0-10.t",
  "3.out@0-10.t.gz",
  "3.out@0-10.t.gone",
])("%s is read and written the same", (name) => {
  const parsed = parseArchiveName(name);
  expect(parsed).not.toBeNull();
  expect(parsed === null ? "" : archiveName(parsed)).toBe(name);
});

test.each([
  "3.out",
  "3.out.idx",
  "3.out@",
  "3.out@cuts",
  "3.out@0-",
  "3.log@0-1",
  "03.out@0-1",
  "3.out@0-1.zip",
])("%s is no archive", (name) => expect(parseArchiveName(name)).toBeNull());

test("a stream that was never rotated has none", () => {
  expect(listArchives(make("3.out", "3.err@0-10"))).toEqual(NO_ARCHIVES);
  expect(listArchives(join(folder, "missing", "3.out"))).toEqual(NO_ARCHIVES);
});

test("archives come by position, not by name; unfinished ones count for nothing", () => {
  const live = make(
    "3.out@10-200",
    "3.out@200-1000.gz",
    "3.out@0-10",
    "3.out@1000-2000.tmp",
    "3.err@0-5",
  );
  expect(ranges(live)).toEqual(["0-10", "10-200", "200-1000"]);
  expect(listArchives(live)).toMatchObject({ base: 1000, shift: 0, isBeingCut: false });
});

test("of a plain archive and its compressed copy one counts", () => {
  const live = make("3.out@0-10.gz", "3.out@0-10");
  expect(listArchives(live).list).toMatchObject([{ isCompressed: false }]);
});

test("a cut live file begins where the last cut archive ends", () => {
  const live = make("3.out@0-10", "3.out@10-20.t.gz", "3.out@20-30.t");
  expect(listArchives(live)).toMatchObject({ base: 30, shift: 30 });
});

test("the bytes of a cut that is not known to have happened are the archive's", () => {
  const live = make("3.out@0-10.t", "3.out@10-20.cut");
  expect(listArchives(live)).toMatchObject({ base: 20, shift: 10, isBeingCut: true });
});

test("dropping leaves what comes later, and an empty file that tells where the dropped ones ended", () => {
  const live = make("3.out", "3.out@0-10.gz", "3.out@10-20", "3.out@20-30", "3.out.idx");
  dropArchives(live, 20);
  expect(readdirSync(folder).sort()).toEqual([
    "3.out",
    "3.out.idx",
    "3.out@0-20.gone",
    "3.out@20-30",
  ]);
  expect(statSync(join(folder, "3.out@0-20.gone")).size).toBe(0);
  expect(listArchives(live)).toMatchObject({ list: [{ from: 20, to: 30 }], base: 30 });
});

test("when all were dropped, the positions are still known", () => {
  const live = make("3.out@0-10.gone", "3.out@10-20.t", "3.out@20-30.t.gz");
  dropArchives(live, 30);
  expect(readdirSync(folder)).toEqual(["3.out@0-30.t.gone"]);
  expect(listArchives(live)).toMatchObject({ list: [], base: 30, shift: 30 });
  dropArchives(live, 30);
  expect(readdirSync(folder)).toEqual(["3.out@0-30.t.gone"]);
});

test("an archive that is wanted for a cut is not dropped", () => {
  const live = make("3.out@0-10.cut");
  dropArchives(live, 10);
  expect(readdirSync(folder)).toEqual(["3.out@0-10.cut"]);
});

test("a stream moves with its archives", () => {
  const live = make(
    "3.out",
    "3.out@0-10.gz",
    "3.out@10-20",
    "3.out@20-30.tmp",
    "3.out@cuts",
    "3.err@0-1",
  );
  moveStream(live, join(folder, "7.out"));
  expect(readdirSync(folder).sort()).toEqual([
    "3.err@0-1",
    "7.out",
    "7.out@0-10.gz",
    "7.out@10-20",
    "7.out@cuts",
  ]);
  expect(readFileSync(join(folder, "7.out@10-20"), "utf8")).toBe("3.out@10-20");
});

test("dropping what was archived after a cut forgets no cut: positions of the live file hang on it", () => {
  const live = make("3.out", "3.out@0-10.t", "3.out@10-20.t.gz", "3.out@20-30", "3.out@30-40.gz");
  dropArchives(live, 40);
  expect(listArchives(live)).toEqual({ list: [], base: 40, shift: 20, isBeingCut: false });
  expect(readdirSync(folder).sort()).toEqual(["3.out", "3.out@0-20.t.gone", "3.out@0-40.gone"]);
  make("3.out@40-50");
  dropArchives(live, 50);
  expect(listArchives(live)).toMatchObject({ base: 50, shift: 20 });
});
