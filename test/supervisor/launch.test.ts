import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { launchSupervisor } from "../../src/supervisor/launch.ts";
import { builtPackage } from "../rig/built.ts";
import { applying, by, projectOf, server } from "../rig/projects.ts";
import { createRig, type Rig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";

const down = { op: "down", by, grace_ms: null } as const;

let launchers = 0;

/** A process of its own that launches the rig's supervisor and says which pid answered. */
function launcher(rig: Rig, extra: readonly ("ignore" | "pipe")[] = []): ChildProcess {
  const built = builtPackage();
  // Each has its own: one that is written anew while another launcher reads it would be read empty.
  const script = join(rig.folder, `launcher-${launchers++}.mjs`);
  writeFileSync(
    script,
    `import { localEngine } from ${JSON.stringify(join(built, "dist/engines/local.js"))};
     import { launchSupervisor } from ${JSON.stringify(join(built, "dist/supervisor/launch.js"))};
     const paths = ${JSON.stringify(rig.paths)};
     await launchSupervisor({ paths, env: process.env, entry: null });
     console.log((await localEngine(paths).version()).pid);`,
  );
  return spawn(process.execPath, [script], {
    env: rig.env,
    stdio: ["ignore", "pipe", "inherit", ...extra],
  });
}

function saysWhat(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    child.stdout?.on("data", (data) => {
      said += data;
    });
    child.once("close", () => resolve(said.trim()));
  });
}

/** As many as were asked for by hand: PROCS_TEST_ROUNDS=25. */
const RACES = Number(process.env.PROCS_TEST_ROUNDS ?? 3);

test("six launchers at once end with one supervisor, also over a lock left behind", async () => {
  for (let round = 0; round < RACES; round++) {
    await using rig = await createRig();
    mkdirSync(rig.paths.state, { recursive: true, mode: 0o700 });
    writeFileSync(rig.paths.lock, "99999999 12345");
    const pids = await Promise.all(Array.from({ length: 6 }, () => saysWhat(launcher(rig))));
    expect(pids).toEqual(pids.map(() => pids[0]));
    expect(pids[0]).toMatch(/^\d+$/);
    const version = await rig.engine.version();
    const both = [version?.pid ?? 0, version?.guardian ?? 0].toSorted();
    await until("the others have gone", () => rig.processes().length <= 2);
    expect(rig.processes().toSorted()).toEqual(both);
  }
});

test("after down there is no process, socket, fifo, lock or folder, twenty times over", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"));
  for (let round = 0; round < 20; round++) {
    const result = await rig.engine.operate(applying(project), { launch: true });
    expect(result.exit).toBe(0);
    await rig.engine.operate(down, { launch: false });
    expect(existsSync(rig.paths.runtime)).toBe(false);
    expect(existsSync(rig.paths.stateFile)).toBe(false);
  }
  // Runs are numbered on, so that the logs of each stay apart.
  expect(existsSync(join(rig.paths.runs, "a.1", "20.out"))).toBe(true);
});

test("a supervisor that cannot start is told of in its own words", async () => {
  await using rig = await createRig();
  rig.write("broken.mjs", "console.error('no luck today'); process.exit(3);");
  const entry = join(rig.folder, "broken.mjs");
  const launch = launchSupervisor({ paths: rig.paths, env: rig.env, entry });
  await expect(launch).rejects.toMatchObject({
    exitCode: 4,
    diagnostics: [{ code: "P610", notes: expect.arrayContaining(["no luck today"]) }],
  });
});

test("the supervisor has its own session, lives in /, and holds nothing of who launched it", async () => {
  await using rig = await createRig();
  const child = launcher(rig, ["ignore", "ignore", "pipe"]);
  const pid = await saysWhat(child);
  expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/");
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  const [, , group, session, terminal] = stat;
  const guardian = String((await rig.engine.version())?.guardian);
  expect([group, session, terminal]).toEqual([guardian, guardian, "0"]);
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const foreign = open.filter((path) => path.startsWith("pipe:"));
  const own = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  expect(foreign.filter((path) => own.includes(path))).toEqual([]);
  const env = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
  const names = env.map((pair) => pair.split("=")[0]).filter((name) => name !== "");
  expect(names.sort()).toEqual(
    [
      ...["HOME", "PATH", "PROCS_CHARGE", "PROCS_GUARDED", "PROCS_KEY", "PROCS_LOCK"],
      ...["PROCS_NOFILE", "PROCS_PIPE", "PROCS_STATE_DIR", "PWD"],
    ].sort(),
  );
});
