import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isPopulated, killCgroup, onEmpty, pidsIn, removeCgroup } from "../../src/host/cgroup.ts";
import { NO_CGROUPS, openCgroups } from "../../src/host/cgroups.ts";
import { findProcess } from "../../src/host/tree.ts";
import { hasCgroups } from "../rig/cgroups.ts";
import { eventually } from "./rig.ts";

let folder = "";
let project = "";
let count = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-cgroups-"));
  count += 1;
  project = `test${process.pid}x${count}`;
});
afterEach(() => {
  real().sweep();
  rmSync(folder, { recursive: true, force: true });
});

const real = () => openCgroups({ projectId: project, memory: join(folder, "cgroup") });
const isReal = hasCgroups();

/** A shell that enters the cgroup and then does what the script says. */
function start(cgroup: string, script: string): number {
  const text = `echo 0 >"$0/cgroup.procs" || exit 9; ${script}`;
  const child = spawn("sh", ["-c", text, cgroup], { stdio: "ignore", detached: true });
  child.unref();
  return child.pid ?? 0;
}

test.runIf(isReal)(
  "what a run starts is in its cgroup, whatever it shakes off, and dies at once",
  async () => {
    const cgroup = real().make(`${project}:api.1.1`) ?? "";
    expect(isPopulated(cgroup)).toBe(false);
    // Double fork, session of its own, no environment, no files.
    start(
      cgroup,
      "(env -i setsid sh -c 'sleep 1000 & sleep 1000' <&- >&- 2>&- 9>&- &) ; sleep 1000",
    );
    await eventually("all of it", () => pidsIn(cgroup).length >= 4);
    expect(isPopulated(cgroup)).toBe(true);
    const pids = pidsIn(cgroup);
    let isEmpty = false;
    const watch = onEmpty(cgroup, () => {
      isEmpty = true;
    });
    expect(killCgroup(cgroup)).toBe(true);
    await eventually("the end", () => isEmpty);
    watch.close();
    for (const pid of pids) expect(findProcess(pid)).toBe(null);
    removeCgroup(cgroup);
    expect(existsSync(cgroup)).toBe(false);
  },
);

test.runIf(isReal)("a program may make cgroups of its own below", async () => {
  const cgroup = real().make(`${project}:api.1.1`) ?? "";
  mkdirSync(join(cgroup, "inner", "most"), { recursive: true });
  const pid = start(join(cgroup, "inner", "most"), "exec sleep 1000");
  await eventually("it is in", () => pidsIn(cgroup).includes(pid));
  killCgroup(cgroup);
  await eventually("the end", () => !isPopulated(cgroup));
  removeCgroup(cgroup);
  expect(existsSync(cgroup)).toBe(false);
});

test.runIf(isReal)("the next supervisor finds what lives, and sweeps what does not", async () => {
  const [lives, ended] = ["api.1.1", "web.1.3"].map((run) => `${project}:${run}`);
  const first = real();
  const cgroup = first.make(lives ?? "") ?? "";
  const empty = first.make(ended ?? "") ?? "";
  start(cgroup, "exec sleep 1000");
  await eventually("it lives", () => isPopulated(cgroup));
  const next = real();
  expect(new Set(next.members().values())).toEqual(new Set([lives]));
  expect(next.find(lives ?? "")).toBe(cgroup);
  next.sweep();
  expect([existsSync(cgroup), existsSync(empty)]).toEqual([true, false]);
  killCgroup(cgroup);
  await eventually("the end", () => !isPopulated(cgroup));
  next.sweep();
  expect(existsSync(join(cgroup, ".."))).toBe(false);
  expect(existsSync(join(folder, "cgroup"))).toBe(false);
  // And there is one again for whoever starts then.
  expect(next.make(lives ?? "")).toBe(cgroup);
});

test.runIf(isReal)("those of an earlier supervisor in another cgroup are remembered", async () => {
  const memory = join(folder, "cgroup");
  const own = join(folder, "own");
  const base = join(real().make(`${project}:api.1.1`) ?? "", "..", "..");
  const elsewhere = join(base, `procs-elsewhere-${project}`);
  mkdirSync(elsewhere);
  try {
    writeFileSync(own, `0::/procs-elsewhere-${project}\n`);
    const options = { projectId: project, memory };
    const earlier = openCgroups({ ...options, own }).make(`${project}:web.1.1`) ?? "";
    expect(earlier.startsWith(elsewhere)).toBe(true);
    start(earlier, "exec sleep 1000");
    await eventually("it lives", () => isPopulated(earlier));
    const now = openCgroups(options);
    expect(now.find(`${project}:web.1.1`)).toBe(earlier);
    expect(now.make(`${project}:web.1.2`)?.startsWith(elsewhere)).toBe(false);
    killCgroup(earlier);
    await eventually("the end", () => !isPopulated(earlier));
    now.sweep();
    expect(existsSync(earlier)).toBe(false);
  } finally {
    removeCgroup(elsewhere);
  }
});

test("without cgroup v2, or where it is not ours to write, there are none", () => {
  const mounts = join(folder, "mounts");
  const memory = join(folder, "cgroup");
  writeFileSync(mounts, "31 22 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n");
  expect(openCgroups({ projectId: project, memory, mounts })).toBe(NO_CGROUPS);
  // A folder without the files of the kernel.
  writeFileSync(mounts, `31 22 0:26 / ${folder} rw - cgroup2 cgroup2 rw\n`);
  const cgroups = openCgroups({ projectId: project, memory, mounts });
  expect(cgroups.make(`${project}:api.1.1`)).toBe(null);
  expect(existsSync(join(folder, `procs-${project}`))).toBe(false);
  expect(existsSync(memory)).toBe(false);
});

test("a run of another project has no cgroup here, nor has one whose name is no name for a folder", () => {
  const cgroups = real();
  expect(cgroups.make("other:api.1.1")).toBe(null);
  expect(cgroups.make(`${project}:../../x.1.1`)).toBe(null);
  expect(cgroups.make(`${project}:${"x".repeat(300)}.1.1`)).toBe(null);
});

test("nothing is killed, and nothing created, outside of a cgroup file system", () => {
  expect(killCgroup(folder)).toBe(false);
  expect(existsSync(join(folder, "cgroup.kill"))).toBe(false);
  expect(pidsIn(folder)).toEqual([]);
  expect(isPopulated(folder)).toBe(false);
});

test.runIf(isReal)(
  "a supervisor that a service of another project started leaves that service's cgroup",
  () => {
    const own = join(folder, "own");
    writeFileSync(own, "0::/a b/procs-abc/run-api.1.1/inner\n");
    const mounts = join(folder, "mounts");
    const root = join(folder, "a b");
    mkdirSync(root);
    const kernel = ["cgroup.procs", "cgroup.kill"];
    writeFileSync(mounts, `31 22 0:26 / ${folder} rw - cgroup2 cgroup2 rw\n`);
    for (const name of kernel) writeFileSync(join(root, name), "");
    const run = join(root, `procs-${project}`, "run-api.1.1");
    mkdirSync(run, { recursive: true });
    for (const name of kernel) writeFileSync(join(run, name), "");
    const memory = join(folder, "cgroup");
    const made = openCgroups({ projectId: project, memory, mounts, own }).make(
      `${project}:api.1.1`,
    );
    expect(made).toBe(run);
    expect(readFileSync(join(root, "cgroup.procs"), "utf8")).toBe(String(process.pid));
  },
);
