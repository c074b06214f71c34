import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Instance, Observed } from "../../src/core/observed.ts";
import type { LogSettings } from "../../src/core/spec.ts";
import { armFailpoints } from "../../src/host/failpoint.ts";
import { lifeFifos } from "../../src/host/life.ts";
import { projectPaths } from "../../src/paths.ts";
import { Retention } from "../../src/supervisor/retention.ts";
import { storedRuns } from "../logs/stored.ts";
import { service } from "../rig/specs.ts";
import { until } from "../rig/until.ts";

const CAPS: LogSettings = { ...service("api").log, max_size: 1_000, keep: 1 };

function retentionOf(live: readonly number[] = [], caps: Partial<LogSettings> = {}) {
  const stored = storedRuns();
  const paths = {
    ...projectPaths("/shop", { PROCS_STATE_DIR: stored.runs }, 0),
    runs: stored.runs,
    life: `${stored.runs}.life`,
  };
  mkdirSync(paths.life);
  onTestFinished(() => {
    rmSync(paths.life, { recursive: true, force: true });
    stored[Symbol.dispose]();
  });
  const faults: unknown[] = [];
  const retention = new Retention({
    paths,
    settings: (name) => (name === "api" ? { ...CAPS, ...caps } : null),
    project: () => ({ max_total: null, max_age: null }),
    observed: () => observedWith(live),
    onFault: (error) => faults.push(error),
  });
  const runs = (slot = "api.1") =>
    readdirSync(join(stored.runs, slot))
      .filter((name) => name.endsWith(".out"))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
  return { stored, retention, faults, paths, runs };
}

function observedWith(live: readonly number[]): Observed {
  const instances = live.map((run) => {
    // Only these keys are looked at.
    return { service: "api", slot: 1, run, phase: { kind: "running", pid: 1 } } as Instance;
  });
  // The same.
  const api = { instances } as unknown as NonNullable<ReturnType<Observed["services"]["get"]>>;
  return { services: new Map([["api", api]]), sockets: {}, nextRun: {} };
}

test("a slot that was touched is brought within its caps soon, all of it", async () => {
  const { stored, retention, runs, faults } = retentionOf([4]);
  for (const run of [1, 2, 3, 4]) stored.write(`api.1/${run}`, "x".repeat(900));
  const { out } = stored.files("api.1/4");
  for (const to of [100, 200]) writeFileSync(`${out}@${to - 100}-${to}`, "x");
  retention.touched("api", 1);
  await until("the old runs are gone", () => runs().length === 2);
  expect(runs()).toEqual([3, 4]);
  expect(readdirSync(dirname(out)).filter((name) => name.includes("@"))).toEqual([
    "4.out@0-100.gone",
    "4.out@100-200",
  ]);
  expect(faults).toEqual([]);
});

test("what somebody still holds open is not deleted, whatever the books say", () => {
  const { stored, retention, runs, paths } = retentionOf();
  for (const run of [1, 2, 3]) stored.write(`api.1/${run}`, "x".repeat(2_000));
  const { tree } = lifeFifos(paths, { service: "api", slot: 1, run: 1 });
  execFileSync("mkfifo", [tree]);
  const held = openSync(tree, constants.O_RDWR);
  retention.look();
  expect(runs()).toEqual([1, 3]);
  closeSync(held);
  retention.look();
  expect(runs()).toEqual([3]);
});

test("space is made from the oldest of all, and told; a service that left the file keeps nothing then", () => {
  const { stored, retention, runs } = retentionOf([2], { keep: 100 });
  for (const run of [1, 2]) stored.write(`api.1/${run}`, "x".repeat(90_000), { timeMs: run * 1e6 });
  stored.write("old.1/1", "x".repeat(90_000), { timeMs: 1 });
  retention.look();
  expect(runs("old.1")).toEqual([1]);
  expect(retention.free(50_000)).toBeGreaterThanOrEqual(90_000);
  expect(readdirSync(stored.runs)).toEqual(["api.1"]);
  // The last words of api, and what it writes, stay.
  expect(retention.free(1e9)).toBe(0);
  expect(runs()).toEqual([1, 2]);
});

test("a crash loop of thousands of runs is cut down to a hundred", () => {
  const { stored, retention, runs } = retentionOf();
  for (let run = 1; run <= 1_200; run += 1) stored.write(`api.1/${run}`, "x");
  retention.look();
  expect(runs()).toHaveLength(100);
  expect(runs().at(-1)).toBe(1_200);
});

test("a deletion that fails is told, and what was cut short is finished by the next look", () => {
  const { stored, retention, runs, faults } = retentionOf();
  for (const run of [1, 2, 3]) {
    stored.write(`api.1/${run}`, "x".repeat(2_000));
    stored.ledger(`api.1/${run}`, "exit 0");
  }
  rmSync(stored.files("api.1/1").out);
  armFailpoints("drop.before=error(EIO)", stored.runs);
  onTestFinished(() => armFailpoints(undefined, "/"));
  retention.look();
  expect([runs(), faults.length]).toEqual([[2, 3], 1]);
  expect(readdirSync(join(stored.runs, "api.1")).some((name) => name.startsWith("1."))).toBe(false);
  armFailpoints(undefined, "/");
  retention.look();
  expect(runs()).toEqual([3]);
});
