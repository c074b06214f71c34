import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

/** Writes the file, applies it, and expects that to succeed. */
async function reload(project: Project, yaml: string): Promise<void> {
  project.write("procs.yaml", yaml);
  const { code, stdout, stderr } = await project.procs("reload", "-y");
  expect(code, stdout + stderr).toBe(0);
}

/** A project that is up. */
async function up(yaml: string, files: Record<string, string> = {}): Promise<Project> {
  const project = createProject(yaml);
  for (const [name, text] of Object.entries(files)) project.write(name, text);
  const { code, stdout, stderr } = await project.procs("up", "-d");
  if (code !== 0) await project[Symbol.asyncDispose]();
  expect(code, stdout + stderr).toBe(0);
  return project;
}

test("another schedule arms the timer anew, and starts or stops nothing", async () => {
  const yaml =
    'services: { backup: { kind: task, command: touch ran, schedule: { cron: "0 3 1 1 *", timezone: UTC } } }';
  await using project = await up(yaml);
  const isDue = (day: string) =>
    until(`it is due on ${day}`, async () => {
      const { next_due } = await project.service("backup");
      return next_due?.slice(5, 10) === day;
    });
  await isDue("01-01");
  await reload(project, yaml.replace("0 3 1 1 *", "0 3 15 6 *"));
  await isDue("06-15");
  expect((await project.service("backup")).state).toBe("idle");
  expect(existsSync(join(project.folder, "ran"))).toBe(false);
});

test("a service that becomes a task stops, and runs once", async () => {
  await using project = await up("services: { job: { command: sleep 1000 } }");
  const [pid] = await project.pids("job");
  await reload(project, "services: { job: { kind: task, command: sleep 0.1 } }");
  expect(await project.reaches("job", "done")).toMatchObject({ kind: "task" });
  expect(project.alive().map((line) => Number.parseInt(line, 10))).not.toContain(pid);
});

test("what is disabled, or whose profile is not selected, stops, and comes back when that ends", async () => {
  const yaml = "services: { web: { command: sleep 1000 }, other: { command: sleep 1001 } }";
  await using project = await up(yaml);
  const others = await project.pids("other");
  for (const key of ["enabled: false", "profiles: [dev]"]) {
    await reload(project, yaml.replace("sleep 1000", `sleep 1000, ${key}`));
    expect(await project.service("web"), key).toMatchObject({ state: "disabled", ready: 0 });
    expect(project.alive().filter((line) => line.endsWith(" sleep 1000"))).toEqual([]);
    await reload(project, yaml);
    expect(await project.service("web"), key).toMatchObject({ state: "ready", ready: 1 });
  }
  expect(await project.pids("other")).toEqual(others);
});

test("a dependency that is replaced takes along those that say restart: true, and no others", async () => {
  const yaml = `
services:
  db: { command: sleep 1000 }
  loyal: { command: sleep 1001, depends_on: { db: { condition: ready, restart: true } } }
  plain: { command: sleep 1002, depends_on: [db] }
`;
  await using project = await up(yaml);
  const [db, loyal, plain] = await all(project, "db", "loyal", "plain");
  await reload(project, yaml.replace("sleep 1000", "sleep 1003"));
  const after = await all(project, "db", "loyal", "plain");
  expect(after[2]).toBe(plain);
  expect([db, loyal]).not.toContain(after[0]);
  expect([db, loyal]).not.toContain(after[1]);
  expect((await project.service("loyal")).ready).toBe(1);
});

test("the content of an env file replaces those that use the value, and no others", async () => {
  const yaml = `
services:
  web: { command: "echo A=$A; exec sleep 1000", env_file: web.env }
  other: { command: sleep 1001, env_file: other.env }
`;
  await using project = await up(yaml, { "web.env": "A=1\n", "other.env": "B=1\n" });
  const [web, other] = await all(project, "web", "other");
  project.write("web.env", "# the same, said otherwise\nA='1'\n");
  await reload(project, yaml);
  expect(await all(project, "web", "other")).toEqual([web, other]);
  project.write("web.env", "A=2\n");
  await reload(project, yaml);
  const [next, same] = await all(project, "web", "other");
  expect(next).not.toBe(web);
  expect(same).toBe(other);
  expect((await project.procs("logs", "web", "-n", "1")).stdout).toContain("A=2");
});

test("another secret replaces, and its value is shown nowhere and kept nowhere but for the program", async () => {
  const SECRETS = /first-0123|second-4567/;
  const yaml = "services: { web: { command: sleep 1000, env: { API_KEY: first-0123 } } }";
  await using project = await up(yaml);
  const [before] = await project.pids("web");
  const edited = yaml.replace("first-0123", "second-4567");
  project.write("procs.yaml", edited);
  const shown: string[] = [];
  for (const args of [["plan"], ["plan", "--json"], ["reload", "-y"], ["events"], ["status"]]) {
    const { code, stdout, stderr } = await project.procs(...args);
    expect(code, `${args}\n${stdout}${stderr}`).toBe(0);
    shown.push(stdout, stderr);
  }
  expect(shown[0]).toContain("API_KEY");
  expect(shown.join("\n")).not.toMatch(SECRETS);
  expect((await project.pids("web"))[0]).not.toBe(before);
  expect(textsBelow(project.stateFolder).filter((text) => SECRETS.test(text))).toEqual([]);
});

test("several edits at once: the strongest decides, and the others come with it", async () => {
  const yaml = `
services:
  web: { command: sleep 1000, instances: 3, stop: { timeout: 5s } }
  gone: { command: sleep 1001 }
  other: { command: sleep 1002 }
`;
  await using project = await up(yaml);
  const [web, others] = [await project.pids("web"), await project.pids("other")];
  await reload(
    project,
    `
services:
  web: { command: sleep 1003, instances: 2, stop: { timeout: 1s }, labels: { a: b } }
  new: { command: sleep 1004 }
  other: { command: sleep 1002, description: the same }
`,
  );
  const { services } = await project.snapshot();
  expect(services.map(({ name, ready }) => [name, ready])).toEqual([
    ["web", 2],
    ["new", 1],
    ["other", 1],
  ]);
  for (const pid of await project.pids("web")) expect(web).not.toContain(pid);
  expect(await project.pids("other")).toEqual(others);
});

test("fewer instances leave the lowest, more start the lowest that is free", async () => {
  const yaml = (count: number) => `services: { web: { command: sleep 1000, instances: ${count} } }`;
  await using project = await up(yaml(3));
  const [first, second] = await project.pids("web");
  await reload(project, yaml(2));
  expect(await project.pids("web")).toEqual([first, second]);
  await reload(project, yaml(3));
  const after = await project.service("web");
  expect(after.instances.map((i) => i.instance)).toEqual([1, 2, 3]);
  expect(after.instances.slice(0, 2).map((i) => i.pid)).toEqual([first, second]);
});

/** The pid of the one instance of each. */
async function all(project: Project, ...names: string[]): Promise<(number | null | undefined)[]> {
  const { services } = await project.snapshot();
  return names.map((name) => services.find((s) => s.name === name)?.instances[0]?.pid);
}

/** `path: text` of every file below the folder. */
function textsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path}: ${readFileSync(path, "utf8")}`);
}
