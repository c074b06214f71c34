import { type ChildProcess, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findProcess } from "../../src/host/tree.ts";
import { canReusePids, strangerWith } from "../rig/pid-reuse.ts";
import { createProject, finished, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

/** Each counts its starts, says when it is told to end, and takes its time; `db` longer than `api`. */
const SERVICES = `
services:
  db:
    command: echo db >>starts; trap 'sleep 0.4; echo db ends; exit 3' TERM; echo up; while :; do sleep 0.05; done
    ready: { log: /up/ }
  api:
    command: echo api >>starts; trap 'sleep 0.2; echo api ends; exit 0' TERM; while :; do sleep 0.05; done
    depends_on: { db: ready }
`;

const pidsOf = (project: Project) => project.alive().map((line) => Number.parseInt(line, 10));

function guardianOf(project: Project): number {
  const line = project.alive().find((each) => each.includes("procs guardian")) ?? "";
  return Number.parseInt(line, 10);
}

function starts(project: Project): readonly string[] {
  const path = join(project.folder, "starts");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").toSorted() : [];
}

const nothingLives = (project: Project) =>
  until(
    () => `nothing lives: ${project.alive().join("; ")}`,
    () => project.alive().length === 0,
  );

/** To all of them in one moment, as init does it. */
function signalAll(signal: string, pids: readonly number[]): void {
  spawnSync("kill", [`-${signal}`, ...pids.map(String)]);
}

/** None of them sees another one go, and replaces it: so it is when the machine stops. */
function killAll(project: Project): void {
  const pids = pidsOf(project);
  signalAll("STOP", pids);
  signalAll("KILL", pids);
}

async function up(project: Project): Promise<void> {
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
}

test("SIGTERM to the guardian ends everything in order; exits are recorded, nothing starts again", async () => {
  await using project = createProject(SERVICES);
  await up(project);
  process.kill(guardianOf(project), "SIGTERM");
  await nothingLives(project);
  const { stdout } = await project.procs("logs", "--raw");
  expect(stdout.indexOf("api ends")).toBeGreaterThanOrEqual(0);
  expect(stdout.indexOf("db ends")).toBeGreaterThan(stdout.indexOf("api ends"));
  expect(starts(project)).toEqual(["api", "db"]);
  const events = await project.procs("events", "--json");
  expect(events.stdout).toMatch(/"state":"stopped"[^\n]*"exit_code":3/);
  await up(project);
  expect(starts(project)).toEqual(["api", "api", "db", "db"]);
});

test.each(["started", "taken over"])(
  "SIGTERM to every process at once, as when a machine goes down, of what was %s: all end, nothing starts again",
  async (how) => {
    await using project = createProject(SERVICES);
    await up(project);
    if (how === "taken over") await replaceSupervisor(project);
    signalAll("TERM", pidsOf(project));
    await nothingLives(project);
    expect(starts(project)).toEqual(["api", "db"]);
    const { stdout } = await project.procs("logs", "--raw");
    expect(stdout).toContain("api ends");
    expect(stdout).toContain("db ends");
    await up(project);
    expect(starts(project)).toEqual(["api", "api", "db", "db"]);
  },
);

test("also of programs that end the moment they are told, and are told before the supervisor is", async () => {
  const names = Array.from({ length: 8 }, (_, index) => `s${index}`);
  const lines = names.map(
    (name) => `  ${name}: { command: "echo ${name} >>starts; exec sleep 1000" }`,
  );
  await using project = createProject(`services:\n${lines.join("\n")}\n`);
  await up(project);
  signalAll("TERM", pidsOf(project).toReversed());
  await nothingLives(project);
  expect(starts(project)).toEqual(names);
});

/** kill -9, and its guardian starts another one. */
async function replaceSupervisor(project: Project): Promise<void> {
  const before = (await project.snapshot()).supervisor?.pid ?? 0;
  process.kill(before, "SIGKILL");
  await until("there is another one", async () => {
    const now = (await project.snapshot()).supervisor?.pid ?? 0;
    return now !== 0 && now !== before;
  });
}

test("and SIGKILL to all that is left in the middle of it: the next start is clean", async () => {
  const deaf = "echo deaf >>starts; trap '' TERM; while :; do sleep 0.05; done";
  await using project = createProject(
    `${SERVICES}  deaf: { command: "${deaf}", stop: { timeout: 60s } }\n`,
  );
  await up(project);
  signalAll("TERM", pidsOf(project));
  // What can end has ended, and the supervisor waits for the rest.
  await until(
    "only the deaf one is left",
    () => !project.alive().some((each) => /(db|api) >>starts/.test(each)),
  );
  killAll(project);
  await nothingLives(project);
  await up(project);
  const once = ["api", "db", "deaf"];
  expect(starts(project)).toEqual([...once, ...once].toSorted());
  const { services } = await project.snapshot();
  expect(services.map((service) => service.state)).toEqual(["ready", "ready", "ready"]);
});

const canFakeBoot = spawnSync("unshare", ["-m", "true"]).status === 0 && process.getuid?.() === 0;

test.runIf(canFakeBoot && canReusePids())(
  "after a reboot nothing is adopted, nobody else gets a signal, and up starts anew",
  async () => {
    await using project = createProject(SERVICES);
    await up(project);
    const [db, api] = [await project.pids("db"), await project.pids("api")].flat();
    const before = project.alive();
    killAll(project);
    await nothingLives(project);
    // The state, the ledgers and the fifos stay; their pids belong to others by now.
    const strangers: ChildProcess[] = [];
    try {
      for (const pid of [db, api, shimIn(before)]) {
        await until(`${pid} is free`, () => !existsSync(`/proc/${pid}`));
        strangers.push(await strangerWith(pid ?? 0));
      }
      const boot = join(project.folder, "boot_id");
      writeFileSync(boot, "11111111-2222-4333-8444-555555555555\n");
      const bind = `mount --bind ${boot} /proc/sys/kernel/random/boot_id && exec "$@"`;
      const [, ...asked] = project.open("version").spawnargs;
      const words = asked.slice(0, asked.indexOf("version"));
      const argv = [
        "unshare",
        "-m",
        "sh",
        "-c",
        bind,
        "sh",
        process.execPath,
        ...words,
        "up",
        "-d",
      ];
      const { spawn } = await import("node:child_process");
      const [file = "", ...args] = argv;
      const ran = await finished(spawn(file, args, { cwd: project.folder, env: project.env }));
      expect(ran).toMatchObject({ code: 0 });
      for (const stranger of strangers) {
        expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
      }
      expect(starts(project)).toEqual(["api", "api", "db", "db"]);
      expect(await project.pids("db")).not.toEqual([db]);
      const events = await project.procs("events", "--json");
      expect(events.stdout).not.toMatch(/adopt|goes on/);
      expect(await project.procs("down")).toMatchObject({ code: 0 });
      for (const stranger of strangers) {
        expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
      }
    } finally {
      for (const stranger of strangers) stranger.kill("SIGKILL");
    }
  },
);

function shimIn(alive: readonly string[]): number {
  return Number.parseInt(
    alive.find((line) => /^\d+ \/bin\/sh -c eval "\$PROCS_SHIM"/.test(line)) ?? "",
    10,
  );
}

test("a shim that a stranger kills: its program is ended, and started anew, never beside the old one", async () => {
  await using project = createProject(SERVICES);
  await up(project);
  const [pid = 0] = await project.pids("api");
  const shim = Number(/\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))?.[1]);
  process.kill(shim, "SIGKILL");
  await until("a new one is ready", async () => {
    const api = await project.service("api");
    return api.state === "ready" && api.instances[0]?.pid !== pid;
  });
  expect(findProcess(pid ?? 0)).toBe(null);
  expect(starts(project)).toEqual(["api", "api", "db"]);
});
