import { spawn } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import { projectMark } from "../../src/host/environment.ts";
import { findKey } from "../../src/host/find-key.ts";
import { markIn } from "../../src/host/tree.ts";
import { API, createRig, eventually, type HostRig, isAlive } from "./rig.ts";

const rigs: HostRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

async function createOne(key: string | null): Promise<HostRig> {
  const rig = await createRig({ key });
  rigs.push(rig);
  return rig;
}

test("a living shim has the key, also when no supervisor lives", async () => {
  const rig = await createOne("a1".repeat(32));
  expect(findKey(rig.paths)).toBe(null);
  rig.host.start(API, rig.spec(["sleep", "1000"]));
  await rig.event("started");
  await rig.host.close();
  expect(findKey(rig.paths)).toBe("a1".repeat(32));
  const other = await createOne(null);
  expect(findKey(other.paths)).toBe(null);
});

test("the youngest shim's key counts, and what is no key does not", async () => {
  const rig = await createOne("a1".repeat(32));
  rig.host.start(API, rig.spec(["sleep", "1000"]));
  await rig.event("started");
  // Start times are told apart by ticks of 10 ms.
  const since = performance.now();
  await eventually("the next tick", () => performance.now() - since > 30);
  const env = {
    ...{ PROCS_ID: `${projectMark(rig.paths)}:db.1.1`, PROCS_SHIM: "x", PATH: "/usr/bin:/bin" },
  };
  for (const key of ["b2".repeat(32), "no key", "B2".repeat(32)]) {
    const child = spawn("sleep", ["1000"], { detached: true, env: { ...env, PROCS_KEY: key } });
    const pid = child.pid ?? 0;
    await eventually("its mark", () => markIn(pid) === env.PROCS_ID);
    expect(findKey(rig.paths)).toBe((key.startsWith("b2") ? "b2" : "a1").repeat(32));
    child.kill("SIGKILL");
    await eventually("its end", () => !isAlive(pid));
  }
});

test.skipIf(process.getuid?.() !== 0)(
  "another user can neither read the key nor give one",
  async () => {
    const rig = await createOne("a1".repeat(32));
    rig.host.start(API, rig.spec(["sleep", "1000"], { user: "nobody", cwd: "/" }));
    await rig.event("started");
    // The shim stays ours where setpriv changes the user behind it; elsewhere it carries no key.
    expect([null, "a1".repeat(32)]).toContain(findKey(rig.paths));
    const env = { PROCS_ID: `${projectMark(rig.paths)}:db.1.1`, PROCS_SHIM: "x" };
    const stranger = spawn("/bin/sleep", ["1000"], {
      detached: true,
      uid: 65_534,
      env: { ...env, PROCS_KEY: "c3".repeat(32) },
    });
    const pid = stranger.pid ?? 0;
    await eventually("its mark", () => markIn(pid) === env.PROCS_ID);
    expect(findKey(rig.paths)).not.toBe("c3".repeat(32));
    stranger.kill("SIGKILL");
    await eventually("its end", () => !isAlive(pid));
  },
);
