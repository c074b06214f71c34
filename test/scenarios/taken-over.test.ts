import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, finished, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

const WAIT = "until [ -e go ]; do sleep 0.02; done";
const SEND = `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); send(S, "READY=1", 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!'`;

/** SIGKILL to the supervisor; its guardian cannot start another one before it is let go on. */
async function killWithoutSuccessor(project: Project): Promise<{ goOn(): void }> {
  const guardian = await until("a guardian", () => pidOf(project, " guardian "));
  process.kill(guardian, "SIGSTOP");
  process.kill((await project.snapshot()).supervisor?.pid ?? 0, "SIGKILL");
  await until("it is gone", () => pidOf(project, "supervisor/main.js") === null);
  return { goOn: () => process.kill(guardian, "SIGCONT") };
}

function pidOf(project: Project, words: string): number | null {
  const line = project.alive().find((each) => each.includes(words));
  return line === undefined ? null : Number.parseInt(line, 10);
}

/** How often programs that write their pid into a file have been started. */
function starts(project: Project, file: string): number {
  const path = join(project.folder, file);
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
}

test("a task that ends while nobody is there: its exit is known, and dependents act on it", async () => {
  for (const { script, state, last, after } of [
    { script: "exit 0", state: "done", last: "exit 0", after: "ready" },
    { script: "exit 3", state: "failed", last: "exit 3", after: "waiting" },
    { script: "kill -SEGV $$", state: "failed", last: "SIGSEGV", after: "waiting" },
  ] as const) {
    await using project = createProject(`
services:
  job: { kind: task, command: "echo $$ >> job; ${WAIT}; echo ended > ended; ${script}" }
  web: { command: sleep 1000, depends_on: { job: done } }
`);
    const up = project.open("up", "-d");
    await until("it runs", () => starts(project, "job") === 1);
    const guardian = await killWithoutSuccessor(project);
    up.kill("SIGKILL");
    project.write("go", "");
    await until("it has ended", () => existsSync(join(project.folder, "ended")));
    await until("its shim too", () => project.alive().length === 1);
    guardian.goOn();
    const job = await project.reaches("job", state);
    await project.reaches("web", after);
    expect(starts(project, "job")).toBe(1);
    expect(JSON.stringify(job)).toContain(last);
  }
});

test("READY=1 that comes while nobody is there makes it ready, and restarts nothing", async () => {
  await using project = createProject(`
services:
  api:
    command: |
      echo $$ >> api
      ${WAIT}
      ${SEND}
      echo sent > sent
      exec sleep 1000
    ready: { notify: true }
    port: auto
`);
  const up = project.open("up", "-d");
  await until("it runs", () => starts(project, "api") === 1);
  const guardian = await killWithoutSuccessor(project);
  up.kill("SIGKILL");
  project.write("go", "");
  await until("said", () => existsSync(join(project.folder, "sent")));
  guardian.goOn();
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  expect((await project.service("api")).state).toBe("ready");
  expect(starts(project, "api")).toBe(1);
});

test("a rename under which the supervisor is killed restarts nothing", async () => {
  const yaml = (name: string, was: string) => `
services:
  ${name}: { was: ${was}, command: "echo $$ >> starts; exec sleep 1000", instances: 3 }
`;
  await using project = createProject(yaml("a", "c"));
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  const before = (await project.pids("a")).sort();
  const names = ["a", "b", "c"];
  for (let round = 0; round < 4; round++) {
    const [was = "", name = ""] = [names[round % 3], names[(round + 1) % 3]];
    project.write("procs.yaml", yaml(name, was));
    const { supervisor } = await project.snapshot();
    const events = join(project.stateFolder, "state");
    const reload = project.open("reload", "-y");
    // Now and then before, in and after it.
    await until("a moment", () => performance.now() % 7 < 1 || reload.exitCode !== null);
    process.kill(supervisor?.pid ?? 0, "SIGKILL");
    expect((await finished(reload)).code, events).toBe(0);
    expect((await project.pids(name)).sort()).toEqual(before);
  }
  expect(starts(project, "starts")).toBe(3);
});
