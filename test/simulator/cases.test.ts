import { expect, test } from "vitest";
import { type Desired, NOTHING, withIntent, withRestart } from "../../src/core/desired.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { serviceState } from "../../src/core/status.ts";
import { service } from "../rig/specs.ts";
import { checkersAlways } from "./checkers/always.ts";
import { deed } from "./edits.ts";
import { leftAfterDown } from "./finally.ts";
import { foretold } from "./foretell.ts";
import { type Character, NO_FAULTS } from "./program.ts";
import { createRandom } from "./random.ts";
import { World } from "./world.ts";

/* Stories that somebody once got wrong, in a world without faults, with every checker looking on. */

function createWorld(): World {
  return new World({ random: createRandom(1), faults: NO_FAULTS, checkers: checkersAlways() });
}

function program(name: string, version: Character, keys: Partial<ServiceSpec> = {}): ServiceSpec {
  return service(name, { command: [name, version], ...keys });
}

function want(world: World, change: (desired: Desired) => Desired): void {
  world.do((desired) => deed("edit", change(desired), []));
}

function file(...specs: readonly ServiceSpec[]): (desired: Desired) => Desired {
  const services = new Map(specs.map((spec) => [spec.name, spec]));
  return (desired) => ({ ...desired, services });
}

function run(world: World, durationMs: number): void {
  world.runUntil(world.clock.now() + durationMs);
}

function lives(world: World): string[] {
  return [...world.host.live].map(({ id }) => `${id.service}.${id.slot}#${id.run}`).sort();
}

const ready = { condition: "ready", restart: false, required: true } as const;

test("the gap of a restart does not look like the end of the service", () => {
  const world = createWorld();
  want(world, () => file(program("api", "good", { port: 3000 }))(NOTHING));
  run(world, 5_000);
  want(world, file(program("api", "late", { port: 3000 })));
  const seen = new Set<string>();
  for (let step = 0; step < 100; step++) {
    const { desired, observed } = world.supervisor;
    seen.add(serviceState(desired, observed, "api", world.clock.now()).state);
    run(world, 50);
  }
  expect(lives(world)).toEqual(["api.1#2"]);
  for (const state of ["done", "stopped", "failed", "disabled"]) expect(seen).not.toContain(state);
});

test("a wait for a dependency is for the new one once that was replaced", () => {
  const world = createWorld();
  const db = (version: Character) => program("db", version, { ready: READY, reload: "rolling" });
  const api = program("api", "good", { depends_on: { db: ready } });
  want(world, () => file(db("never"), api)(NOTHING));
  run(world, 1_000);
  expect(lives(world)).toEqual(["db.1#1"]);
  want(world, file(db("good"), api));
  run(world, 5_000);
  expect(lives(world)).toEqual(["api.1#1", "db.1#2"]);
});

test("dependencies turned around while an old version still runs do not keep a down from ending", () => {
  const world = createWorld();
  const a = program("a", "good", { depends_on: { b: ready }, reload: "rolling", ready: READY });
  const b = program("b", "good", { ready: READY });
  want(world, () => file(a, b)(NOTHING));
  run(world, 5_000);
  const newA = program("a", "never", { reload: "rolling", ready: { ...READY, timeout: 60_000 } });
  want(world, file(newA, { ...b, depends_on: { a: ready } }));
  run(world, 2_000);
  expect(lives(world)).toEqual(["a.1#1", "a.1#2", "b.1#1"]);
  want(world, (desired) => ({ ...desired, draining: true }));
  run(world, 5_000);
  expect(leftAfterDown(world.sight())).toBeNull();
});

test("what was stopped and scaled by hand stays so when the file is read again", () => {
  const world = createWorld();
  const specs = [program("a", "good"), program("b", "good", { instances: 2 })];
  want(world, () => file(...specs)(NOTHING));
  run(world, 5_000);
  want(world, (desired) =>
    withIntent(withIntent(desired, "a", { stopped: true }), "b", { scale: 3 }),
  );
  run(world, 5_000);
  want(world, file(program("a", "late"), program("b", "good", { instances: 1, umask: 18 })));
  run(world, 10_000);
  expect(lives(world).map((name) => name.slice(0, 3))).toEqual(["b.1", "b.2", "b.3"]);
});

test("a bad release stops at its first instance and leaves the old ones alone", () => {
  const world = createWorld();
  const api = (version: Character) =>
    program("api", version, { instances: 3, port: "auto", ready: READY });
  want(world, () => file(api("good"))(NOTHING));
  run(world, 5_000);
  const before = lives(world);
  want(world, file(api("crash")));
  run(world, 30_000);
  expect(lives(world)).toEqual(before);
  expect(world.supervisor.observed.services.get("api")?.rejected?.reason).toContain("api.");
});

test("a service that goes off in the middle of a replacement begins anew when it is wanted again", () => {
  const world = createWorld();
  const api = (version: Character) => program("api", version, { port: "auto", ready: READY });
  const profiles = ["dev"];
  const dev = (desired: Desired) => ({ ...desired, profiles: new Set(profiles) });
  want(world, () => dev(file({ ...api("good"), profiles })(NOTHING)));
  run(world, 5_000);
  want(world, file({ ...api("late"), profiles }));
  run(world, 100);
  expect(world.supervisor.observed.services.get("api")?.rollout).not.toBeNull();
  want(world, (desired) => ({ ...desired, profiles: new Set() }));
  run(world, 120_000);
  expect(lives(world)).toEqual([]);
  expect(world.supervisor.observed.services.get("api")?.rollout).toBeNull();
  want(world, dev);
  run(world, 10_000);
  const observed = world.supervisor.observed.services.get("api");
  expect([observed?.rejected, observed?.rollout, lives(world).length]).toEqual([null, null, 1]);
});

test("a rollout of a service that is scaled to nothing is over", () => {
  const world = createWorld();
  const api = (version: Character, instances: number) =>
    program("api", version, { port: "auto", ready: READY, instances });
  want(world, () => file(api("good", 2))(NOTHING));
  run(world, 5_000);
  want(world, file(api("never", 2)));
  run(world, 500);
  want(world, file(api("never", 0)));
  run(world, 5_000);
  expect(world.supervisor.observed.services.get("api")?.rollout).toBeNull();
  expect(lives(world)).toEqual([]);
});

test("a paused rollout keeps both versions, but no more than are wanted", () => {
  const world = createWorld();
  const rollout = { ...service("api").rollout, on_failure: "pause" } as const;
  const api = (version: Character) =>
    program("api", version, { port: "auto", ready: READY, instances: 2, rollout });
  want(world, () => file(api("good"))(NOTHING));
  run(world, 5_000);
  want(world, file(api("never")));
  run(world, 30_000);
  expect(lives(world)).toEqual(["api.1#1", "api.1#2", "api.2#1"]);
  want(world, (desired) => withIntent(desired, "api", { scale: 0 }));
  run(world, 5_000);
  expect(lives(world)).toEqual([]);
});

test("a service that becomes a scheduled task stops running, and the task runs", () => {
  const world = createWorld();
  want(world, () => file(program("job", "good", { instances: 2 }))(NOTHING));
  run(world, 5_000);
  const schedule = { cron: "every 3000", timezone: null, overlap: "skip", missed: "run" } as const;
  const restart = { ...service("job").restart, policy: "never" } as const;
  want(world, file(program("job", "good", { kind: "task", schedule, restart })));
  run(world, 20_000);
  expect(lives(world).filter((name) => name.endsWith("#1"))).toEqual([]);
  expect(world.host.runs.length).toBeGreaterThan(4);
});

test("a fixed port that moves by one is taken over slot by slot", () => {
  const world = createWorld();
  const api = (port: number) => program("api", "good", { instances: 3, port, ready: READY });
  want(world, () => file(api(3000))(NOTHING));
  run(world, 5_000);
  // The second one has ended just now, and its new port is the old one of the third.
  const second = world.host.find({ service: "api", slot: 2, run: 1 });
  expect(second).toBeDefined();
  if (second !== undefined) world.host.machine.crash(second);
  run(world, 50);
  want(world, file(api(3001)));
  run(world, 30_000);
  expect(lives(world).map((name) => name.slice(0, 5))).toEqual(["api.1", "api.2", "api.3"]);
  expect([...world.host.live].map((each) => each.port).sort()).toEqual([3001, 3002, 3003]);
});

test("an optional dependency that ended well is not waited for", () => {
  const world = createWorld();
  const restart = { ...service("db").restart, policy: "on-failure" } as const;
  const db = program("db", "quits", { restart, ready: READY });
  const api = (required: boolean) =>
    program("api", "good", { depends_on: { db: { ...ready, required } } });
  want(world, () => file(db)(NOTHING));
  run(world, 10_000);
  want(world, file(db, api(true)));
  run(world, 5_000);
  expect(lives(world)).toEqual([]);
  want(world, file(db, api(false)));
  run(world, 5_000);
  expect(lives(world)).toEqual(["api.1#1"]);
});

test("a rename in the middle of a replacement names both runs, and neither like an older one", () => {
  const world = createWorld();
  const keys = { port: "auto", ready: READY } as const;
  want(world, () => file(program("web", "good", keys))(NOTHING));
  run(world, 5_000);
  want(world, file(program("api", "good", keys)));
  run(world, 5_000);
  want(world, (desired) => withRestart(desired, "api", "restart asked", true));
  run(world, 50);
  expect(lives(world)).toEqual(["api.1#1", "api.1#2"]);
  want(world, file(program("web", "good", { ...keys, was: "api", command: ["api", "good"] })));
  expect(lives(world)).toEqual(["web.1#2", "web.1#3"]);
  run(world, 5_000);
  expect(lives(world).length).toBe(1);
});

test("of two services that wait for one port the first in the file gets it", () => {
  const world = createWorld();
  const [a, b, c] = ["a", "b", "c"].map((name) => program(name, "good", { port: 3000 }));
  if (a === undefined || b === undefined || c === undefined) throw new Error("three services");
  want(world, () => file(a, b, c)(NOTHING));
  run(world, 5_000);
  expect(lives(world)).toEqual(["a.1#1"]);
  want(world, file(b, c));
  run(world, 5_000);
  expect(lives(world)).toEqual(["b.1#1"]);
});

test("a task that is always started again has a plan like any other", () => {
  const world = createWorld();
  const task = program("poll", "good", { kind: "task" });
  const restart = { ...task.restart, policy: "always" } as const;
  const { desired } = { desired: file({ ...task, restart })(NOTHING) };
  expect(foretold(world, desired).steps).toEqual(["start poll.1#1: missing"]);
});

test("what starts when a release is rolled back belongs to the version that is gone back to", () => {
  const world = createWorld();
  const keys = { port: "auto", ready: READY } as const;
  const follows = { condition: "ready", restart: true, required: true } as const;
  const db = (version: Character) => program("db", version, keys);
  const api = (umask: number) =>
    program("api", "good", { ...keys, umask, depends_on: { db: follows } });
  want(world, () => file(api(0), db("good"))(NOTHING));
  run(world, 5_000);
  want(world, file(api(18), db("never")));
  run(world, 60_000);
  expect(lives(world)).toEqual(["api.1#2", "db.1#1"]);
  expect(world.host.runs.length).toBe(4);
});

const READY: NonNullable<ServiceSpec["ready"]> = {
  check: { kind: "http", url: "/health" },
  interval: 500,
  timeout: 10_000,
  failures: 3,
};
