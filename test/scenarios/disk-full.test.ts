import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProject, type Project } from "../rig/project.ts";
import { CAN_MOUNT, mountTmpfs, type Tmpfs } from "../rig/tmpfs.ts";
import { until } from "../rig/until.ts";

/** Writes numbered lines as fast as it is told to, and keeps count of what write(2) said, where there is room. */
const PRINTER = `
const fs = require("node:fs");
const told = { lines: 0, short: 0, errors: {} };
function print() {
  if (fs.existsSync("rest")) return;
  for (let i = 0; i < 200; i++) {
    const line = "line " + told.lines + " " + "x".repeat(100) + "\\n";
    try {
      if (fs.writeSync(1, line) === line.length) told.lines += 1;
      else told.short += 1;
    } catch (error) {
      told.errors[error.code] = (told.errors[error.code] ?? 0) + 1;
    }
  }
  fs.writeFileSync("told.json.new", JSON.stringify(told));
  fs.renameSync("told.json.new", "told.json");
}
setInterval(print, 10);
`;

const YAML = `
services:
  quiet:
    command: sleep 1000
  printer:
    command: [node, printer.js]
`;

interface Told {
  readonly lines: number;
  readonly short: number;
  readonly errors: Readonly<Record<string, number>>;
}

interface Crowded extends AsyncDisposable {
  readonly project: Project;
  readonly disk: Tmpfs;
  readonly state: string;
  told(): Told;
}

/** A project whose state folder is a file system of two megabytes. */
function crowded(options = "size=2m", yaml = YAML): Crowded {
  const project = createProject(yaml);
  project.write("printer.js", PRINTER);
  const state = join(project.stateFolder, "state");
  const disk = mountTmpfs(state, options);
  return {
    ...{ project, disk, state },
    told: () => JSON.parse(readFileSync(join(project.folder, "told.json"), "utf8")),
    async [Symbol.asyncDispose]() {
      await project.procs("down", "-t", "1s");
      disk[Symbol.dispose]();
      await project[Symbol.asyncDispose]();
    },
  };
}

async function events(project: Project): Promise<readonly string[]> {
  const { stdout } = await project.procs("events", "--json");
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).message);
}

const isStopped = (message: string) => /^no space left .*not being stored$/.test(message);
const isResumed = (message: string) => /^there is space again .*output is stored/.test(message);

describe.runIf(CAN_MOUNT)("with a state folder of two megabytes that fills up", () => {
  test("services go on, everything works, one event tells of it, and with space storing goes on", async () => {
    await using one = crowded();
    const { project, disk, told } = one;
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    const pids = [await project.pids("quiet"), await project.pids("printer")];
    await until("the disk is full", () => (told().errors.ENOSPC ?? 0) > 1_000);
    await until("it is told", async () => (await events(project)).some(isStopped));

    // Whoever prints is told by write(2), and is not ended for it.
    expect(Object.keys(told().errors)).toEqual(["ENOSPC"]);
    expect([await project.pids("quiet"), await project.pids("printer")]).toEqual(pids);
    expect(await project.procs("ps")).toMatchObject({ code: 0 });
    expect(await project.procs("stop", "quiet")).toMatchObject({ code: 0 });
    expect((await project.service("quiet")).state).toBe("stopped");
    expect((await events(project)).filter(isStopped)).toHaveLength(1);

    // Nothing that was stored before is damaged: the lines are those that were written, up to the first that was not.
    project.write("rest", "");
    const before = await project.procs("logs", "printer", "-n", "all");
    const lines = before.stdout.split("\n").filter((line) => line !== "");
    expect(lines.length).toBeGreaterThan(10_000);
    const whole = lines.findIndex((line, at) => !line.startsWith(`line ${at} `));
    expect(whole === -1 ? lines.length : whole).toBeGreaterThan(lines.length - 200);

    disk.remount("size=20m");
    await until("it is told", async () => (await events(project)).some(isResumed));
    expect(await project.procs("start", "quiet")).toMatchObject({ code: 0 });
    const count = told().lines;
    rmSync(join(project.folder, "rest"));
    await until("lines are stored again", () => told().lines > count + 1_000);
    project.write("rest", "");
    const after = await project.procs("logs", "printer", "-n", "all");
    expect(after.stdout.startsWith(before.stdout.slice(0, -300))).toBe(true);
    expect(after.stdout).toContain(`line ${count + 500} `);
    expect((await project.pids("printer"))[0]).toBe(pids[1]?.[0]);
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    await until("nothing is left", () => project.alive().length === 0);
  });

  test("a supervisor that is killed then is followed by one that takes over, with not a byte free", async () => {
    await using one = crowded();
    const { project, told } = one;
    await project.procs("up", "-d");
    const pids = [await project.pids("quiet"), await project.pids("printer")];
    await until("the disk is full", () => (told().errors.ENOSPC ?? 0) > 1_000);
    await until("it is told", async () => (await events(project)).some(isStopped));
    const killed = (await project.snapshot()).supervisor?.pid ?? 0;
    process.kill(killed, "SIGKILL");
    await until("another one answers", async () => {
      const { stdout } = await project.procs("ps", "--json");
      const pid = stdout === "" ? null : JSON.parse(stdout).supervisor?.pid;
      return pid !== null && pid !== undefined && pid !== killed;
    });
    expect([await project.pids("quiet"), await project.pids("printer")]).toEqual(pids);
    expect(await project.procs("stop", "quiet")).toMatchObject({ code: 0 });
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    await until("nothing is left", () => project.alive().length === 0);
  });

  test("reload works when it is full, also one that replaces a process", async () => {
    await using one = crowded();
    const { project, told } = one;
    await project.procs("up", "-d");
    await until("the disk is full", () => (told().errors.ENOSPC ?? 0) > 1_000);
    await until("it is told", async () => (await events(project)).some(isStopped));
    const pids = await project.pids("printer");
    project.write(
      "procs.yaml",
      YAML.replace("sleep 1000", "sleep 1000\n    stop: { timeout: 3s }"),
    );
    expect(await project.procs("reload", "-y")).toMatchObject({ code: 0 });
    project.write("rest", "");
    project.write("procs.yaml", YAML.replace("sleep 1000", "sleep 1001"));
    expect(await project.procs("reload", "-y")).toMatchObject({ code: 0 });
    expect(await project.pids("printer")).toEqual(pids);
    expect((await project.service("quiet")).state).toBe("ready");
  });

  test("down works when it is full", async () => {
    await using one = crowded();
    const { project, told } = one;
    await project.procs("up", "-d");
    await until("the disk is full", () => (told().errors.ENOSPC ?? 0) > 100);
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    await until("nothing is left", () => project.alive().length === 0);
  });

  test("old logs go before it is full, also those within their caps", async () => {
    const yaml = YAML.replace(
      "printer.js]",
      "printer.js]\n    log: { max_size: 200KB, keep: 100, compress: false }",
    );
    await using one = crowded("size=2m", yaml);
    const { project, told } = one;
    await project.procs("up", "-d");
    // Twice what fits.
    await until("much was printed", () => told().lines > 40_000, 100_000);
    project.write("rest", "");
    expect(
      (await events(project)).some((message) => /oldest logs were deleted/.test(message)),
    ).toBe(true);
    const { stdout } = await project.procs("logs", "printer", "-n", "5");
    expect(stdout).toContain(`line ${told().lines - 1} `);
  }, 150_000);
});

describe.runIf(CAN_MOUNT)("up where nothing fits any more", () => {
  test("is refused with what takes the space, and works once there is some", async () => {
    await using one = crowded();
    const { project, state } = one;
    mkdirSync(join(state, "other"));
    fill(join(state, "other", "junk"));
    const up = await project.procs("up", "-d");
    expect(up.code).toBe(4);
    expect(up.stderr).toMatch(
      /^error\[P701\]: no space left on the disk that holds logs \(0 of 2\.1 MB\)/,
    );
    expect(project.alive()).toEqual([]);
    rmSync(join(state, "other"), { recursive: true });
    expect(await project.procs("up", "-d", "quiet")).toMatchObject({ code: 0 });
  });

  test("names the logs that take the space, which can be deleted where nothing runs", async () => {
    await using one = crowded();
    const { project, state, told } = one;
    await project.procs("up", "-d");
    await until("the disk is full", () => (told().errors.ENOSPC ?? 0) > 100);
    await project.procs("down");
    fill(join(state, "junk"));
    const up = await project.procs("up", "-d");
    expect(up.code).toBe(4);
    expect(up.stderr).toMatch(/note: largest: printer \d/);
    expect(up.stderr).toContain("help: procs logs --clear printer");
    expect(await project.procs("logs", "--clear", "printer", "-y")).toMatchObject({ code: 0 });
    expect(await project.procs("up", "-d", "quiet")).toMatchObject({ code: 0 });
  });

  test("is refused when there is no room for more files", async () => {
    await using one = crowded("size=8m,nr_inodes=12");
    const up = await one.project.procs("up", "-d");
    expect(up.code).toBe(4);
    expect(up.stderr).toMatch(/^error\[P701\]: no room for more files on the disk that holds logs/);
  });
});

test.runIf(CAN_MOUNT)("up is refused where there is no room for sockets and fifos", async () => {
  await using project = createProject(YAML);
  using _runtime = mountTmpfs(join(project.stateFolder, "run"), "size=1m,nr_inodes=8");
  const up = await project.procs("up", "-d");
  expect(up.code).toBe(4);
  expect(up.stderr).toMatch(
    /^error\[P701\]: no room for more files on the disk that holds sockets/,
  );
  expect(project.alive()).toEqual([]);
});

test.runIf(CAN_MOUNT)(
  "files that run out are told like space that does, and come back the same way",
  async () => {
    await using one = crowded("size=8m,nr_inodes=60");
    const { project, state } = one;
    await project.procs("up", "-d", "quiet");
    for (let at = 0; at < 60; at += 1) {
      try {
        writeFileSync(join(state, `file${at}`), "");
      } catch {
        break;
      }
    }
    const restart = await project.procs("restart", "quiet", "--timeout", "3s");
    expect(restart.stdout + restart.stderr).toMatch(/ENOSPC|no space/);
    await until("it is told", async () =>
      (await events(project)).some((message) => /^no room for more files/.test(message)),
    );
    for (const name of readdirSync(state).filter((each) => each.startsWith("file")))
      rmSync(join(state, name));
    await until("it runs", async () => (await project.service("quiet")).state === "ready", 30_000);
  },
);

test.runIf(CAN_MOUNT)(
  "a disk that can only be read is named, and what is stored on it can be read",
  async () => {
    await using one = crowded("size=8m");
    const { project, disk } = one;
    await project.procs("up", "-d", "quiet");
    await project.procs("down");
    disk.remount("ro");
    const up = await project.procs("up", "-d");
    expect(up.code).toBe(4);
    expect(up.stderr).toMatch(
      /^error\[P703\]: procs cannot write to .*: its disk can only be read/,
    );
    expect(await project.procs("logs")).toMatchObject({ code: 0 });
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    expect((await project.procs("logs", "--clear", "-y")).code).toBe(1);
    disk.remount("rw");
    expect(await project.procs("up", "-d", "quiet")).toMatchObject({ code: 0 });
  },
);

test.runIf(CAN_MOUNT)("clearing logs makes room where not a byte is free", async () => {
  await using one = crowded();
  const { project, told } = one;
  await project.procs("up", "-d");
  await until("the disk is full", () => (told().errors.ENOSPC ?? 0) > 1_000);
  project.write("rest", "");
  const before = await project.pids("printer");
  const cleared = await project.procs("logs", "--clear", "printer", "-y");
  expect(cleared).toMatchObject({ code: 0, stderr: "" });
  expect(cleared.stdout).toMatch(/^printer: cleared, [12] MB freed/);
  await until("it is told", async () => (await events(project)).some(isResumed));
  expect(await project.pids("printer")).toEqual(before);
  const count = told().lines;
  rmSync(join(project.folder, "rest"));
  await until("lines are stored again", () => told().lines > count + 1_000);
  project.write("rest", "");
  expect((await project.procs("logs", "printer", "-n", "all")).stdout).toContain(
    `line ${count + 500} `,
  );
});

/** Takes every byte that is left. */
function fill(path: string): void {
  for (const size of [100_000, 4_096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      if (statSync(path).size === 0) throw new Error("nothing could be written at all");
    }
  }
}
