import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FailpointName } from "../../src/host/failpoint.ts";
import { listArchives } from "../../src/logs/archives.ts";
import { follow } from "../logs/following.ts";
import { storedRuns } from "../logs/stored.ts";
import { builtPackage } from "../rig/built.ts";
import { until } from "../rig/until.ts";
import { countTo, ended, numbers, printer } from "../supervisor/rotation.ts";

const DEATHS = 5;
const LINES = 40_000;

/** A process that keeps the logs of `api.1/1`, as a supervisor would. */
function keeper(runs: string, state: string, way: string, failpoints = ""): ChildProcess {
  const dist = join(builtPackage(), "dist");
  const script = `
    import { RunIndexes } from ${JSON.stringify(join(dist, "supervisor/run-indexes.js"))};
    import { armFailpoints } from ${JSON.stringify(join(dist, "host/failpoint.js"))};
    armFailpoints(${JSON.stringify(failpoints)}, ${JSON.stringify(state)});
    const settings = { max_size: 100_000, keep: 1000, max_total: null, max_age: null, compress: true };
    const indexes = new RunIndexes({
      runs: ${JSON.stringify(runs)},
      room: { settings: () => settings, archived() {}, disk: { grown() {}, full: () => false } },
      log: (message) => console.error(message),
      way: ${JSON.stringify(way)},
    });
    indexes.heard({ kind: "started", id: { service: "api", slot: 1, run: 1 }, pid: 1, port: null });
    console.log("keeps");
    process.stdin.resume();
    process.stdin.on("end", async () => {
      while (!indexes.isIdle) await new Promise((resolve) => setTimeout(resolve, 10));
      indexes.close();
    });`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

async function keeps(child: ChildProcess): Promise<void> {
  let said = false;
  child.stdout?.once("data", () => {
    said = true;
  });
  await until(
    "it keeps the logs",
    () => said || child.exitCode !== null || child.signalCode !== null,
  );
}

/** Lets a last keeper do what is left to do. */
async function finish(runs: string, state: string, way: string): Promise<void> {
  const last = keeper(runs, state, way);
  await keeps(last);
  last.stdin?.end();
  await ended(last);
}

test.each(["auto", "cut"])(
  "no line is lost when the rotating process is killed again and again (%s)",
  async (way) => {
    using stored = storedRuns();
    const state = mkdtempSync(join(tmpdir(), "procs-keeper-"));
    const { out: live } = stored.files("api.1/1");
    writeFileSync(live, "");
    const program = printer(live, LINES, 1);
    await using seen = follow(stored.runs, { from: "start" });
    try {
      for (let death = 0; death < DEATHS; death += 1) {
        const child = keeper(stored.runs, state, way);
        await keeps(child);
        const base = listArchives(live).base;
        const pauseMs = Math.random() * 60;
        const startedAt = performance.now();
        // In the middle of the work, wherever that is.
        await until("it has worked for a while", () => {
          const isLate = performance.now() - startedAt > pauseMs;
          return isLate && (listArchives(live).base > base || program.exitCode !== null);
        });
        child.kill("SIGKILL");
        await ended(child);
      }
      await finish(stored.runs, state, way);
      await ended(program);
      await finish(stored.runs, state, way);
      expect(await numbers(stored.runs)).toEqual(countTo(LINES));
      await until("the follower has it all", () => seen.entries.length >= LINES);
      expect(seen.entries.map((entry) => Number.parseInt(entry.bytes.toString(), 10))).toEqual(
        countTo(LINES),
      );
      const names = listArchives(live);
      expect(names.isBeingCut).toBe(false);
    } finally {
      program.kill("SIGKILL");
      rmSync(state, { recursive: true, force: true });
    }
  },
  120_000,
);

const POINTS: readonly FailpointName[] = [
  ...(["copy.before", "copy.after", "punch.before", "punch.after"] as const),
  ...(["compress.before", "compress.after"] as const),
];

test.each(POINTS.flatMap((point) => [[point, "auto"] as const, [point, "cut"] as const]))(
  "death at %s (%s) loses nothing, and the next one finishes the work",
  async (point, way) => {
    using stored = storedRuns();
    const state = mkdtempSync(join(tmpdir(), "procs-keeper-"));
    const { out: live } = stored.files("api.1/1");
    writeFileSync(live, "");
    const program = printer(live, 20_000, 1);
    try {
      const child = keeper(stored.runs, state, way, `${point}=kill`);
      await ended(child);
      expect(child.signalCode).toBe("SIGKILL");
      await finish(stored.runs, state, way);
      await ended(program);
      await finish(stored.runs, state, way);
      expect(await numbers(stored.runs)).toEqual(countTo(20_000));
      expect(listArchives(live).list.length).toBeGreaterThan(0);
      expect(listArchives(live).list.every((one) => one.isCompressed)).toBe(true);
    } finally {
      program.kill("SIGKILL");
      rmSync(state, { recursive: true, force: true });
    }
  },
  120_000,
);
