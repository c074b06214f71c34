import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { keepersOf, newKeepers, slay } from "../rig/deaths.ts";
import { createProject } from "../rig/project.ts";
import { until } from "../rig/until.ts";

/** Of what goes through many lives of supervisors; a loaded machine takes its time for each. */
const LONG_MS = 180_000;

const YAML = `
services:
  db: { command: "trap 'echo ended in order; sleep 0.3; exit 0' TERM; while :; do sleep 0.05; done" }
  api: { command: sleep 1001, depends_on: { db: started } }
`;

test("a supervisor that hangs is replaced, and what runs is not", async () => {
  await using project = createProject(YAML, { PROCS_WATCHDOG: "1.5" });
  await project.procs("up", "-d");
  const pids = await project.pids("db");
  const before = await newKeepers(project);
  process.kill(before.supervisor, "SIGSTOP");
  const after = await newKeepers(project, { supervisor: before.supervisor });
  expect(after.guardian).toBe(before.guardian);
  expect(await project.pids("db")).toEqual(pids);
  const { stdout } = await project.procs("daemon", "logs");
  expect(stdout).toContain(`(pid ${before.supervisor}) has not answered for 2 rounds`);
});

test("a command that is asked of a hanging supervisor is answered by the next one", async () => {
  await using project = createProject(YAML, { PROCS_WATCHDOG: "1.5" });
  await project.procs("up", "-d");
  const { supervisor } = await newKeepers(project);
  process.kill(supervisor, "SIGSTOP");
  const [ps, restart] = await Promise.all([project.procs("ps"), project.procs("restart", "api")]);
  expect(ps).toMatchObject({ code: 0, stderr: "" });
  expect(restart).toMatchObject({ code: 0 });
  expect((await newKeepers(project)).supervisor).not.toBe(supervisor);
});

test.each(["supervisor", "guardian", "both"] as const)(
  "SIGTERM to %s ends everything in order, and no more in a hurry than that",
  async (whom) => {
    await using project = createProject(YAML);
    await project.procs("up", "-d");
    const keepers = await newKeepers(project);
    const pids = whom === "both" ? Object.values(keepers) : [keepers[whom]];
    for (const pid of pids) process.kill(pid, "SIGTERM");
    await until("nothing is left", () => project.alive().length === 0);
    const { stdout } = await project.procs("logs", "--raw", "db");
    expect(stdout).toContain("ended in order\n");
    const events = await project.procs("events");
    expect(events.stdout).not.toContain("killed");
    expect(events.stdout).toContain("the supervisor leaves: nothing runs any more");
  },
);

test("deaths while everything ends change nothing of that", async () => {
  await using project = createProject(YAML);
  await project.procs("up", "-d");
  const down = project.procs("down");
  await until("db is ending", async () => {
    const { stdout } = await project.procs("logs", "--raw", "db");
    return stdout.includes("ended in order");
  });
  const keepers = keepersOf(project);
  if (keepers !== null) process.kill(keepers.supervisor, "SIGKILL");
  expect(await down).toMatchObject({ code: 0 });
  await until("nothing is left", () => project.alive().length === 0);
});

test(
  "guardian and supervisor take turns in dying, and one of each is left",
  async () => {
    await using project = createProject(YAML);
    await project.procs("up", "-d");
    const pids = await project.pids("db");
    for (const which of ["guardian", "supervisor", "guardian", "guardian", "supervisor"] as const) {
      const before = await slay(project, which);
      await newKeepers(project, { [which]: before[which] });
    }
    expect(await project.pids("db")).toEqual(pids);
    const mine = project.alive().filter((line) => /procs guardian|main\.js/.test(line));
    expect(mine).toHaveLength(2);
  },
  LONG_MS,
);

test("who asks for the guardian is told, and its memory is next to nothing", async () => {
  await using project = createProject(YAML);
  await project.procs("up", "-d");
  const { guardian, supervisor } = await newKeepers(project);
  const { stdout } = await project.procs("daemon", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ v: 1, kind: "daemon", action: "status", running: true, same_version: true },
    ...{ guardian, pid: supervisor },
  });
  const rollup = readFileSync(`/proc/${guardian}/smaps_rollup`, "utf8");
  expect(Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1])).toBeLessThan(1024);
});
