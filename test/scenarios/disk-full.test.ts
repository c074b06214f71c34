import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { crowded, events, isResumed, isStopped, YAML } from "../rig/crowded.ts";
import { CAN_MOUNT } from "../rig/tmpfs.ts";
import { until } from "../rig/until.ts";

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
    expect(whole === -1 ? lines.length : whole).toBeGreaterThan(10_000);
    // Where a little room came back meanwhile, what follows is later lines, in order.
    const numbers = lines
      .flatMap((line) => /^line (\d+) x{100}$/.exec(line)?.[1] ?? [])
      .map(Number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));

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
