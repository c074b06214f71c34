import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Disk } from "../../src/supervisor/disk.ts";
import { type Space, spaceOf } from "../../src/supervisor/disk-space.ts";
import { until } from "../rig/until.ts";

const MB = 1_000_000;
const NO_SPACE = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
const READ_ONLY = Object.assign(new Error("EROFS: read-only file system"), { code: "EROFS" });
const OTHER = Object.assign(new Error("EIO: i/o error"), { code: "EIO" });

/** A disk of 1000 MB with so much left, on which `archives` bytes of logs may go. */
function diskWith(freeBytes: number, archives = 0, calmMs = 60_000) {
  const state = mkdtempSync(join(tmpdir(), "procs-disk-"));
  const world = { freeBytes, archives, said: [] as string[], retried: 0, freeFiles: 1000 };
  const disk = new Disk({
    paths: { state },
    calmMs,
    say: (message) => world.said.push(message),
    free(bytes) {
      const freed = Math.min(world.archives, Math.ceil(bytes));
      world.archives -= freed;
      world.freeBytes += freed;
      return freed;
    },
    space: (): Space => ({
      totalBytes: 1_000 * MB,
      freeBytes: world.freeBytes,
      freeFiles: world.freeFiles,
      isFull: world.freeBytes < 4096 || world.freeFiles === 0,
    }),
  });
  onTestFinished(() => {
    disk.close(true);
    rmSync(state, { recursive: true, force: true });
  });
  return { disk, world, ballast: join(state, "ballast") };
}

test("with room enough there is ballast, and nothing is said", () => {
  const { disk, world, ballast } = diskWith(500 * MB, 100 * MB);
  disk.look();
  expect(existsSync(ballast)).toBe(true);
  expect(world).toMatchObject({ said: [], archives: 100 * MB });
  disk.close(true);
  expect(existsSync(ballast)).toBe(false);
});

test("before it is full the oldest logs go, as many as needed, and that is said once", () => {
  const { disk, world } = diskWith(30 * MB, 100 * MB);
  disk.look();
  expect(world).toMatchObject({ freeBytes: 50 * MB, archives: 80 * MB });
  world.freeBytes = 45 * MB;
  disk.look();
  expect(world).toMatchObject({ freeBytes: 50 * MB, archives: 75 * MB });
  expect(world.said).toEqual([
    "the disk that holds logs is nearly full (30 MB of 1.0 GB free): the oldest logs were deleted (20 MB)",
  ]);
});

test("it is nearly full again when it was not for a while", () => {
  const { disk, world } = diskWith(30 * MB, 0, 0);
  disk.look();
  world.freeBytes = 100 * MB;
  disk.look();
  world.freeBytes = 20 * MB;
  disk.look();
  expect(world.said).toEqual([
    "the disk that holds logs is nearly full (30 MB of 1.0 GB free)",
    "the disk that holds logs is nearly full (20 MB of 1.0 GB free)",
  ]);
});

test("a flood in which there is room and then none again is told a few times, not each time", async () => {
  const { disk, world } = diskWith(0);
  for (let turn = 0; turn < 200; turn += 1) {
    world.freeBytes = turn % 2 === 0 ? 0 : 80 * MB;
    disk.look();
    disk.look();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(world.said.map((message) => message.split(" ", 3).join(" "))).toEqual([
    "no space left",
    "there is space",
    "no space left",
  ]);
});

describe("when it is full", () => {
  test("ballast makes room for what is written now; storing stops, and goes on, with one event each", async () => {
    const { disk, world } = diskWith(500 * MB);
    disk.look();
    world.freeBytes = 0;
    expect([1, 2, 3, 4, 5].map(() => disk.full(NO_SPACE))).toEqual([true, true, true, true, false]);
    disk.later(() => {
      world.retried += 1;
    });
    await until("world.said.length > 0", () => world.said.length > 0);
    disk.look();
    disk.grown();
    expect(disk.full(NO_SPACE)).toBe(false);
    expect(world.said).toEqual([
      "no space left on the disk that holds logs (0 of 1.0 GB): services keep running, but their output is not being stored",
    ]);
    expect(world.retried).toBe(0);
    world.freeBytes = 300 * MB;
    await until("world.retried > 0", () => world.retried > 0);
    expect(world.said.slice(1)).toEqual([
      expect.stringMatching(
        /^there is space again on the disk that holds logs \(300 MB free\): output is stored, after \d+s$/,
      ),
    ]);
    expect(disk.full(NO_SPACE)).toBe(true);
  });

  test("a look is enough to see it", () => {
    const { disk, world } = diskWith(0);
    disk.look();
    expect(world.said).toHaveLength(1);
  });

  test("it goes on at once when deleting old logs makes room", async () => {
    const { disk, world } = diskWith(0, 200 * MB);
    expect(disk.full(NO_SPACE)).toBe(false);
    disk.later(() => {
      world.retried += 1;
    });
    await until("world.retried === 1", () => world.retried === 1);
    expect(world.said).toEqual([
      "no space left on the disk that holds logs (0 of 1.0 GB): the oldest logs were deleted (50 MB)",
    ]);
  });

  test("it is seen after the last of many changes that come at once", async () => {
    const { disk, world } = diskWith(100 * MB);
    disk.grown();
    world.freeBytes = 0;
    disk.grown();
    expect(world.said).toEqual([]);
    await until("said", () => world.said.length === 1);
  });

  test("of files rather than bytes, it says so", () => {
    const { disk, world } = diskWith(500 * MB);
    world.freeFiles = 0;
    disk.look();
    expect(world.said[0]).toMatch(/^no room for more files on the disk that holds logs:/);
  });
});

test("a folder that cannot be written to is told apart, and logs are not deleted for it", async () => {
  const { disk, world, ballast } = diskWith(500 * MB, 100 * MB);
  disk.look();
  expect(disk.full(READ_ONLY)).toBe(false);
  await until("world.said.length > 0", () => world.said.length > 0);
  expect(world.said[0]).toMatch(
    /cannot be written to \(EROFS\): services keep running, but what procs does is not recorded$/,
  );
  expect(world.archives).toBe(100 * MB);
  // Whether it can be written to is found out by writing.
  await until("world.said.length > 1", () => world.said.length > 1);
  expect(world.said[1]).toMatch(/can be written to again, after \d+s$/);
  expect(existsSync(ballast)).toBe(true);
});

test("any other failure is none of its business", () => {
  const { disk, world } = diskWith(0, 100 * MB);
  expect([disk.full(OTHER), disk.full("ENOSPC"), disk.full(null)]).toEqual([false, false, false]);
  expect(world).toMatchObject({ said: [], archives: 100 * MB });
});

test("no space where there is plenty deletes nothing, and what failed is tried again a while later", async () => {
  const { disk, world } = diskWith(900 * MB, 100 * MB);
  disk.look();
  disk.full(NO_SPACE);
  disk.later(() => {
    world.retried += 1;
  });
  await until("world.retried === 1", () => world.retried === 1);
  expect(world).toMatchObject({ said: [], archives: 100 * MB });
});

test("the space of a real folder, and of none", () => {
  const space = spaceOf(tmpdir());
  expect(space?.totalBytes).toBeGreaterThan(0);
  expect(space?.freeBytes).toBeLessThanOrEqual(space?.totalBytes ?? 0);
  expect(spaceOf("/no/such/folder")).toBeNull();
});
