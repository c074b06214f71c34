import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readLedger } from "../../src/logs/ledger.ts";
import { openPlain, readPlain } from "../../src/logs/plain-file.ts";
import { StreamBytes } from "../../src/logs/stream-bytes.ts";
import { encodeRecord, TimeIndex } from "../../src/logs/time-index.ts";

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), "procs-plain-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("files are read, also through a link, up to a limit", () => {
  const folder = folderOf();
  const path = join(folder, "a");
  writeFileSync(path, "abc");
  symlinkSync(path, join(folder, "b"));
  closeSync(openPlain(path));
  expect(readPlain(join(folder, "b"), 3).toString()).toBe("abc");
  expect(() => readPlain(path, 2)).toThrow("has 3 bytes, more than 2");
  expect(() => readPlain(join(folder, "c"), 2)).toThrow("ENOENT");
});

test("what is no file is waited for by nobody: logs, indexes and ledgers are empty then", () => {
  const folder = folderOf();
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  for (const path of [fifo, folder]) {
    expect(() => openPlain(path)).toThrow("is not a file");
    expect(readLedger(path)).toEqual({ pid: null, status: null });
    const index = new TimeIndex(path);
    expect([index.count, index.first(), index.last(), index.timeAt(5)]).toEqual([
      0,
      null,
      null,
      null,
    ]);
    index.close();
    const bytes = new StreamBytes(path);
    expect(bytes.read(0, 10)).toMatchObject({ kind: "end" });
    bytes.close();
  }
});

test("a ledger of gigabytes is none", () => {
  const path = join(folderOf(), "ledger");
  writeFileSync(path, "start 7\n");
  truncateSync(path, 1024 ** 3);
  expect(readLedger(path)).toEqual({ pid: null, status: null });
});

test("times that no calendar has are no times", () => {
  const path = join(folderOf(), "index");
  const times = [1e300, -1e300, Number.NaN, 8.64e15 + 1];
  writeFileSync(path, Buffer.concat(times.map((timeMs, n) => encodeRecord({ offset: n, timeMs }))));
  const index = new TimeIndex(path);
  expect(index.first()?.timeMs).toBe(0);
  expect(index.last()?.timeMs).toBe(0);
  index.close();
});
