import { spawn } from "node:child_process";
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { InstanceId } from "../../src/core/observed.ts";
import { monotonicMs } from "../../src/host/clock.ts";
import { createFifos, openReader } from "../../src/host/fifos.ts";
import { lifeFifos } from "../../src/host/life.ts";
import { findProcess, markIn } from "../../src/host/tree.ts";
import { adopt, closeAll, createOne, isHeldStill, kinds, ledgerOf, orphaned } from "./orphans.ts";
import { API, eventually, type HostRig, isAlive, pidIn } from "./rig.ts";

afterEach(closeAll);

const STOP = { signal: "SIGTERM", timeout: 1_000 } as const;

describe("a run that ended while nobody was there", () => {
  test("is told with the exit in its ledger, and when that was", async () => {
    const { rig, spec, pid } = await orphaned("until [ -e go ]; do sleep 0.01; done; exit 3");
    const before = monotonicMs();
    writeFileSync(join(rig.folder, "go"), "");
    await eventually("its end", () => !isAlive(pid) && !isHeldStill(rig));
    const after = monotonicMs();
    adopt(rig, spec);
    const { exit, at } = await rig.event("exited");
    expect(exit).toEqual({ kind: "code", code: 3 });
    expect(at).toBeGreaterThan(before - 50);
    expect(at).toBeLessThan(after + 50);
    await rig.event("gone");
    expect(kinds(rig)).toEqual(["exited", "gone"]);
  });

  test("has left something that lives: exited now, gone later", async () => {
    const { rig, spec } = await orphaned(
      "setsid sh -c 'echo $$ > child; exec sleep 1000' & until [ -e go ]; do sleep 0.01; done",
    );
    const child = await pidIn(join(rig.folder, "child"));
    writeFileSync(join(rig.folder, "go"), "");
    await eventually("the exit", () => /^exit 0$/m.test(ledgerOf(rig)));
    const host = adopt(rig, spec);
    expect((await rig.event("exited")).exit).toEqual({ kind: "code", code: 0 });
    expect(kinds(rig)).toEqual(["exited"]);
    host.kill(API);
    await rig.event("gone");
    expect(isAlive(child)).toBe(false);
  });

  test("whose shim was killed with it: nobody knows how, unless it was told to be killed", async () => {
    for (const stop of ["", "stop SIGKILL\n"]) {
      const { rig, spec, pid } = await orphaned(["sleep", "1000"]);
      process.kill(-(findProcess(pid)?.group ?? 0), "SIGKILL");
      await eventually("its end", () => !isAlive(pid) && !isHeldStill(rig));
      writeFileSync(rig.files(API).ledger, stop, { flag: "a" });
      adopt(rig, spec);
      const { exit } = await rig.event("exited");
      if (stop === "") expect(exit).toEqual({ kind: "unknown" });
      else expect(exit).toMatchObject({ kind: "signal", signal: "SIGKILL" });
      await rig.event("gone");
    }
  });

  test("whose shim was killed while the program lives: the program is still ours to end", async () => {
    const { rig, spec, pid } = await orphaned(["sleep", "1000"]);
    process.kill(findProcess(pid)?.parent ?? 0, "SIGKILL");
    const host = adopt(rig, spec);
    expect((await rig.event("exited")).exit).toEqual({ kind: "unknown" });
    expect(isAlive(pid)).toBe(true);
    host.stop(API, STOP);
    await rig.event("gone");
    expect(isAlive(pid)).toBe(false);
  });

  test("whose pid is somebody else's now: he is not signalled", async () => {
    const stranger = await orphaned(["sleep", "1000"]);
    const { rig, spec, pid } = await orphaned(["sleep", "1000"]);
    process.kill(-(findProcess(pid)?.group ?? 0), "SIGKILL");
    await eventually("its end", () => !isAlive(pid) && !isHeldStill(rig));
    const { ledger } = rig.files(API);
    writeFileSync(ledger, ledgerOf(rig).replace(/^start .*$/m, `start ${stranger.pid}`));
    const host = adopt(rig, spec, { signal: "SIGTERM", phase: "stopping" });
    host.signal(API, "SIGKILL");
    host.kill(API);
    await rig.event("gone");
    expect(isAlive(stranger.pid)).toBe(true);
  });
});

test.skipIf(process.getuid?.() !== 0)(
  "a stranger with the mark of a run in his environment is not taken for its shim",
  async () => {
    const { rig, spec, pid } = await orphaned(["sleep", "1000"]);
    process.kill(-(findProcess(pid)?.group ?? 0), "SIGKILL");
    await eventually("its end", () => !isAlive(pid) && !isHeldStill(rig));
    const mark = /^run (.+)$/m.exec(ledgerOf(rig))?.[1] ?? "";
    const stranger = spawn("/bin/sleep", ["1000"], {
      ...{ detached: true, uid: 65_534, env: { PROCS_ID: mark, PROCS_SHIM: "x" } },
    });
    await eventually("his mark", () => markIn(stranger.pid ?? 0) === mark);
    adopt(rig, spec);
    expect((await rig.event("exited")).exit).toEqual({ kind: "unknown" });
    stranger.kill("SIGKILL");
    await rig.event("gone");
  },
);

describe("a run that was recorded and never spawned", () => {
  test("is unstarted, with or without the beginning of a ledger", async () => {
    for (const text of [null, "", "run x", "run other:api.1.1\n"]) {
      const rig = await createOne();
      const { folder, ledger } = rig.files(API);
      mkdirSync(folder, { recursive: true });
      if (text !== null) writeFileSync(ledger, text);
      adopt(rig, rig.spec(["true"]), { phase: "starting" });
      await rig.event("unstarted");
      expect(kinds(rig)).toEqual(["unstarted"]);
    }
  });

  test("is not so when it began, although its ledger is lost", async () => {
    const { rig, spec, pid } = await orphaned("echo begun; exec sleep 1000");
    await eventually("output", () => readFileSync(rig.files(API).out, "utf8") !== "");
    process.kill(-(findProcess(pid)?.group ?? 0), "SIGKILL");
    await eventually("its end", () => !isAlive(pid) && !isHeldStill(rig));
    rmSync(rig.files(API).ledger);
    adopt(rig, spec, { phase: "starting" });
    expect((await rig.event("exited")).exit).toEqual({ kind: "unknown" });
  });
});

describe("a run whose fork was under way when its supervisor died", () => {
  /** Between fork and exec: the copy of the supervisor holds both fifos, and nothing has been written down. */
  async function forked(rig: HostRig, script: string) {
    const fifos = createFifos(rig.paths.life);
    const { main, tree } = lifeFifos(rig.paths, API);
    await fifos.make([main, tree]);
    mkdirSync(rig.files(API).folder, { recursive: true });
    const readers = [main, tree].map(openReader);
    const held = [openSync(main, constants.O_RDWR), openSync(tree, constants.O_WRONLY)];
    const quiet = Array.from({ length: 5 }, () => "ignore" as const);
    const child = spawn("sh", ["-c", script], {
      ...{ cwd: rig.folder, detached: true, env: { PATH: "/usr/bin:/bin" } },
      stdio: ["ignore", "ignore", "ignore", ...quiet, ...held],
    });
    for (const fd of [...readers, ...held]) closeSync(fd);
    return child;
  }

  test("is started once its program's pid is known, and stopped only then", async () => {
    const rig = await createOne();
    const begin = "until [ -e go ]; do sleep 0.01; done";
    await forked(rig, `${begin}; sh -c 'echo $$ >&8; exec 8>&-; exec sleep 1000'; exit 0`);
    const host = adopt(rig, rig.spec(["sleep", "1000"]), { phase: "starting" });
    host.stop(API, STOP);
    expect(rig.successor().strays([])).toMatchObject([{ id: API, pid: null }]);
    expect(kinds(rig)).toEqual([]);
    writeFileSync(join(rig.folder, "go"), "");
    await rig.event("gone");
    expect(kinds(rig)).toEqual(["started", "exited", "gone"]);
  });

  test("is unstarted when it fails", async () => {
    const rig = await createOne();
    await forked(rig, "until [ -e go ]; do sleep 0.01; done");
    adopt(rig, rig.spec(["sleep", "1000"]), { phase: "starting" });
    expect(rig.successor().strays([API])).toEqual([]);
    writeFileSync(join(rig.folder, "go"), "");
    await rig.event("unstarted");
    expect(kinds(rig)).toEqual(["unstarted"]);
  });
});

test("100 runs are adopted with one look at all processes", async () => {
  const rig = await createOne();
  const ids = Array.from({ length: 100 }, (_, i): InstanceId => ({ ...API, slot: i + 1 }));
  const spec = rig.spec(["sleep", "1000"]);
  for (const id of ids) rig.host.start(id, spec);
  for (const id of ids) await rig.event("started", id);
  await rig.host.close();
  rig.events.splice(0);
  const host = rig.successor();
  const since = performance.now();
  expect(host.strays(ids)).toEqual([]);
  for (const id of ids)
    host.adopt({ id, was: [], spec, port: null, phase: "running", signal: null });
  await eventually("all of them", () => rig.events.length === ids.length);
  // 60 ms on a machine with nothing else to do; it may have other tests to run.
  expect(performance.now() - since).toBeLessThan(2_000);
  for (const id of ids) host.kill(id);
  for (const id of ids) await rig.event("gone", id);
});
