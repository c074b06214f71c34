import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { StopSettings } from "../../src/core/spec.ts";
import { isAlmquist } from "../../src/host/ledger.ts";
import { findProcess, membersOf } from "../../src/host/tree.ts";
import { API, createRig, eventually, type HostRig, hasChild, isAlive, pidIn } from "./rig.ts";

const rigs: HostRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

async function createOne(): Promise<HostRig> {
  const rig = await createRig();
  rigs.push(rig);
  return rig;
}

const STOP: StopSettings = { signal: "SIGTERM", timeout: 1_000 };

describe("the exit of a program", () => {
  const exits = [
    { command: "exit 0", exit: { kind: "code", code: 0 } },
    { command: "exit 3", exit: { kind: "code", code: 3 } },
    { command: "exit 255", exit: { kind: "code", code: 255 } },
    ...(isAlmquist() ? [{ command: "exit 143", exit: { kind: "code", code: 143 } }] : []),
    { command: "kill -SEGV $$", exit: { kind: "signal", signal: "SIGSEGV" } },
    { command: "kill -KILL $$", exit: { kind: "signal", signal: "SIGKILL" } },
    { command: "kill -TERM $$", exit: { kind: "signal", signal: "SIGTERM" } },
    { command: "kill -INT $$", exit: { kind: "signal", signal: "SIGINT" } },
  ];
  for (const { command, exit } of exits) {
    test(`${command} is told as ${JSON.stringify(exit)}`, async () => {
      const rig = await createOne();
      rig.host.start(API, rig.spec(command));
      expect((await rig.event("exited")).exit).toMatchObject(exit);
    });
  }

  test("of a program that is stopped and ends in its own way is its own code", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec("trap 'exit 3' TERM; while :; do sleep 0.01; done"));
    await rig.event("started");
    // The trap must stand before the signal comes.
    await eventually("the loop runs", () => hasChild(rig));
    rig.host.stop(API, STOP);
    expect((await rig.event("exited")).exit).toEqual({ kind: "code", code: 3 });
  });

  test("is known without the ledger, which a full disk does not take", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec("until [ -e go ]; do sleep 0.02; done; exit 7"));
    await rig.event("started");
    rmSync(rig.files(API).ledger);
    writeFileSync(join(rig.folder, "go"), "");
    expect((await rig.event("exited")).exit).toEqual({ kind: "code", code: 7 });
  });

  test("of a run whose shim was killed from outside is unknown while the program lives", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec(["sleep", "1000"]));
    const { pid } = await rig.event("started");
    process.kill(findProcess(pid)?.parent ?? 0, "SIGKILL");
    expect((await rig.event("exited")).exit).toEqual({ kind: "unknown" });
    expect(isAlive(pid)).toBe(true);
    rig.host.kill(API);
    await rig.event("gone");
  });
});

describe("everything that a run started", () => {
  test("gets the stop signal: children of children end with it", async () => {
    const rig = await createOne();
    const [one, two] = [join(rig.folder, "one"), join(rig.folder, "two")];
    rig.host.start(
      API,
      rig.spec(`sh -c 'echo $$ >"${two}"; exec sleep 1000' & echo $! >"${one}"; wait`),
    );
    const pids = [await pidIn(one), await pidIn(two)];
    await rig.event("started");
    rig.host.stop(API, STOP);
    await rig.event("gone");
    expect(pids.map(isAlive)).toEqual(pids.map(() => false));
  });

  const escapes = {
    "in a session of its own": "setsid sleep 1000",
    "in a session of its own, twice forked": "setsid sh -c 'sleep 1000 &'",
    "with an environment of its own": "env -i /bin/sleep 1000",
    "in a session and with an environment of its own": "setsid env -i /bin/sleep 1000",
  };
  for (const [how, command] of Object.entries(escapes)) {
    test.skipIf(process.platform !== "linux")(`is killed, ${how}`, async () => {
      const rig = await createOne();
      rig.host.start(API, rig.spec(`${command} & exit 0`));
      await rig.event("exited");
      expect(rig.events.some((event) => event.kind === "gone")).toBe(false);
      rig.host.kill(API);
      await rig.event("gone");
      const fifo = join(rig.paths.life, "api.1.1.tree");
      expect(membersOf([{ shim: null, mark: `${rig.paths.id}:api.1.1`, fifo }])).toEqual([]);
    });
  }

  test("keeps the run from being gone as long as it lives", async () => {
    const rig = await createOne();
    const file = join(rig.folder, "pid");
    rig.host.start(API, rig.spec(`setsid sh -c 'echo $$ >"${file}"; exec sleep 1000' & exit 0`));
    const pid = await pidIn(file);
    await rig.event("exited");
    expect(rig.events.some((event) => event.kind === "gone")).toBe(false);
    process.kill(pid, "SIGKILL");
    await rig.event("gone");
  });

  test("that is stopped by SIGSTOP wakes to the stop signal", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec(["sleep", "1000"]));
    const { pid } = await rig.event("started");
    process.kill(pid, "SIGSTOP");
    rig.host.stop(API, STOP);
    expect((await rig.event("exited")).exit).toEqual({ kind: "signal", signal: "SIGTERM" });
    await rig.event("gone");
  });
});
