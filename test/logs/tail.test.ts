import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { cutsPath, dropArchives, listArchives, moveStream } from "../../src/logs/archives.ts";
import { entryText } from "../../src/logs/entry.ts";
import { Tail } from "../../src/logs/tail.ts";
import { type Stored, storedRuns } from "./stored.ts";

function tailOf(stored: Stored, position = 0): Tail {
  const files = stored.files("api.1/1");
  const owner = { service: "api", slot: 1, run: 1, files };
  return new Tail(
    { owner, stream: "stdout", path: files.out, indexPath: files.outIndex },
    position,
  );
}

function rest(tail: Tail): string[] {
  const texts: string[] = [];
  while (tail.hasMore) texts.push(...tail.read().map(entryText));
  return texts;
}

/** Numbered lines of 100 bytes. */
function lines(from: number, below: number): string {
  let text = "";
  for (let at = from; at < below; at += 1) text += `${String(at).padEnd(99, ".")}\n`;
  return text;
}

function numbersOf(texts: readonly string[]): number[] {
  return texts.map((text) => Number.parseInt(text, 10));
}

function range(from: number, below: number): number[] {
  return Array.from({ length: below - from }, (_, at) => from + at);
}

/** Moves the bytes of a live file from `from` to `to` to an archive, and punches them. */
function archive(live: string, from: number, to: number): void {
  writeFileSync(`${live}@${from}-${to}`, readFileSync(live).subarray(from, to));
  const length = Math.floor(to / 4096) * 4096;
  spawnSync("fallocate", ["-p", "-o", "0", "-l", `${length}`, live]);
}

test("a reader that lags is told once what was dropped meanwhile, and goes on", () => {
  using stored = storedRuns();
  const { out: live } = stored.files("api.1/1");
  appendFileSync(live, lines(0, 5000));
  const tail = tailOf(stored);
  const first = tail.read().map(entryText);
  archive(live, 0, 200_000);
  archive(live, 200_000, 400_000);
  dropArchives(live, 200_000);
  const later = rest(tail);
  tail.close();
  const read = first.length;
  expect(numbersOf(first)).toEqual(range(0, read));
  // Of the line of which it had the first half, that is all there is.
  const torn = later.findIndex((text) => text.startsWith("("));
  expect(torn).toBe(1);
  expect(later[torn]).toBe("(134 kB of output of api.1 dropped: over its log limits)");
  expect(numbersOf(later.slice(torn + 1))).toEqual(range(2000, 5000));
});

test("a rotation and a compression in the middle of reading are not seen", () => {
  using stored = storedRuns();
  const { out: live } = stored.files("api.1/1");
  appendFileSync(live, lines(0, 3000));
  const tail = tailOf(stored);
  const seen = tail.read().map(entryText);
  archive(live, 0, 200_000);
  seen.push(...tail.read().map(entryText));
  writeFileSync(`${live}@0-200000.gz`, gzipSync(readFileSync(`${live}@0-200000`)));
  rmSync(`${live}@0-200000`);
  seen.push(...tail.read().map(entryText));
  appendFileSync(live, lines(3000, 3500));
  seen.push(...rest(tail));
  tail.close();
  expect(numbersOf(seen)).toEqual(range(0, 3500));
});

test("a live file that is cut while it is read is no other file", () => {
  using stored = storedRuns();
  const { out: live } = stored.files("api.1/1");
  appendFileSync(live, lines(0, 2000));
  const tail = tailOf(stored);
  const seen = tail.read().map(entryText);
  copyFileSync(live, `${live}@0-200000.cut`);
  // Nobody knows yet whether it was cut: what is archived is all there is.
  seen.push(...rest(tail));
  expect(numbersOf(seen)).toEqual(range(0, 2000));
  appendFileSync(cutsPath(live), ".");
  truncateSync(live);
  renameSync(`${live}@0-200000.cut`, `${live}@0-200000.t`);
  appendFileSync(live, lines(2000, 5000));
  seen.push(...rest(tail));
  tail.close();
  expect(numbersOf(seen)).toEqual(range(0, 5000));
});

test("a stream that moves is read to its end under its new name, and shows no hole under the old", () => {
  using stored = storedRuns();
  const { out: live, folder } = stored.files("api.1/1");
  appendFileSync(live, lines(0, 4000));
  const tail = tailOf(stored);
  tail.hold();
  const seen = tail.read().map(entryText);
  archive(live, 0, 200_000);
  const moved = join(dirname(folder), "web.1", "1.out");
  mkdirSync(dirname(moved));
  moveStream(live, moved);
  seen.push(...rest(tail).filter((text) => !text.startsWith(".")));
  expect(tail.hasMore).toBe(false);
  expect(seen.every((text) => /^\d+\.+$/.test(text))).toBe(true);
  expect(listArchives(moved).base).toBe(200_000);
  tail.close();
});
