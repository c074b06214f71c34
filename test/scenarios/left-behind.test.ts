import { expect, test } from "vitest";
import { createProject } from "../rig/project.ts";
import { until } from "../rig/until.ts";

const YAML = `
services:
  db: { command: sleep 1000 }
  api: { command: sleep 1001, depends_on: { db: started } }
`;

test("when the supervisor was killed, every command says so, and down ends what it left", async () => {
  await using project = createProject(YAML);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  process.kill((await project.snapshot()).supervisor?.pid ?? 0, "SIGKILL");
  await until("it is gone", () => !project.alive().some((line) => line.includes("main.js")));
  for (const command of [["ps"], ["reload"], ["stop", "api"], ["events", "-f"]]) {
    const ran = await project.procs(...command);
    expect(ran, command.join(" ")).toMatchObject({ code: 4, stdout: "" });
    expect(ran.stderr).toMatch(/error\[P602\].*\n?.*(db|api)/);
  }
  const events = await project.procs("events");
  expect(events).toMatchObject({ code: 0 });
  expect(events.stdout).toContain("api ready");
  expect(await project.procs("down")).toMatchObject({ code: 0 });
  await until("nothing is left", () => project.alive().length === 0);
});

test("when the supervisor was killed, up ends what it left before it starts anything", async () => {
  await using project = createProject(YAML);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  const before = await project.pids("db");
  process.kill((await project.snapshot()).supervisor?.pid ?? 0, "SIGKILL");
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  expect(await project.pids("db")).not.toEqual(before);
  expect(project.alive().filter((line) => /^\d+ sleep 100\d$/.test(line))).toHaveLength(2);
});
