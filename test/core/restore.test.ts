import { describe, expect, test } from "vitest";
import { withIntent } from "../../src/core/desired.ts";
import type { Instance, Observed, ObservedService } from "../../src/core/observed.ts";
import { adoptionsOf, restored } from "../../src/core/restore.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { listening, service } from "../rig/specs.ts";
import { TCP, World } from "./world.ts";

const DEAD_MS = 60_000;

function serviceIn(observed: Observed, name = "api"): ObservedService {
  const found = observed.services.get(name);
  if (found === undefined) throw new Error(`${name} is not in the books`);
  return found;
}

function only(observed: Observed): Instance {
  const [instance] = serviceIn(observed).instances;
  if (instance === undefined) throw new Error("nothing is in the books");
  return instance;
}

/** The supervisor dies, and the next one begins a minute later. */
function die(world: World): void {
  world.now += DEAD_MS;
  world.observed = restored(world.observed, world.now);
}

function up(keys: Partial<ServiceSpec> = {}): World {
  const world = new World();
  world.want(service("api", keys));
  world.started("api.1#1");
  return world;
}

describe("what a supervisor begins with that follows one that died", () => {
  test("a probe whose answer died is due again, and that is no failure", () => {
    const world = up({ ready: TCP });
    expect(only(world.observed).ready.busy).toBe(true);
    die(world);
    expect(only(world.observed).ready).toMatchObject({ busy: false, failures: 0 });
    expect(world.look()).toContain("probe ready api.1#1: due");
  });

  test("what reports by itself goes on waiting", () => {
    const ready = { ...TCP, check: { kind: "notify" } } as const;
    const world = up({ ready });
    die(world);
    expect(world.look()).not.toContain("probe");
    expect(world.ready("api.1#1")).toContain("rollout complete api");
  });

  test("a new version is not blamed for the time in which nobody looked", () => {
    const rolling = { ready: TCP, port: "auto" } as const;
    const world = up(rolling);
    world.ready("api.1#1");
    world.want(service("api", { ...rolling, umask: 18 }));
    world.started("api.1#2", 2);
    world.after(10_000);
    die(world);
    expect(world.look()).not.toContain("fail");
    world.tell({
      kind: "probed",
      id: { service: "api", slot: 1, run: 2 },
      probe: "ready",
      ok: false,
      detail: "refused",
    });
    expect(world.after(60_000)).toContain("rollout fail api: new api.1 not ready after");
  });

  test("a stop goes on, and a grace that is over is over", () => {
    const world = up();
    world.desired = withIntent(world.desired, "api", { stopped: true });
    expect(world.look()).toBe("stop api.1#1: stopped by hand\n(wake in 10000 ms)");
    die(world);
    expect(world.look()).toContain("kill api.1#1");
  });

  test("a grace counts from when the signal was really sent", () => {
    const world = up();
    world.desired = withIntent(world.desired, "api", { stopped: true });
    world.look();
    die(world);
    const id = { service: "api", slot: 1, run: 1 };
    expect(world.tell({ kind: "resent", id })).toBe("(wake in 10000 ms)");
    const [adoption] = adoptionsOf(world.observed);
    expect(adoption).toMatchObject({ id, phase: "stopping", signal: "SIGTERM" });
    // The next death, before that was written down: the ledger knows when.
    expect(world.tell({ kind: "resent", id, at: world.now - 4_000 })).toBe("(wake in 10000 ms)");
  });

  test("one that is drained behind its proxy has the whole time for it again, and its grace after that", () => {
    const listen = listening(3000, { mode: "proxy", drain: 30_000 });
    const world = up({ listen, port: "auto" });
    world.desired = withIntent(world.desired, "api", { stopped: true });
    expect(world.look()).toContain("(wake in 40000 ms)");
    die(world);
    expect(world.look()).toContain("(wake in 40000 ms)");
    const id = { service: "api", slot: 1, run: 1 };
    expect(world.tell({ kind: "resent", id })).toContain("(wake in 10000 ms)");
  });

  test("a kill that was decided may not have been done: it is done now", () => {
    const world = up();
    world.desired = withIntent(world.desired, "api", { stopped: true });
    world.look();
    expect(world.after(10_000)).toContain("kill api.1#1: did not stop in 10s");
    world.observed = restored(world.observed, world.now);
    expect(world.look()).toContain("kill api.1#1: still there");
  });

  test("what a program left behind is told before it is killed, however late that is", () => {
    const world = up();
    const exit = { kind: "code", code: 1 } as const;
    world.tell({ kind: "exited", id: { service: "api", slot: 1, run: 1 }, exit });
    die(world);
    expect(world.look()).toBe("(wake in 100 ms)");
    expect(world.after(100)).toContain("stop api.1#1: it ended and left processes behind");
  });

  test("the command of a watch that was cut short runs again for what had changed, and what changed since", () => {
    // biome-ignore lint/suspicious/noThenProperty: the key of the file.
    const action = { kind: "run", command: "make", then: "restart" } as const;
    const world = up({ watch: { paths: ["/shop"], ignore: [], debounce: 100, action } });
    world.tell({ kind: "changed", service: "api", path: "a.js" });
    expect(world.after(100)).toContain("watched run api: a.js changed");
    world.tell({ kind: "changed", service: "api", path: "b.js" });
    die(world);
    expect(world.look()).toContain("watched run api: a.js, b.js changed");
    world.tell({ kind: "ran", service: "api", ok: true, detail: "exit 0" });
    const { change, watched } = serviceIn(world.observed);
    expect([change, watched.running]).toEqual([null, false]);
  });

  test("a schedule whose time has passed does as it says about missed times", () => {
    const told = (missed: "run" | "skip") => {
      const schedule = { cron: "* * * * *", timezone: null, overlap: "skip", missed } as const;
      const world = new World();
      world.want(service("api", { kind: "task", schedule }));
      world.tell({ kind: "scheduled", service: "api", at: 1_000 });
      die(world);
      world.now += 2_000;
      return world.look();
    };
    expect(told("run")).toContain("due run api: its time has come");
    expect(told("skip")).toContain("due skip api: the time was missed");
  });

  test("a time that has passed and was not acted on is not put off by the next one", () => {
    const schedule = { cron: "x", timezone: null, overlap: "skip", missed: "run" } as const;
    const world = new World();
    world.want(service("api", { kind: "task", schedule }));
    world.tell({ kind: "scheduled", service: "api", at: 1_000 });
    die(world);
    expect(world.tell({ kind: "scheduled", service: "api", at: world.now + 5_000 })).toContain(
      "due run api",
    );
  });

  test("nothing that is well is touched", () => {
    const world = up({ ready: TCP });
    world.ready("api.1#1");
    die(world);
    expect(world.look()).toBe("probe ready api.1#1: due");
    const id = { service: "api", slot: 1, run: 1 };
    expect(world.tell({ kind: "started", id, pid: 1, port: null })).toBe("");
  });
});

test("a renamed instance is looked for by its earlier names too", () => {
  const world = up({ ready: TCP });
  world.ready("api.1#1");
  world.want({ ...service("api", { ready: TCP }), name: "web", was: "api" });
  const [adoption] = adoptionsOf(world.observed);
  expect(adoption?.id.service).toBe("web");
  expect(adoption?.was).toEqual([{ service: "api", slot: 1, run: 1 }]);
  expect(adoption?.signal).toBeNull();
});
