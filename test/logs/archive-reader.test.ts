import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openArchive } from "../../src/logs/archive-reader.ts";

/** More than is held in memory. */
const MUCH = 9 * 1024 * 1024;

let folder = "";
let path = "";
const { PATH, TMPDIR } = process.env;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-archive-"));
  path = join(folder, "1.out@1000-2000.gz");
});
afterEach(() => {
  process.env.PATH = PATH;
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(folder, { recursive: true, force: true });
});

function archiveOf(bytes: Buffer) {
  writeFileSync(path, gzipSync(bytes, { level: 1 }));
  return { from: 1000, to: 1000 + bytes.length, path, isCompressed: true, mark: "hole" } as const;
}

function pattern(length: number): Buffer {
  return Buffer.alloc(length, Buffer.from(Array.from({ length: 997 }, (_, at) => at % 251)));
}

test.each([
  ["a small archive", 5000, {}],
  ["a large archive, unpacked to a file", MUCH, {}],
  ["a large archive where there is no gzip", MUCH, { PATH: "/nowhere" }],
  ["a large archive where no file can be written", MUCH, { TMPDIR: "/nowhere" }],
])("%s is read anywhere in it, also when its name has gone", (_, length, env) => {
  Object.assign(process.env, env);
  const bytes = pattern(length);
  const reader = openArchive(archiveOf(bytes));
  rmSync(path);
  for (const at of [0, 1, length - 1000, Math.floor(length / 2)]) {
    expect(reader?.read(at, 1000).equals(bytes.subarray(at, at + 1000))).toBe(true);
  }
  expect(reader?.read(length, 10)).toHaveLength(0);
  reader?.close();
});

test.each([5000, MUCH])("an archive of %d bytes that is not whole cannot be read", (length) => {
  const archive = archiveOf(pattern(length));
  truncateSync(path, 50);
  expect(openArchive(archive)).toBeNull();
  expect(openArchive({ ...archive, path: `${path}.missing` })).toBeNull();
  expect(openArchive({ ...archiveOf(pattern(length)), to: 1000 + length + 1 })).toBeNull();
});
