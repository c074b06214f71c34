import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { InstanceId } from "../../src/core/observed.ts";
import { monotonicMs } from "../../src/host/clock.ts";
import { adopt, closeAll, createOne, kinds, ledgerOf, orphaned, read } from "./orphans.ts";
import { API, eventually, isAlive, pidIn } from "./rig.ts";

afterEach(closeAll);

const STOP = { signal: "SIGTERM", timeout: 1_000 } as const;

describe("a run that lives", () => {
  test("is told as started, with the pid it has, and goes on", async () => {
    const { rig, spec, pid } = await orphaned(["sleep", "1000"]);
    adopt(rig, spec);
    expect(kinds(rig)).toEqual([]);
    expect(await rig.event("started")).toEqual({ kind: "started", id: API, pid, port: null });
    expect(kinds(rig)).toEqual(["started"]);
  });

  test("ends later with an exit that is known exactly", async () => {
    for (const { script, exit } of [
      { script: "exit 3", exit: { kind: "code", code: 3 } },
      { script: "exit 0", exit: { kind: "code", code: 0 } },
      { script: "kill -SEGV $$", exit: { kind: "signal", signal: "SIGSEGV" } },
    ]) {
      const wait = `until [ -e go ]; do sleep 0.01; done; ${script}`;
      const { rig, spec } = await orphaned(wait);
      adopt(rig, spec);
      await rig.event("started");
      writeFileSync(join(rig.folder, "go"), "");
      expect(await rig.event("exited")).toEqual({ kind: "exited", id: API, exit });
      await rig.event("gone");
      expect(kinds(rig)).toEqual(["started", "exited", "gone"]);
    }
  });

  test("is stopped, signalled and killed as if it had been started here", async () => {
    const script =
      "trap 'echo hup > told' HUP; trap 'exit 4' TERM; echo $$ > up; while :; do sleep 0.01; done";
    const { rig, spec } = await orphaned(script);
    await pidIn(join(rig.folder, "up"));
    const host = adopt(rig, spec);
    await rig.event("started");
    host.signal(API, "SIGHUP");
    await eventually("the signal", () => read(rig, "told") === "hup\n");
    host.stop(API, STOP);
    expect((await rig.event("exited")).exit).toEqual({ kind: "code", code: 4 });
    await rig.event("gone");

    const other = await orphaned("trap '' TERM; setsid sleep 1000 & while :; do sleep 1; done");
    const next = adopt(other.rig, other.spec);
    await other.rig.event("started");
    next.kill(API);
    const { exit } = await other.rig.event("exited");
    expect(exit).toMatchObject({ kind: "signal", signal: "SIGKILL" });
    await other.rig.event("gone");
  });

  test("is gone only when all that it started is", async () => {
    const { rig, spec } = await orphaned(
      "setsid sh -c 'echo $$ > child; exec sleep 1000' & until [ -e go ]; do sleep 0.01; done",
    );
    const child = await pidIn(join(rig.folder, "child"));
    const host = adopt(rig, spec);
    await rig.event("started");
    writeFileSync(join(rig.folder, "go"), "");
    await rig.event("exited");
    expect(kinds(rig)).toEqual(["started", "exited"]);
    process.kill(child, "SIGKILL");
    await rig.event("gone");
    expect(host.leftovers()).toEqual([]);
  });

  test("keeps its port, also one that was never recorded", async () => {
    const rig = await createOne();
    const spec = rig.spec("echo $PORT > port; sleep 1000", { port: "auto" });
    rig.host.start(API, spec);
    const { port } = await rig.event("started");
    await rig.host.close();
    rig.events.splice(0);
    adopt(rig, spec, { phase: "starting" });
    expect((await rig.event("started")).port).toBe(port);
  });

  test("is found also when its fifos were cleaned away, and its end is seen", async () => {
    const { rig, spec, pid } = await orphaned("until [ -e go ]; do sleep 0.01; done; exit 5");
    rmSync(rig.paths.life, { recursive: true });
    mkdirSync(rig.paths.life);
    adopt(rig, spec);
    expect((await rig.event("started")).pid).toBe(pid);
    writeFileSync(join(rig.folder, "go"), "");
    expect((await rig.event("exited")).exit).toEqual({ kind: "code", code: 5 });
    await rig.event("gone");
  });

  test("is found also without its ledger, and can be stopped", async () => {
    for (const spoil of [rmSync, (path: string) => truncateSync(path, 7), garble]) {
      const { rig, spec, pid } = await orphaned(["sleep", "1000"]);
      spoil(rig.files(API).ledger);
      const host = adopt(rig, spec);
      expect((await rig.event("started")).pid).toBe(pid);
      host.stop(API, STOP);
      await rig.event("gone");
      expect(isAlive(pid)).toBe(false);
    }
  });

  test("is adopted again by the supervisor after that", async () => {
    const { rig, spec, pid } = await orphaned(["sleep", "1000"]);
    for (let times = 0; times < 3; times++) {
      const host = adopt(rig, spec);
      expect((await rig.event("started")).pid).toBe(pid);
      await host.close();
      rig.events.splice(0);
    }
    adopt(rig, spec).stop(API, STOP);
    expect((await rig.event("exited")).exit).toMatchObject({ signal: "SIGTERM" });
  });
});

describe("a stop that was recorded", () => {
  const script =
    "trap 'echo told >> told; exit 0' TERM; echo $$ > up; while :; do sleep 0.01; done";

  test("and not sent is sent now, and said to be", async () => {
    const { rig, spec } = await orphaned(script);
    await pidIn(join(rig.folder, "up"));
    adopt(rig, spec, { phase: "stopping", signal: "SIGTERM" });
    await rig.event("gone");
    expect(kinds(rig)).toEqual(["resent", "started", "exited", "gone"]);
    expect(ledgerOf(rig)).toMatch(/^stop SIGTERM \d+$/m);
  });

  test("and sent is not sent twice", async () => {
    const deaf = "trap 'echo told >> told' TERM; echo $$ > up; while :; do sleep 0.01; done";
    const rig = await createOne();
    const spec = rig.spec(deaf);
    rig.host.start(API, spec);
    await pidIn(join(rig.folder, "up"));
    await rig.event("started");
    rig.host.stop(API, STOP);
    await eventually("told", () => read(rig, "told") === "told\n");
    await rig.host.close();
    rig.events.splice(0);
    const host = adopt(rig, spec, { phase: "stopping", signal: "SIGTERM" });
    await rig.event("started");
    host.kill(API);
    await rig.event("gone");
    expect(kinds(rig)).toEqual(["resent", "started", "exited", "gone"]);
    expect((await rig.event("resent")).at).toBeLessThan(monotonicMs());
    expect(read(rig, "told")).toBe("told\n");
  });
});

describe("a rename that was cut off", () => {
  const WEB: InstanceId = { service: "web", slot: 1, run: 4 };

  test("after it was recorded, and before it was done", async () => {
    const { rig, spec, pid } = await orphaned(["sleep", "1000"]);
    adopt(rig, spec, { id: WEB, was: [API] }).stop(WEB, STOP);
    expect((await rig.event("started", WEB)).pid).toBe(pid);
    await rig.event("gone", WEB);
    expect(readFileSync(rig.files(WEB).ledger, "utf8")).toMatch(/^start/m);
  });

  test("after it was done, and before it was recorded", async () => {
    const rig = await createOne();
    const spec = rig.spec(["sleep", "1000"]);
    rig.host.start(API, spec);
    const { pid } = await rig.event("started");
    rig.host.rename(API, WEB);
    await rig.host.close();
    rig.events.splice(0);
    expect(rig.successor().strays([API])).toEqual([]);
    adopt(rig, spec);
    expect((await rig.event("started")).pid).toBe(pid);
    expect(ledgerOf(rig)).toMatch(/^start/m);
  });
});

function garble(path: string): void {
  writeFileSync(path, "run elsewhere:db.1.1\nstart 1\nexit 0\n\0\0");
}
