import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Hunted } from "../../src/core/observed.ts";
import { NO_CGROUPS } from "../../src/host/cgroups.ts";
import type { HostOptions } from "../../src/host/host.ts";
import { findProcess } from "../../src/host/tree.ts";
import { API, createRig, eventually, type HostRig, isAlive, pidIn } from "../host/rig.ts";
import { hasCgroups } from "../rig/cgroups.ts";
import { canFreeze, freeze } from "../rig/freezer.ts";

let rig: HostRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

const DEAF = `echo $$ >"$1"; trap "" TERM; while :; do sleep 1; done`;
const MORTAL = `echo $$ >"$1"; exec sleep 1000`;

/** A service whose first deed is `way`, in its folder, beside the programs `deaf` and `mortal`. */
async function startWith(way: string, options: Partial<HostOptions>): Promise<HostRig> {
  rig = await createRig(options);
  writeFileSync(join(rig.folder, "deaf"), DEAF);
  writeFileSync(join(rig.folder, "mortal"), MORTAL);
  writeFileSync(join(rig.folder, "main"), `${way}\nexec sleep 1000`);
  rig.host.start(API, rig.spec(["sh", "main"]));
  await rig.event("started");
  return rig;
}

/** The pid of what escaped. */
function escapee({ folder }: HostRig): Promise<number> {
  return pidIn(join(folder, "pid"));
}

/** What the host reported of what it had to look for. */
function hunted(of: HostRig): readonly Hunted[] {
  return of.events.flatMap((event) => (event.kind === "hunted" ? [event] : []));
}

const CLEAN = 'env -i PATH="$PATH"';
const CLOSED = "<&- >&- 2>&- 9>&-";

/** Ways of leaving. */
const ESCAPES: readonly (readonly [string, string])[] = [
  ["leaves the session", "setsid sh deaf pid &"],
  ["is forked twice", "(setsid sh -c 'sh deaf pid &' &)"],
  ["has a cleaned environment", `${CLEAN} sh deaf pid &`],
  ["leaves the session with a cleaned environment", `setsid ${CLEAN} sh deaf pid &`],
  ["leaves the session and closes all files", `setsid sh deaf pid ${CLOSED} &`],
];

const MEANS: readonly (readonly [string, Partial<HostOptions>])[] = [
  ["by their marks", { cgroups: NO_CGROUPS }],
  ["by their cgroup, where there is one", {}],
];

describe.each(MEANS)("escapees found %s", (_, options) => {
  test.each(ESCAPES)("what %s is ended, and named when it left the group", async (how, way) => {
    const it = await startWith(way, options);
    const pid = await escapee(it);
    it.host.stop(API, { signal: "SIGTERM", timeout: 100 });
    await it.event("exited");
    it.host.kill(API);
    await it.event("gone");
    expect(isAlive(pid)).toBe(false);
    const isOutside = how !== "has a cleaned environment";
    const named = hunted(it).at(-1)?.processes ?? [];
    expect(named.some((process) => process.pid === pid)).toBe(isOutside);
    expect(hunted(it).some(({ lasting }) => lasting)).toBe(false);
  });

  test("what hides its life fifo under another number is found by looking at all files", async () => {
    const it = await startWith(`setsid ${CLEAN} sh deaf pid 5>&9 9>&- &`, options);
    const pid = await escapee(it);
    it.host.stop(API, { signal: "SIGTERM", timeout: 100 });
    await it.event("exited");
    it.host.kill(API);
    await it.event("gone");
    expect(isAlive(pid)).toBe(false);
  });

  test("a storm of forks that goes on while it is stopped is ended", async () => {
    // Bounded: each of them is over in a moment.
    const storm =
      "echo $$ >pid; trap '' TERM; while :; do sleep 0.3 & sleep 0.3 & sleep 0.01; done";
    const it = await startWith(`setsid sh -c "${storm.replaceAll("$", "\\$")}" &`, options);
    await escapee(it);
    it.host.stop(API, { signal: "SIGTERM", timeout: 100 });
    await it.event("exited");
    it.host.kill(API);
    await it.event("gone");
    expect(hunted(it).length).toBeGreaterThan(0);
  });

  test("what heard nothing of the stop is told when the program has ended", async () => {
    const it = await startWith("setsid sh mortal pid &", options);
    const pid = await escapee(it);
    it.host.stop(API, { signal: "SIGTERM", timeout: 60_000 });
    // Nobody kills: long before the grace is over it has had its own SIGTERM.
    await it.event("gone");
    expect(isAlive(pid)).toBe(false);
    expect(hunted(it).at(-1)).toMatchObject({ processes: [{ pid, name: "sleep" }], more: 0 });
  });
});

test("what a program that crashed left behind without session and files is ended a moment later", async () => {
  const it = await startWith(`setsid sh mortal pid ${CLOSED} & sleep 0.2; exit 1`, {
    cgroups: NO_CGROUPS,
  });
  const pid = await escapee(it);
  await it.event("gone");
  await eventually("it is ended", () => !isAlive(pid));
  expect(it.warnings.join()).toContain(`(${pid})`);
});

test.runIf(hasCgroups() && process.getuid?.() === 0)(
  "a program that runs as another user is in its cgroup, which is not its to leave",
  async () => {
    rig = await createRig();
    chmodSync(rig.folder, 0o755);
    rig.host.start(API, rig.spec(["sleep", "1000"], { user: "nobody", cwd: "/" }));
    const { pid } = await rig.event("started");
    const cgroup = () => readFileSync(`/proc/${pid}/cgroup`, "utf8");
    await eventually("it has become the program", () => findProcess(pid)?.name === "sleep");
    expect(cgroup()).toMatch(/^0::.*\/procs-[^/]+\/run-api\.1\.1$/m);
    rig.host.kill(API);
    await rig.event("gone");
  },
);

describe.runIf(hasCgroups())("what shakes off everything", () => {
  const all = `(setsid ${CLEAN} sh -c 'sh deaf pid &' ${CLOSED} &)`;

  test("is ended by its cgroup", async () => {
    const it = await startWith(all, {});
    const pid = await escapee(it);
    it.host.stop(API, { signal: "SIGTERM", timeout: 100 });
    await it.event("exited");
    it.host.kill(API);
    await it.event("gone");
    expect(isAlive(pid)).toBe(false);
    expect(
      hunted(it)
        .at(-1)
        ?.processes.some((process) => process.pid === pid),
    ).toBe(true);
  });

  test.each(["known", "forgotten"])(
    "is found by the next supervisor to which it is %s",
    async (how) => {
      const it = await startWith(all, {});
      const pid = await escapee(it);
      const program = (await it.event("started")).pid;
      await it.host.close();
      process.kill(program, "SIGKILL");
      await eventually("the program is gone", () => !isAlive(program));
      it.events.length = 0;
      const next = it.successor();
      const spec = it.spec(["sh", "main"]);
      if (how === "known") {
        next.adopt({ id: API, was: [], spec, port: null, phase: "ready", signal: null });
        await it.event("exited");
        next.kill(API);
        await it.event("gone");
      } else {
        const leftovers = next.leftovers();
        expect(leftovers).toMatchObject([{ id: API, pids: expect.arrayContaining([pid]) }]);
        const ending = { services: new Map(), hurry: AbortSignal.abort() };
        expect(await next.killLeftovers(leftovers, ending)).toEqual([]);
      }
      expect(isAlive(pid)).toBe(false);
    },
  );
});

test.runIf(canFreeze())(
  "what waits inside the kernel is reported by name, and ended when it can be",
  async () => {
    const it = await startWith("setsid sh mortal pid &", {});
    const pid = await escapee(it);
    const thaw = await freeze(pid);
    try {
      it.host.kill(API);
      await eventually("it is reported", () => hunted(it).some(({ lasting }) => lasting));
      expect(hunted(it).at(-1)).toMatchObject({
        processes: [{ pid, name: "sleep", stuck: true }],
        lasting: true,
      });
      expect(it.events.some(({ kind }) => kind === "gone")).toBe(false);
    } finally {
      await thaw();
    }
    await it.event("gone");
    expect(isAlive(pid)).toBe(false);
  },
);
