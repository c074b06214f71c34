import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findProcess } from "../../src/host/tree.ts";
import { canFreeze, freeze } from "../rig/freezer.ts";
import { createProject, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

const ESCAPES = `
services:
  api:
    command: setsid sh -c 'echo $$ >pid; trap "" TERM; while :; do sleep 0.05; done' & exec sleep 1000
    stop: { timeout: 300ms }
`;

async function escapee(project: Project): Promise<number> {
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  const path = join(project.folder, "pid");
  const read = () => (existsSync(path) ? readFileSync(path, "utf8") : "");
  await until("it has left", () => read().endsWith("\n"));
  return Number(read());
}

test("stop says what it had to look for, and so do the events", async () => {
  await using project = createProject(ESCAPES);
  const pid = await escapee(project);
  const words = new RegExp(
    `ended \\d+ process(es)? that it had left outside its group: .*sh \\(${pid}\\)`,
  );
  const stop = await project.procs("stop", "api");
  expect(stop).toMatchObject({ code: 0 });
  expect(stop.stderr).toMatch(words);
  expect((await project.procs("events")).stdout).toMatch(words);
  expect(findProcess(pid)).toBe(null);
});

test.runIf(canFreeze())(
  "what cannot be ended is named by stop, why and the events; ended, it is over",
  async () => {
    await using project = createProject(ESCAPES);
    const pid = await escapee(project);
    const thaw = await freeze(pid);
    try {
      const stop = await project.procs("stop", "api");
      expect(stop.code).toBe(1);
      expect(stop.stderr).toContain("error[P614]: api cannot be ended");
      const name = new RegExp(`sh \\(${pid}\\).* still runs?`);
      expect(stop.stderr).toMatch(name);
      expect((await project.procs("events")).stdout).toMatch(name);
      expect((await project.procs("why", "api")).stdout).toMatch(name);
      const down = await project.procs("down");
      expect(down.code).toBe(1);
      expect(down.stderr).toContain("error[P614]");
    } finally {
      await thaw();
    }
    await until("it has ended", () => findProcess(pid) === null);
    await until("nothing lives", () => project.alive().length === 0);
  },
);
