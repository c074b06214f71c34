import {
  existsSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { deleteRun, StoredSlot } from "../../src/logs/stored-runs.ts";
import { storedRuns } from "./stored.ts";

const none = () => false;

test("knows of each run what it takes on the disk, how much is in no archive, and when it last wrote", () => {
  using stored = storedRuns();
  stored.write("api.1/1", "x".repeat(10_000), { timeMs: 5_000_000 });
  stored.ledger("api.1/1", "start 1");
  const { out, ledger } = stored.files("api.1/1");
  utimesSync(ledger, 4_000, 4_000);
  writeFileSync(`${out}@0-4000`, "x".repeat(4_000));
  writeFileSync(`${out}@4000-9000.gz`, "x".repeat(100));
  writeFileSync(`${out}@9000-9500.tmp`, "x");
  utimesSync(`${out}@0-4000`, 1_000, 1_000);
  utimesSync(`${out}@4000-9000.gz`, 2_000, 2_000);
  const [run] = new StoredSlot(stored.runs, "api", 1).look(none);
  const blocks = (path: string) => statSync(path).blocks * 512;
  expect(run?.archives).toEqual([
    { stream: "stdout", to: 4_000, diskBytes: blocks(`${out}@0-4000`), atMs: 1_000_000 },
    { stream: "stdout", to: 9_000, diskBytes: blocks(`${out}@4000-9000.gz`), atMs: 2_000_000 },
  ]);
  expect(run).toMatchObject({ run: 1, isLive: false });
  expect(run?.rest.unarchived).toEqual({ stdout: 1_000, stderr: 0 });
  expect(run?.rest.atMs).toBe(5_000_000);
  expect(run?.rest.diskBytes).toBeGreaterThanOrEqual(10_000);
});

test("an archive that was dropped still says where the live file's own bytes begin", () => {
  using stored = storedRuns();
  stored.write("api.1/1", "x".repeat(10_000));
  writeFileSync(`${stored.files("api.1/1").out}@0-9000.gone`, "");
  const [run] = new StoredSlot(stored.runs, "api", 1).look(none);
  expect(run?.archives).toEqual([]);
  expect(run?.rest.unarchived.stdout).toBe(1_000);
});

test("a hole takes no space", () => {
  using stored = storedRuns();
  stored.write("api.1/1", "x");
  truncateSync(stored.files("api.1/1").out, 100_000_000);
  const [run] = new StoredSlot(stored.runs, "api", 1).look(none);
  expect(run?.rest.diskBytes).toBeLessThan(1_000_000);
});

test("looks again at what lives, and at runs whose files came or went", () => {
  using stored = storedRuns();
  stored.write("api.1/1", "x");
  stored.write("api.1/2", "x");
  const slot = new StoredSlot(stored.runs, "api", 1);
  const sizes = () => slot.look((run) => run === 2).map((run) => run.rest.unarchived.stdout);
  expect(sizes()).toEqual([1, 1]);
  stored.write("api.1/1", "y");
  stored.write("api.1/2", "y");
  // The first has ended: nobody writes to it, and nobody asks.
  expect(sizes()).toEqual([1, 2]);
  stored.write("api.1/1", "z", { stream: "stderr" });
  expect(sizes()).toEqual([2, 2]);
  deleteRun(stored.files("api.1/1"));
  expect(sizes()).toEqual([2]);
});

test("a run is deleted with everything of it, and no other run", () => {
  using stored = storedRuns();
  for (const name of ["api.1/1", "api.1/11"]) {
    stored.write(name, "x", { timeMs: 1 });
    stored.write(name, "x", { timeMs: 1, stream: "stderr" });
    stored.ledger(name, "exit 0");
    writeFileSync(`${stored.files(name).err}@0-1.gz`, "x");
  }
  const { folder } = stored.files("api.1/1");
  deleteRun(stored.files("api.1/1"));
  expect(readdirSync(folder).filter((name) => !name.startsWith("11."))).toEqual([]);
  expect(readdirSync(folder)).toHaveLength(6);
  expect(() => deleteRun(stored.files("api.1/1"))).not.toThrow();
});

test("what is left of a deletion that was cut short is found, but never the last run", () => {
  using stored = storedRuns();
  for (const run of [1, 2, 3]) {
    stored.write(`api.1/${run}`, "x");
    stored.ledger(`api.1/${run}`, "exit 0");
    if (run !== 2) rmSync(stored.files(`api.1/${run}`).out);
  }
  const slot = new StoredSlot(stored.runs, "api", 1);
  slot.look(none);
  expect(slot.remains(none)).toEqual([1]);
  expect(slot.remains((run) => run === 1)).toEqual([]);
  expect(existsSync(stored.files("api.1/3").ledger)).toBe(true);
});

test("a slot without a folder has nothing", () => {
  using stored = storedRuns();
  const slot = new StoredSlot(stored.runs, "api", 7);
  expect(slot.look(none)).toEqual([]);
  expect(slot.remains(none)).toEqual([]);
});
