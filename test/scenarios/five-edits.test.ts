import { expect, test } from "vitest";
import { createProject } from "../rig/project.ts";

const SERVER = `
import { createServer } from "node:http";
createServer((_, response) => response.end(process.env.VERSION ?? "1")).listen(Number(process.env.PORT), "127.0.0.1");
`;

const before = `
services:
  api:
    command: [node, api.mjs]
    instances: 2
    port: 4612
    env: { OLD: gone, SAME: "1" }
    ready: { tcp: 4612, interval: 100ms }
  worker:
    command: sleep 1000
  crash:
    command: sleep 1001
`;
const after = before
  .replace("api.mjs", "api2.mjs")
  .replace("instances: 2", "instances: 3")
  .replace('OLD: gone, SAME: "1"', 'NEW: here, SAME: "1"')
  .replace("  worker:\n    command: sleep 1000\n", "");

test("five edits are listed by plan and applied by reload, and nothing else is touched", async () => {
  await using project = createProject(before);
  project.write("api.mjs", SERVER);
  project.write("api2.mjs", SERVER);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  const [crash] = await project.pids("crash");
  const old = await project.pids("api");
  project.write("procs.yaml", after);

  const plan = await project.procs("plan");
  expect(plan.code).toBe(0);
  expect(plan.stdout).toMatch(/command +node api.mjs -> node api2.mjs/);
  expect(plan.stdout).toMatch(/instances +2 -> 3/);
  expect(plan.stdout).toMatch(/env.OLD/);
  expect(plan.stdout).toMatch(/env.NEW/);
  expect(plan.stdout).toMatch(/worker/);
  expect(plan.stdout.match(/procs\.yaml:\d+/g)?.length).toBeGreaterThanOrEqual(3);

  const reload = await project.procs("reload", "-y");
  expect(reload).toMatchObject({ code: 0 });
  const api = await project.service("api");
  expect(api.ready).toBe(3);
  expect(api.instances.map((i) => i.port)).toEqual([4612, 4613, 4614]);
  for (const { pid } of api.instances) expect(old).not.toContain(pid);
  const environment = await project.procs("run", "--no-deps", "api", "--", "env");
  expect(environment.stdout).toContain("NEW=here");
  expect(environment.stdout).not.toContain("OLD=");
  const { services } = await project.snapshot();
  expect(services.map((s) => s.name)).toEqual(["api", "crash"]);
  expect(await project.pids("crash")).toEqual([crash]);

  const again = await project.procs("reload");
  expect(again).toMatchObject({ code: 0 });
  expect(again.stdout + again.stderr).toContain("Nothing to do");
});
