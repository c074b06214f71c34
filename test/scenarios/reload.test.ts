import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject } from "../rig/project.ts";
import { until } from "../rig/until.ts";

const TEN = `services:\n${Array.from(
  { length: 10 },
  (_, index) =>
    `  s${index}:\n    command: sleep 10${index}\n    env: { A: "1", B: two }\n    stop: { timeout: 2s }\n`,
).join("")}`;

test("a reload without a change touches no process and writes no file but the log of the request", async () => {
  await using project = createProject(TEN);
  await project.procs("up", "-d");
  const pids = await allPids(project);
  const files = filesOf(project.stateFolder);
  for (let round = 0; round < 5; round++)
    expect(await project.procs("reload")).toMatchObject({ code: 0 });
  expect(await allPids(project)).toEqual(pids);
  const changed = Object.entries(filesOf(project.stateFolder)).filter(
    ([file, at]) => files[file] !== at,
  );
  expect(
    changed.map(([file]) => file).filter((file) => !/events\.ndjson$|supervisor\.log$/.test(file)),
  ).toEqual([]);
});

const COSMETIC: Record<string, (text: string) => string> = {
  "keys in another order": (text) =>
    text
      .replaceAll(/( {4}command: .*\n)( {4}env: .*\n)/g, "$2$1")
      .replaceAll('A: "1", B: two', 'B: two, A: "1"'),
  "comments and empty lines": (text) =>
    `# a comment\n\n${text.replaceAll("    command", "    # why\n    command")}`,
  "other quotes": (text) =>
    text.replaceAll("B: two", "'B': \"two\"").replaceAll(/command: (.*)/g, "command: '$1'"),
  "a default made explicit": (text) =>
    text.replaceAll(
      "stop: { timeout: 2s }",
      "stop: { timeout: 2000ms, signal: SIGTERM }\n    instances: 1\n    restart: always",
    ),
};

for (const [what, edit] of Object.entries(COSMETIC)) {
  test(`${what}: nothing to do`, async () => {
    await using project = createProject(TEN);
    await project.procs("up", "-d");
    const pids = await allPids(project);
    project.write("procs.yaml", edit(TEN));
    const reload = await project.procs("reload");
    expect(reload).toMatchObject({ code: 0 });
    expect(reload.stdout + reload.stderr).toContain("Nothing to do");
    expect(await allPids(project)).toEqual(pids);
  });
}

test("a reload from a shell with another environment restarts nothing", async () => {
  await using project = createProject(TEN);
  await project.procs("up", "-d");
  const pids = await allPids(project);
  project.env.SOMETHING_ELSE = "1";
  project.env.PATH = `${project.env.PATH}:/nowhere`;
  expect(await project.procs("reload")).toMatchObject({ code: 0 });
  expect(await allPids(project)).toEqual(pids);
});

test("a file that does not validate changes nothing, and what runs is still looked after", async () => {
  await using project = createProject(TEN);
  await project.procs("up", "-d");
  const pids = await allPids(project);
  project.write(
    "procs.yaml",
    TEN.replace("command: sleep 100", "comand: sleep 100").replace('A: "1"', "A: [1]"),
  );
  const reload = await project.procs("reload");
  expect(reload.code).toBe(3);
  expect(reload.stderr).toContain("procs.yaml:3:5");
  expect(reload.stderr).toContain("error[P103]");
  expect(reload.stderr.match(/error\[/g)?.length).toBeGreaterThanOrEqual(2);
  expect(await allPids(project)).toEqual(pids);
  const victim = pids.s3?.[0] ?? 0;
  process.kill(victim, "SIGKILL");
  await until("s3 runs again under another pid", async () => {
    const [pid] = await project.pids("s3");
    return pid !== null && pid !== victim;
  });
});

test("a new version that never gets ready is rolled back: exit 6, same pids, its last words shown", async () => {
  const good = `
services:
  web:
    command: "echo started; exec sleep 1000"
    instances: 2
    reload: rolling
    ready: { exec: "true", interval: 50ms, timeout: 2s }
`;
  await using project = createProject(good);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  const pids = await project.pids("web");
  project.write(
    "procs.yaml",
    good.replace("echo started", "echo I am stuck").replace('"true"', '"false"'),
  );
  const reload = await project.procs("reload", "-y");
  expect(reload.code).toBe(6);
  expect(reload.stdout + reload.stderr).toContain("I am stuck");
  expect(await project.pids("web")).toEqual(pids);
  project.write("procs.yaml", good.replace("echo started", "echo no such luck; exit 3"));
  const second = await project.procs("reload", "-y");
  expect(second.code).toBe(6);
  expect(second.stdout + second.stderr).toContain("no such luck");
  expect(await project.pids("web")).toEqual(pids);
});

async function allPids(
  project: ReturnType<typeof createProject>,
): Promise<Record<string, (number | null)[]>> {
  const { services } = await project.snapshot();
  return Object.fromEntries(services.map((s) => [s.name, s.instances.map((i) => i.pid)]));
}

/** Each file below the folder with size and time of change. */
function filesOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) =>
    e.isFile(),
  );
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size, mtimeMs } = statSync(path);
      return [path, `${size} ${mtimeMs}`];
    }),
  );
}
