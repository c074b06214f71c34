import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { launchSupervisor } from "../../src/supervisor/launch.ts";
import { applying, projectOf, server } from "../rig/projects.ts";
import { createRig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";

test("a fault of procs itself is logged with its stack, and the next supervisor goes on", async () => {
  await using rig = await createRig();
  const entry = join(rig.folder, "faulty.mjs");
  const code = "process.on('SIGUSR1', () => { throw new Error('a fault of ours'); });";
  rig.write("faulty.mjs", `${code}\nawait import(${JSON.stringify(pathToFileURL(rig.entry))});\n`);
  await launchSupervisor({ paths: rig.paths, env: rig.env, entry });
  await rig.engine.operate(applying(projectOf(rig, server("a"))), { launch: true });
  const service = (await rig.engine.snapshot())?.services[0]?.instances[0]?.pid ?? 0;
  // Pid 0 would be the test itself.
  expect(service).toBeGreaterThan(1);
  const faulty = (await rig.engine.version())?.pid ?? 0;
  process.kill(faulty, "SIGUSR1");
  await until("another one is there", async () => (await rig.engine.version())?.pid !== faulty);
  const log = readFileSync(rig.paths.supervisorLog, "utf8");
  expect(log).toMatch(/^\d{4}-\S+Z Error: a fault of ours\n {4}at /m);
  expect(log).toContain(`the supervisor (pid ${faulty}) ended (code 70): starting it anew`);
  expect((await rig.engine.snapshot())?.services[0]?.instances[0]?.pid).toBe(service);
});

test("two supervisors of one project do not come to be, however they are started", async () => {
  await using rig = await createRig();
  await launchSupervisor({ paths: rig.paths, env: rig.env, entry: rig.entry });
  const version = await rig.engine.version();
  const first = version?.pid;
  await launchSupervisor({ paths: rig.paths, env: rig.env, entry: rig.entry });
  expect((await rig.engine.version())?.pid).toBe(first);
  expect(rig.processes().toSorted()).toEqual([version?.guardian, first].toSorted());
});

test("its own log is bounded", async () => {
  await using rig = await createRig();
  await launchSupervisor({ paths: rig.paths, env: rig.env, entry: rig.entry });
  writeFileSync(rig.paths.supervisorLog, "x".repeat(5 * 1024 * 1024));
  const first = (await rig.engine.version())?.pid ?? 0;
  process.kill(first, "SIGKILL");
  await until("another one is there", async () => (await rig.engine.version())?.pid !== first);
  expect(statSync(rig.paths.supervisorLog).size).toBeLessThan(1024);
});
