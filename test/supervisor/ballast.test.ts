import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Ballast } from "../../src/supervisor/ballast.ts";

function inFolder(diskBytes: number) {
  const folder = mkdtempSync(join(tmpdir(), "procs-ballast-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, path: join(folder, "ballast"), ballast: new Ballast(folder, diskBytes) };
}

test("takes a megabyte, for this user alone, and gives it back in four pieces", () => {
  const { path, folder, ballast } = inFolder(1e12);
  expect(ballast.isWhole).toBe(false);
  expect(ballast.fill()).toBe(true);
  const { size, blocks, mode } = statSync(path);
  expect([size, mode & 0o777]).toEqual([1024 * 1024, 0o600]);
  expect(blocks * 512).toBeGreaterThanOrEqual(size);
  const left: number[] = [];
  while (ballast.release()) left.push(statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  expect(left).toEqual([3, 2, 1, 0].map((quarters) => quarters * 256 * 1024));
  expect(readdirSync(folder)).toEqual([]);
  expect(ballast.release()).toBe(false);
});

test("takes a twentieth of a small file system, and fills up what is left of it", () => {
  const { path, ballast } = inFolder(2_000_000);
  ballast.fill();
  expect(statSync(path).size).toBe(Math.floor(100_000 / 4096) * 4096);
  ballast.release();
  expect(ballast.isWhole).toBe(false);
  ballast.fill();
  expect(ballast.isWhole).toBe(true);
  ballast.remove();
  expect(ballast.isWhole).toBe(false);
});

test("never writes through a link", () => {
  const { folder, path, ballast } = inFolder(1e12);
  const victim = join(folder, "victim");
  writeFileSync(victim, "precious");
  symlinkSync(victim, path);
  ballast.fill();
  expect(statSync(victim).size).toBe(8);
});
