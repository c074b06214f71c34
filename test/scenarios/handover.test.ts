import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newKeepers } from "../rig/deaths.ts";
import { BIN, createProject, finished, type Project } from "../rig/project.ts";

/** Of what goes through many lives of supervisors; a loaded machine takes its time for each. */
const LONG_MS = 180_000;

const YAML = `
services:
  db: { command: sleep 1000, instances: 2 }
  api: { command: sleep 1001, depends_on: { db: started } }
  once: { kind: task, command: echo done }
`;

/** Another version of procs: the same build, which calls itself so. */
const OTHER = "9.9.9";
let other = "";

beforeAll(() => {
  const here = resolve(dirname(BIN), "..");
  other = mkdtempSync(join(tmpdir(), "procs-other-"));
  for (const name of ["bin", "dist", "schema", "package.json"]) {
    cpSync(join(here, name), join(other, name), { recursive: true, dereference: true });
  }
  symlinkSync(join(here, "node_modules"), join(other, "node_modules"));
  const { version } = JSON.parse(readFileSync(join(other, "package.json"), "utf8"));
  for (const file of ["dist/version.js", "dist/cli/fast.js", "dist/supervisor/main.js"]) {
    const text = readFileSync(join(other, file), "utf8");
    writeFileSync(join(other, file), text.replaceAll(`"${version}"`, `"${OTHER}"`));
  }
});
afterAll(() => rmSync(other, { recursive: true, force: true }));

function newer(project: Project, ...args: readonly string[]) {
  const bin = join(other, "bin", "procs.js");
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const how = { cwd: project.folder, env: project.env, stdio: [...stdio] };
  return finished(spawn(process.execPath, [bin, ...args], how));
}

async function everyPid(project: Project) {
  return [await project.pids("db"), await project.pids("api")];
}

test(
  "daemon restart puts a new supervisor and guardian in the place of the old ones, and touches nothing",
  async () => {
    await using project = createProject(YAML);
    await project.procs("up", "-d");
    const pids = await everyPid(project);
    const before = await newKeepers(project);
    const ran = await project.procs("daemon", "restart");
    expect(ran).toMatchObject({ code: 0, stdout: "" });
    expect(ran.stderr).toContain("3 processes went on as before.");
    await newKeepers(project, before);
    expect(await everyPid(project)).toEqual(pids);
  },
  LONG_MS,
);

test(
  "daemon upgrade lets another version take over, and an edit is then its business",
  async () => {
    await using project = createProject(YAML);
    await project.procs("up", "-d");
    const pids = await everyPid(project);
    const refused = await newer(project, "reload");
    expect(refused).toMatchObject({ code: 4, stdout: "" });
    expect(refused.stderr).toContain("P601");
    expect(refused.stderr).toContain("procs daemon upgrade");
    const upgraded = await newer(project, "daemon", "upgrade", "--json");
    expect(upgraded).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(upgraded.stdout)).toMatchObject({
      ...{ action: "upgrade", version: OTHER, replaced: true, kept: 3, touched: [] },
    });
    // What runs is compared by what the new version makes of both sides: nothing differs.
    expect(await newer(project, "reload")).toMatchObject({ code: 0 });
    expect(await newer(project, "plan", "--exit-code")).toMatchObject({ code: 0 });
    expect(await everyPid(project)).toEqual(pids);
    const again = await newer(project, "daemon", "upgrade");
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain(`of procs ${OTHER} already`);
    // And back again.
    expect(await project.procs("daemon", "upgrade")).toMatchObject({ code: 0 });
    expect(await everyPid(project)).toEqual(pids);
  },
  LONG_MS,
);

test("with nothing running there is nothing to replace, and daemon says so", async () => {
  await using project = createProject(YAML);
  const restarted = await project.procs("daemon", "restart");
  expect(restarted).toMatchObject({ code: 4, stdout: "" });
  expect(restarted.stderr).toContain("P602");
  const status = await project.procs("daemon", "status", "--exit-code", "--json");
  expect(status).toMatchObject({ code: 7, stderr: "" });
  expect(JSON.parse(status.stdout)).toMatchObject({ running: false, pid: null, guardian: null });
  expect(await project.procs("daemon", "begin")).toMatchObject({ code: 2, stdout: "" });
});
