import { describe, expect, test } from "vitest";
import { observe } from "../../src/core/observe.ts";
import type { InstanceId } from "../../src/core/observed.ts";
import { service } from "../rig/specs.ts";
import { TCP, World } from "./world.ts";

function idOf(run: number, name = "api"): InstanceId {
  return { service: name, slot: 1, run };
}

describe("a start that never happened", () => {
  test("leaves nothing but a used number", () => {
    const world = new World();
    world.want(service("api"));
    expect(world.tell({ kind: "unstarted", id: idOf(1) })).toContain("start api.1#2: missing");
  });

  test("is no failure, and takes none away: the wait before the next try is the same", () => {
    const world = new World();
    world.want(service("api"));
    world.started("api.1#1");
    world.ended("api.1#1");
    world.after(100);
    const before = world.observed.services.get("api")?.restarts;
    expect(world.tell({ kind: "unstarted", id: idOf(2) })).toContain(
      "start api.1#3: tried again: exit 1",
    );
    const api = world.observed.services.get("api");
    expect(api?.restarts).toBe(before);
    expect(api?.instances).toMatchObject([{ run: 3, failures: 1, exits: [0] }]);
  });

  test("leaves what a schedule had asked for to be done", () => {
    const schedule = { cron: "x", timezone: null, overlap: "skip", missed: "run" } as const;
    const world = new World();
    world.want(service("api", { kind: "task", schedule }));
    world.tell({ kind: "scheduled", service: "api", at: 1_000 });
    expect(world.after(1_000)).toContain("start api.1#1");
    expect(world.tell({ kind: "unstarted", id: idOf(1) })).toContain("start api.1#2");
    world.started("api.1#2");
    expect(world.ended("api.1#2", { kind: "code", code: 0 })).not.toContain("start");
  });

  test("of a run that is known to have run it says no more than that nothing is left", () => {
    const world = new World();
    world.want(service("api"));
    world.started("api.1#1");
    const after = observe(world.observed, { kind: "unstarted", id: idOf(1) }, 5);
    expect(after.services.get("api")?.instances).toMatchObject([
      { phase: { kind: "ended", exit: { kind: "unknown" } } },
    ]);
  });
});

describe("a run that no record tells of", () => {
  const found = (applied = service("api"), run = 4, pid: number | null = 7) =>
    ({
      kind: "adopted",
      id: idOf(run),
      pid,
      port: null,
      applied,
      generation: 0,
      upstream: {},
    }) as const;

  test("is in the books as if it had been started: it has its slot, and its number is used", () => {
    const world = new World();
    world.observed = observe(world.observed, found(), 0);
    expect(world.want(service("api"))).not.toContain("start");
    expect(world.observed.nextRun["api.1"]).toBe(5);
    expect(world.observed.services.get("api")?.instances).toMatchObject([
      { run: 4, phase: { kind: "running", pid: 7 }, failures: 0 },
    ]);
  });

  test("is not replaced for dependencies of which it is not known what they were", () => {
    const follows = { condition: "ready", restart: true, required: true } as const;
    const api = service("api", { depends_on: { db: follows } });
    const world = new World();
    world.want(service("db", { ready: TCP }));
    world.started("db.1#1");
    world.ready("db.1#1");
    world.observed = observe(world.observed, found(api), 0);
    expect(world.want(service("db", { ready: TCP }), api)).not.toMatch(/start|stop/);
    world.ready("api.1#4");
    expect(world.look()).not.toMatch(/start|stop/);
  });

  test("follows its dependencies again from the first that settles", () => {
    const follows = { condition: "ready", restart: true, required: true } as const;
    const api = service("api", { depends_on: { db: follows } });
    const world = new World();
    const db = { ...found(service("db"), 2), id: { ...idOf(2, "db") } };
    for (const event of [db, found(api)]) world.observed = observe(world.observed, event, 0);
    world.want(service("db"), api);
    expect(world.after(1_000)).not.toMatch(/start|stop/);
    expect(world.want(service("db", { umask: 18 }), api)).toContain("stop db.1#2: changed");
    world.ended("db.1#2", { kind: "signal", signal: "SIGTERM" });
    world.started("db.1#3");
    expect(world.after(1_000)).toContain("stop api.1#4: db was replaced");
  });

  test("of a program that does not run yet is started later", () => {
    const world = new World();
    world.observed = observe(world.observed, found(service("api"), 4, null), 0);
    world.want(service("api"));
    expect(world.observed.services.get("api")?.instances).toMatchObject([
      { phase: { kind: "starting" } },
    ]);
    world.started("api.1#4");
    expect(world.observed.services.get("api")?.instances).toMatchObject([
      { phase: { kind: "running" } },
    ]);
  });

  test("beside one of its slot that is well goes, and that one stays", () => {
    const world = new World();
    world.want(service("api", { ready: TCP }));
    world.started("api.1#1");
    world.ready("api.1#1");
    expect(world.tell(found(service("api", { ready: TCP })))).toContain("stop api.1#4");
    expect(world.ended("api.1#4", { kind: "signal", signal: "SIGTERM" })).not.toContain("start");
    expect(world.observed.services.get("api")?.instances).toMatchObject([
      { run: 1, phase: { kind: "ready" } },
    ]);
  });

  test("that ended beside one of its slot is forgotten: its slot is taken", () => {
    const world = new World();
    world.want(service("api", { ready: TCP }));
    world.started("api.1#1");
    world.ready("api.1#1");
    const exit = { kind: "code", code: 1 } as const;
    for (const event of [
      found(service("api", { ready: TCP })),
      { kind: "exited", id: idOf(4), exit },
      { kind: "gone", id: idOf(4) },
    ] as const) {
      world.observed = observe(world.observed, event, world.now);
    }
    expect(world.look()).toContain("forget api.1#4: its slot is taken");
  });

  test("of a service that nobody wants is stopped", () => {
    const world = new World();
    expect(world.tell(found())).toContain("stop api.1#4: not in the file any more");
  });
});

test("when one new instance is ready and another has ended, both heard at once, nothing more is replaced", () => {
  const keys = { ready: TCP, port: "auto", instances: 3 } as const;
  const rollout = { ...service("api").rollout, surge: 2 };
  const world = new World();
  world.want(service("api", { ...keys, rollout }));
  for (const slot of [1, 2, 3]) {
    world.started(`api.${slot}#1`, slot);
    world.ready(`api.${slot}#1`);
  }
  world.want(service("api", { ...keys, rollout, umask: 18 }));
  for (const slot of [1, 2]) world.started(`api.${slot}#2`, 10 + slot);
  const id = (slot: number) => ({ service: "api", slot, run: 2 });
  const exit = { kind: "code", code: 1 } as const;
  for (const event of [
    { kind: "probed", id: id(1), probe: "ready", ok: true, detail: "ok" },
    { kind: "exited", id: id(2), exit },
    { kind: "gone", id: id(2) },
  ] as const) {
    world.observed = observe(world.observed, event, world.now);
  }
  const plan = world.look();
  expect(plan).toContain("rollout fail api: new api.2 ended before it was ready");
  expect(plan).not.toContain("start api.3#2");
});

test("an exit that is told late is timed by when it was", () => {
  const world = new World();
  world.want(service("api"));
  world.started("api.1#1");
  world.now = 60_000;
  const exit = { kind: "code", code: 1 } as const;
  world.observed = observe(world.observed, { kind: "exited", id: idOf(1), exit, at: 50 }, 60_000);
  const plan = world.tell({ kind: "gone", id: idOf(1), at: 50 });
  expect(plan).toContain("start api.1#2: tried again: exit 1");
  expect(world.observed.services.get("api")?.instances).toMatchObject([{ exits: [50] }]);
});
