import { expect, test } from "vitest";
import { createProject } from "../rig/project.ts";

test("an up of tasks shows their last words and ends: 0 when all are done, 1 when one failed", async () => {
  const tasks = (last: string) => `
services:
  first: { kind: task, command: echo one }
  second: { kind: task, command: "sleep 0.3; echo two; ${last}", depends_on: { first: done } }
`;
  await using project = createProject(tasks("true"));
  const good = await project.procs("up");
  expect(good).toMatchObject({ code: 0, stdout: "first  │ one\nsecond │ two\n" });
  expect(good.stderr).toContain("nothing is left to run");
  expect(project.alive()).toEqual([]);
  project.write("procs.yaml", tasks("exit 4"));
  expect(await project.procs("up")).toMatchObject({
    code: 1,
    stdout: "first  │ one\nsecond │ two\n",
  });
});

test("scale and wait work on a service whose last edit was rolled back, and say nothing of that", async () => {
  const yaml = (a: string, check: string) => `
services:
  api:
    command: sleep 1000
    env: { A: "${a}" }
    instances: 2
    reload: rolling
    ready: { exec: "${check}", interval: 50ms, timeout: 500ms }
  other: { command: sleep 1000 }
`;
  await using project = createProject(yaml("1", "true"));
  await project.procs("up", "-d");
  await project.procs("stop", "other");
  project.write("procs.yaml", yaml("2", "false"));
  const reload = await project.procs("reload");
  expect(reload.code).toBe(6);
  expect(reload.stderr).toContain("rolled back: api still runs the previous version.\n");
  expect((await project.procs("status", "api")).stdout).toContain("exec true: exit 0");
  expect(await project.procs("wait", "api", "--timeout", "5s")).toMatchObject({ code: 0 });
  expect(await project.procs("scale", "api=3")).toMatchObject({ code: 0 });
  const refused = await project.procs("reload", "--expect", "00000000");
  expect(refused.stderr).toContain("error[P503]");
  expect(refused.stderr).not.toContain("waiting");
});

test("what is off is not restarted with all, not waited for in success, and named when signalled", async () => {
  await using project = createProject(`
services:
  api: { command: sleep 1000 }
  other: { command: sleep 1000 }
  dev: { command: sleep 1000, profiles: [dev] }
`);
  await project.procs("up", "-d", "api");
  const [pid] = await project.pids("api");
  expect(await project.procs("restart", "-y")).toMatchObject({ code: 0 });
  expect(await project.pids("api")).not.toEqual([pid]);
  expect(await project.procs("ps", "--fields", "name,state")).toMatchObject({
    stdout: "api\tready\nother\tstopped\ndev\tdisabled\n",
  });
  expect(await project.procs("wait", "other", "--timeout", "300ms")).toMatchObject({ code: 5 });
  const signal = await project.procs("signal", "api.9", "WINCH");
  expect(signal).toMatchObject({ code: 1 });
  expect(signal.stderr).toContain("api.9 is not running");
  const down = await project.procs("down", "api");
  expect(down).toMatchObject({ code: 2 });
  expect(down.stderr).toContain("help: procs stop api");
  expect((await project.service("api")).state).toBe("ready");
});
