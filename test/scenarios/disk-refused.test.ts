import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { crowded, events, fill, YAML } from "../rig/crowded.ts";
import { createProject } from "../rig/project.ts";
import { CAN_MOUNT, mountTmpfs } from "../rig/tmpfs.ts";
import { until } from "../rig/until.ts";

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
