import type { ChildProcess } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lifeFifos } from "../../src/host/life.ts";
import { isLocked, takeByLink } from "../../src/host/lock.ts";
import { findProcess, membersOf, signalProcess } from "../../src/host/tree.ts";
import { API, createRig, eventually, type HostRig, isAlive } from "../host/rig.ts";
import { canReusePids, strangerWith } from "../rig/pid-reuse.ts";

/** Pids are used again: by then they belong to somebody who has nothing to do with us. */
describe.runIf(canReusePids())("a stranger with the pid", () => {
  const strangers: ChildProcess[] = [];
  let rig: HostRig;
  beforeEach(async () => {
    rig = await createRig();
  });
  afterEach(async () => {
    await rig.close();
    for (const each of strangers.splice(0)) each.kill("SIGKILL");
  });

  async function stranger(pid: number): Promise<number> {
    strangers.push(await strangerWith(pid));
    return pid;
  }

  async function started(): Promise<{ pid: number; shim: number }> {
    rig.host.start(API, rig.spec("exec sleep 1000"));
    const { pid } = await rig.event("started");
    return { pid, shim: findProcess(pid)?.parent ?? 0 };
  }

  /** Nobody is left, and nobody has looked: as after a reboot, or after a night without a supervisor. */
  async function killAll(pids: readonly number[]): Promise<void> {
    for (const pid of pids) process.kill(pid, "SIGKILL");
    // A dead one keeps its number until its parent has looked, which some init does rarely.
    await eventually("their numbers are free", () => {
      return pids.every((pid) => !existsSync(`/proc/${pid}`));
    });
  }

  test("of a process that we know gets no signal", async () => {
    const { pid, shim } = await started();
    const [program, leader] = [findProcess(pid), findProcess(shim)];
    if (program === null || leader === null) throw new Error("it is not there");
    await rig.host.close();
    await killAll([shim, pid]);
    await stranger(pid);
    expect(signalProcess(program, "SIGKILL")).toBe(false);
    const target = { shim: leader, mark: "", fifo: null };
    expect(membersOf([target, { ...target, shim: program }])).toEqual([]);
    expect(isAlive(pid)).toBe(true);
  });

  test.each(["ready", "stopping"] as const)(
    "of a program that was %s is not adopted, not stopped, not killed",
    async (phase) => {
      const { pid, shim } = await started();
      const spec = rig.spec("exec sleep 1000");
      await rig.host.close();
      await killAll([shim, pid]);
      await stranger(pid);
      await stranger(shim);
      rig.events.length = 0;
      const next = rig.successor();
      const signal = phase === "stopping" ? "SIGTERM" : null;
      next.adopt({ id: API, spec, port: null, phase, signal, was: [] });
      next.stop(API, spec.stop);
      next.kill(API);
      const { exit } = await rig.event("exited");
      expect(exit.kind === "unknown" || exit.kind === "signal").toBe(true);
      await rig.event("gone");
      expect(rig.events.some(({ kind }) => kind === "started")).toBe(false);
      expect([isAlive(pid), isAlive(shim)]).toEqual([true, true]);
    },
  );

  test("of a leftover that nobody knows any more is left alone", async () => {
    const { pid, shim } = await started();
    await rig.host.close();
    await killAll([shim, pid]);
    await stranger(pid);
    await stranger(shim);
    // The ledger still names the pid, and says nothing of an exit.
    const next = rig.successor();
    expect(next.leftovers()).toEqual([]);
    const lasting = await next.killLeftovers([{ id: API, pid, pids: [pid, shim] }], {
      services: new Map(),
      hurry: AbortSignal.abort(),
    });
    expect(lasting).toEqual([]);
    expect([isAlive(pid), isAlive(shim)]).toEqual([true, true]);
  });

  test("of a guardian that held the lock does not hold it", async () => {
    const { pid, shim } = await started();
    const owner = findProcess(pid);
    await rig.host.close();
    await killAll([shim, pid]);
    await stranger(pid);
    writeFileSync(rig.paths.lock, `${pid} ${owner?.start}\n`);
    expect(isLocked(rig.paths.lock)).toBe(false);
    expect(await takeByLink(rig.paths.lock)).toBe(true);
    expect(isAlive(pid)).toBe(true);
  });

  test("that stands in a ledger of before a reboot is left alone", async () => {
    const pid = await stranger(await freePid());
    const { ledger } = rig.files(API);
    mkdirSync(dirname(ledger), { recursive: true });
    writeFileSync(ledger, `run x\nstart ${pid}\n`);
    // Fifos of a runtime folder that outlived the boot: nobody holds them.
    const life = lifeFifos(rig.paths, API);
    for (const path of [life.main, life.tree]) {
      rmSync(path, { force: true });
      appendFileSync(path, "");
    }
    const next = rig.successor();
    const spec = rig.spec("exec sleep 1000");
    next.adopt({ id: API, spec, port: null, phase: "ready", signal: null, was: [] });
    next.kill(API);
    await rig.event("gone");
    expect(isAlive(pid)).toBe(true);
  });

  async function freePid(): Promise<number> {
    const { pid, shim } = await started();
    const old = rig.host;
    await old.close();
    await killAll([shim, pid]);
    rig.events.length = 0;
    return pid;
  }
});
