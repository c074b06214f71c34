import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { launchSupervisor } from "../../src/supervisor/launch.ts";
import { applying, projectOf, server } from "../rig/projects.ts";
import { createRig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";

test("a fault of procs itself is logged with its stack, and ends the supervisor but no service", async () => {
  await using rig = await createRig();
  const entry = join(rig.folder, "faulty.mjs");
  const code = "process.on('SIGUSR1', () => { throw new Error('a fault of ours'); });";
  rig.write("faulty.mjs", `${code}\nawait import(${JSON.stringify(pathToFileURL(rig.entry))});\n`);
  await launchSupervisor({ paths: rig.paths, env: rig.env, entry });
  await rig.engine.operate(applying(projectOf(rig, server("a"))), { launch: true });
  const service = (await rig.engine.snapshot())?.services[0]?.instances[0]?.pid ?? 0;
  // Pid 0 would be the test itself.
  expect(service).toBeGreaterThan(1);
  process.kill((await rig.engine.version())?.pid ?? 0, "SIGUSR1");
  await until("the supervisor has ended", async () => {
    const error = await rig.engine.version().catch((caught: unknown) => String(caught));
    return typeof error === "string" && error.includes("the supervisor died");
  });
  const log = readFileSync(rig.paths.supervisorLog, "utf8");
  expect(log).toMatch(/^\d{4}-\S+Z Error: a fault of ours\n {4}at /);
  expect(rig.processes()).toContain(service);
});

test("two supervisors of one project do not come to be, however they are started", async () => {
  await using rig = await createRig();
  await launchSupervisor({ paths: rig.paths, env: rig.env, entry: rig.entry });
  const first = (await rig.engine.version())?.pid;
  await launchSupervisor({ paths: rig.paths, env: rig.env, entry: rig.entry });
  expect((await rig.engine.version())?.pid).toBe(first);
  expect(rig.processes()).toEqual([first]);
});

test("its own log is bounded", async () => {
  await using rig = await createRig();
  await launchSupervisor({ paths: rig.paths, env: rig.env, entry: rig.entry });
  writeFileSync(rig.paths.supervisorLog, "x".repeat(5 * 1024 * 1024));
  process.kill((await rig.engine.version())?.pid ?? 0, "SIGKILL");
  await until("it has ended", async () => (await rig.engine.version()) === null);
  await launchSupervisor({ paths: rig.paths, env: rig.env, entry: rig.entry });
  expect(statSync(rig.paths.supervisorLog).size).toBeLessThan(1024);
});

test.skipIf(!existsSync("/dev/full"))("a log that cannot be written ends nothing", async () => {
  await using rig = await createRig();
  mkdirSync(rig.paths.state, { recursive: true });
  symlinkSync("/dev/full", rig.paths.supervisorLog);
  // Nothing can be written in its place: a fault that is told in the log, and nowhere else.
  mkdirSync(`${rig.paths.stateFile}.new`);
  await rig.engine.operate(applying(projectOf(rig, server("a"))), { launch: true });
  expect((await rig.engine.snapshot())?.services[0]?.state).toBe("ready");
});
