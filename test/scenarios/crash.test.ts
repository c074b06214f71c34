import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

/** Writes how it was asked to end; ends only at SIGINT, and takes its time. */
const DATABASE = `
services:
  db:
    command: trap 'echo TERM' TERM; trap 'echo INT; sleep 0.4; echo clean; exit 0' INT; echo up; while :; do sleep 0.05; done
    stop: { signal: SIGINT, timeout: 20s }
    ready: { log: /up/ }
  api:
    command: trap 'echo api ends; exit 0' TERM; while :; do sleep 0.05; done
    depends_on: { db: ready }
`;

async function killSupervisor(project: Project): Promise<void> {
  const { supervisor } = await project.snapshot();
  const pid = supervisor?.pid ?? 0;
  process.kill(pid, "SIGKILL");
  await until("it is dead", () => !project.alive().some((line) => line.startsWith(`${pid} `)));
}

const copies = (project: Project) =>
  project.alive().filter((line) => /^\d+ \/bin\/sh -c eval/.test(line)).length;

test("with the supervisor killed no command says that nothing runs", async () => {
  await using project = createProject(DATABASE);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  await killSupervisor(project);
  const commands = [["ps"], ["stop", "api"], ["reload"], ["plan"], ["restart"], ["why", "api"]];
  for (const words of commands) {
    const { code, stderr } = await project.procs(...words);
    expect([words, code]).toEqual([words, 4]);
    expect(stderr).toContain("what it started still runs without it: api.1, db.1");
  }
  expect(copies(project)).toBe(2);
});

test("after a kill of the supervisor up ends what is left as its services want, then starts anew", async () => {
  await using project = createProject(DATABASE);
  await project.procs("up", "-d");
  await killSupervisor(project);
  const up = await project.procs("up", "-d");
  expect(up).toMatchObject({ code: 0 });
  expect(up.stderr).toContain("the supervisor died");
  expect(copies(project)).toBe(2);
  const { stdout } = await project.procs("logs", "--raw", "--previous");
  expect(stdout).toContain("INT\nclean\n");
  expect(stdout).not.toContain("TERM");
  expect(stdout.indexOf("api ends")).toBeLessThan(stdout.indexOf("INT"));
});

test("after a kill of the supervisor down ends what is left, also without its runtime folder", async () => {
  await using project = createProject(DATABASE);
  for (const isCleaned of [false, true]) {
    await project.procs("up", "-d");
    await killSupervisor(project);
    if (isCleaned) rmSync(join(project.stateFolder, "run"), { recursive: true });
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    await until("nothing is left", () => project.alive().length === 0);
  }
});

test("a runtime folder that is cleaned away comes back, and no second copy of anything starts", async () => {
  await using project = createProject(DATABASE);
  await project.procs("up", "-d");
  const pids = await project.pids("db");
  rmSync(join(project.stateFolder, "run"), { recursive: true });
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  expect(await project.pids("db")).toEqual(pids);
  expect(copies(project)).toBe(2);
  expect(await project.procs("restart", "api")).toMatchObject({ code: 0 });
});

test("a shell with another runtime folder finds the project that runs", async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "procs-shells-")));
  const first = {
    PROCS_STATE_DIR: "",
    XDG_STATE_HOME: join(root, "s"),
    XDG_RUNTIME_DIR: join(root, "r"),
  };
  await using project = createProject(DATABASE, first);
  try {
    await project.procs("up", "-d");
    const pids = await project.pids("db");
    project.env.XDG_RUNTIME_DIR = join(root, "other");
    expect(await project.pids("db")).toEqual(pids);
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    expect(await project.pids("db")).toEqual(pids);
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    expect(() => process.kill(pids[0] ?? 0, 0)).toThrow();
  } finally {
    await project.procs("down");
    rmSync(root, { recursive: true, force: true });
  }
});

test("a path too long for a socket is said, at once", async () => {
  await using project = createProject(DATABASE);
  project.env.PROCS_STATE_DIR = join(project.stateFolder, "x".repeat(100));
  const { code, stderr } = await project.procs("up", "-d");
  expect(code).toBe(4);
  expect(stderr).toContain("P604");
  expect(stderr).toContain("the path of the socket is too long");
});
