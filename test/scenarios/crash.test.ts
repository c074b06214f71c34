import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newKeepers, slay } from "../rig/deaths.ts";
import { createProject, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

/** Of what goes through many lives of supervisors; a loaded machine takes its time for each. */
const LONG_MS = 180_000;

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

/** Shells of ours that run a shell of an instance. */
const copies = (project: Project) =>
  project.alive().filter((line) => /^\d+ \/bin\/sh -c eval .*PROCS_SHIM/.test(line)).length;

test("a supervisor that is killed is back at once, and has taken over what runs", async () => {
  await using project = createProject(DATABASE);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  const pids = await project.pids("db");
  const { guardian } = await slay(project, "supervisor");
  const ps = await project.procs("ps");
  expect(ps).toMatchObject({ code: 0, stderr: "" });
  expect(await project.pids("db")).toEqual(pids);
  expect((await newKeepers(project)).guardian).toBe(guardian);
  expect(copies(project)).toBe(2);
});

test("a guardian that is killed is replaced, and nothing that runs notices", async () => {
  await using project = createProject(DATABASE);
  await project.procs("up", "-d");
  const pids = await project.pids("db");
  const { guardian, supervisor } = await slay(project, "guardian");
  // The supervisor that lives is not restarted for it.
  expect((await newKeepers(project, { guardian })).supervisor).toBe(supervisor);
  expect(await project.pids("db")).toEqual(pids);
  expect(copies(project)).toBe(2);
  // And that one is a guardian as good as the first.
  await slay(project, "supervisor");
  expect(await project.pids("db")).toEqual(pids);
});

test(
  "with guardian and supervisor killed, any next command takes over what runs, and then does its work",
  async () => {
    await using project = createProject(DATABASE);
    await project.procs("up", "-d");
    const pids = await project.pids("db");
    const commands = [
      ["ps"],
      ["why", "api"],
      ["plan"],
      ["reload"],
      ["stop", "api"],
      ["start", "api"],
    ];
    for (const words of commands) {
      await slay(project, "guardian", "supervisor");
      const { code, stderr } = await project.procs(...words);
      expect([words, code, stderr]).toEqual([words, 0, expect.not.stringContaining("error")]);
      expect([words, await project.pids("db")]).toEqual([words, pids]);
    }
    expect(copies(project)).toBe(2);
  },
  LONG_MS,
);

test(
  "with both killed down ends what is left as its services want, also without its runtime folder",
  async () => {
    await using project = createProject(DATABASE);
    for (const isCleaned of [false, true]) {
      await project.procs("up", "-d");
      await slay(project, "guardian", "supervisor");
      if (isCleaned) rmSync(join(project.stateFolder, "run"), { recursive: true });
      expect(await project.procs("down")).toMatchObject({ code: 0 });
      await until("nothing is left", () => project.alive().length === 0);
      const { stdout } = await project.procs("logs", "--raw");
      expect(stdout).toContain("INT\nclean\n");
      expect(stdout).not.toContain("TERM");
    }
  },
  LONG_MS,
);

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
