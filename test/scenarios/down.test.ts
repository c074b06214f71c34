import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject } from "../rig/project.ts";
import { until } from "../rig/until.ts";

test("down ends what ignores SIGTERM, what forks and what leaves its group, and says who was killed", async () => {
  await using project = createProject(`
services:
  stubborn:
    command: trap '' TERM; while true; do sleep 0.1; done
    stop: { timeout: 500ms }
  family:
    command: (sleep 1000 & sleep 1000) & sleep 1000
  leaver:
    command: setsid sh -c 'sleep 1000 & wait' & sleep 1000
    stop: { timeout: 500ms }
  polite:
    command: sleep 1000
`);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  await until(
    "every process of the families is there",
    () => project.alive().filter((l) => l.includes("sleep")).length >= 6,
  );
  const down = await project.procs("down");
  expect(down.code).toBe(0);
  expect(down.stdout + down.stderr).toMatch(/stubborn.*killed/);
  expect(down.stdout + down.stderr).not.toMatch(/polite.*killed/);
  await until("nothing is left", () => project.alive().length === 0);
});

test("starts and downs in a row leave no process, socket, fifo, lock or folder", async () => {
  await using project = createProject(`
services:
  one: { command: sleep 1000 }
  two: { command: sleep 1000, depends_on: { one: started } }
`);
  for (let round = 0; round < 5; round++) {
    const runtime = join(project.stateFolder, "run");
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    expect(readdirSync(runtime)).toHaveLength(1);
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    await until("nothing is left", () => project.alive().length === 0);
    expect(existsSync(runtime) ? readdirSync(runtime) : []).toEqual([]);
  }
});

test("down when nothing runs is done", async () => {
  await using project = createProject("services: { a: { command: sleep 1000 } }\n");
  expect(await project.procs("down")).toMatchObject({ code: 0 });
});
