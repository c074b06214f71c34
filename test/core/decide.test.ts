import { expect, test } from "vitest";
import { decide } from "../../src/core/decide.ts";
import { withIntent, withRestart } from "../../src/core/desired.ts";
import { formatAction } from "../../src/core/plan.ts";
import { service } from "../rig/specs.ts";
import { TCP, World } from "./world.ts";

const READY_DB = { db: { condition: "ready", restart: false, required: true } } as const;

test("a missing instance is started, and counts as ready after a second", () => {
  const world = new World();
  expect(world.want(service("web"))).toBe(
    ["rollout wanted web: new", "start web.1#1: missing"].join("\n"),
  );
  expect(world.started("web.1#1")).toBe("(wake in 1000 ms)");
  expect(world.after(1000)).toBe(
    ["promote web.1#1: has lived a second", "rollout complete web: all instances run it"].join(
      "\n",
    ),
  );
  expect(world.after(100_000)).toBe("");
});

test("a dependent waits until its dependency is ready", () => {
  const world = new World();
  const db = service("db", { ready: TCP });
  const api = service("api", { depends_on: READY_DB });
  expect(world.want(api, db)).toBe(
    [
      "rollout wanted api: new",
      "rollout wanted db: new",
      "start db.1#1: missing",
      "wait api for dependency: db is not ready",
    ].join("\n"),
  );
  expect(world.started("db.1#1")).toContain("probe ready db.1#1: due");
  expect(world.ready("db.1#1")).toContain("start api.1#1: missing");
});

test("a report of readiness that comes before the news of the start is not lost", () => {
  const world = new World();
  world.want(service("web", { ready: { ...TCP, check: { kind: "message" } } }));
  expect(world.ready("web.1#1")).toBe("");
  expect(world.started("web.1#1")).toBe("rollout complete web: all instances run it");
});

test("a crash is retried with a growing delay, and procs gives up at the limit", () => {
  const world = new World();
  const restart = { ...service("web").restart, max: 3 };
  world.want(service("web", { restart }));
  world.started("web.1#1");
  expect(world.ended("web.1#1")).toBe("wait web.1 for backoff: retries (100 ms)\n(wake in 100 ms)");
  expect(world.after(100)).toBe("start web.1#2: tried again: exit 1");
  world.started("web.1#2");
  expect(world.ended("web.1#2")).toBe("wait web.1 for backoff: retries (200 ms)\n(wake in 200 ms)");
  expect(world.after(200)).toBe("start web.1#3: tried again: exit 1");
  world.started("web.1#3");
  expect(world.ended("web.1#3")).toBe("");
  expect(world.after(1_000_000)).toBe("");
  expect(world.want(service("web", { restart: { ...restart, max: 5 } }))).toContain(
    "update [restart.max]",
  );
  expect(world.look()).not.toContain("gave up");
});

test("after a healthy run the first restart is immediate", () => {
  const world = new World();
  world.want(service("web"));
  world.started("web.1#1");
  world.after(1000);
  world.now += 20_000;
  expect(world.ended("web.1#1", { kind: "signal", signal: "SIGKILL" })).toBe(
    "start web.1#2: tried again: killed by SIGKILL, often out of memory",
  );
});

test("an edit of the command stops the old one before the new one starts", () => {
  const world = up(service("web"));
  expect(world.want(service("web", { command: "node web2.js" }))).toBe(
    [
      "rollout wanted web: changed",
      "rollout begin web: instances are replaced",
      "stop web.1#1: changed",
      "(wake in 10000 ms)",
    ].join("\n"),
  );
  expect(world.ended("web.1#1", { kind: "code", code: 0 })).toContain("start web.1#2: missing");
});

test("a rolling edit starts the new one first", () => {
  const world = up(service("web", { reload: "rolling" }));
  expect(world.want(service("web", { reload: "rolling", command: "node web2.js" }))).toContain(
    "start web.1#2: new version",
  );
  world.started("web.1#2");
  const text = world.after(1000);
  expect(text).toContain("stop web.1#1: changed");
  expect(text).toContain("rollout complete web");
  expect(world.ended("web.1#1")).toBe("forget web.1#1: replaced");
});

test("who became ready is in the books before anything stops by it", () => {
  const world = up(service("web", { reload: "rolling" }));
  world.want(service("web", { reload: "rolling", command: "run web2" }));
  world.started("web.1#2");
  world.now += 1000;
  const plan = decide(world.desired, world.observed, world.now);
  expect(plan.actions.map(formatAction)).toEqual(["promote web.1#2: has lived a second"]);
});

test("a new version that ends before it is ready is rolled back, and the old one stays", () => {
  const world = up(service("web", { reload: "rolling" }));
  world.want(service("web", { reload: "rolling", command: "bad" }));
  world.started("web.1#2");
  expect(world.ended("web.1#2")).toBe(
    [
      "rollout fail web: new web.1 ended before it was ready",
      "rollout wanted web: back to the last good one: new web.1 ended before it was ready",
      "forget web.1#2: replaced",
    ].join("\n"),
  );
  expect(world.after(1_000_000)).toBe("");
  expect(world.want(service("web", { reload: "rolling" }))).toBe("rollout wanted web: changed");
});

test("a bad version that replaced the only instance goes back to the old program", () => {
  const world = up(service("web"));
  world.want(service("web", { command: "bad" }));
  world.ended("web.1#1", { kind: "code", code: 0 });
  world.started("web.1#2");
  const text = world.ended("web.1#2");
  expect(text).toContain("rollout fail web");
  expect(text).toContain("start web.1#3: missing");
  expect(world.observed.services.get("web")?.instances.map((i) => i.applied.command)).toEqual([
    "node web.js",
  ]);
});

test("what procs owns is applied without touching the process", () => {
  const world = up(service("web"));
  const text = world.want(
    service("web", { stop: { signal: "SIGINT", timeout: 1 }, labels: { a: "b" } }),
  );
  expect(text).toBe(
    [
      "rollout wanted web: changed",
      "update [stop.signal, stop.timeout, labels.a] web.1#1: stop.signal, stop.timeout, labels.a changed",
    ].join("\n"),
  );
});

test("a removed service stops after the removed dependents are gone", () => {
  const world = new World();
  world.want(service("db"), service("api", { depends_on: READY_DB }));
  world.started("db.1#1");
  world.after(1000);
  world.started("api.1#1");
  world.after(1000);
  expect(world.want()).toBe(
    [
      "stop api.1#1: not in the file any more",
      "wait db for dependents: api stops first",
      "(wake in 10000 ms)",
    ].join("\n"),
  );
  expect(world.ended("api.1#1")).toContain("stop db.1#1: not in the file any more");
  world.ended("db.1#1");
  expect(world.observed.services.size).toBe(0);
});

test("after its grace an instance is killed, and killed again until it is gone", () => {
  const world = up(service("web"));
  world.want();
  expect(world.after(10_000)).toBe("kill web.1#1: did not stop in 10s\n(wake in 2000 ms)");
  expect(world.after(2000)).toBe("kill web.1#1: still there\n(wake in 2000 ms)");
});

test("scaling starts the lowest free slots and leaves the lowest", () => {
  const world = up(service("web"));
  expect(world.want(service("web", { instances: 3 }))).toContain(
    "start web.2#1: missing\nstart web.3#1: missing",
  );
  world.started("web.2#1");
  world.started("web.3#1");
  world.after(1000);
  expect(world.want(service("web", { instances: 2 }))).toContain(
    "stop web.3#1: not wanted (2 instances)",
  );
});

test("a restart by hand replaces the instance, and a stop by hand survives a new file", () => {
  const world = up(service("web"));
  world.desired = withRestart(world.desired, "web", "restart asked");
  expect(world.look()).toContain("stop web.1#1: restart asked");
  world.ended("web.1#1");
  world.started("web.1#2");
  world.after(1000);
  world.desired = withIntent(world.desired, "web", { stopped: true });
  expect(world.look()).toContain("stop web.1#2: stopped by hand");
  world.ended("web.1#2");
  expect(world.want(service("web", { command: "other" }))).toBe("");
});

test("a task runs once for a spec, and again before its dependents when it changes", () => {
  const world = new World();
  const needs = { migrate: { condition: "done", restart: false, required: true } } as const;
  const api = service("api", { depends_on: needs });
  world.want(service("migrate", { kind: "task" }), api);
  world.started("migrate.1#1");
  expect(world.ended("migrate.1#1", { kind: "code", code: 0 })).toContain("start api.1#1: missing");
  world.started("api.1#1");
  expect(world.after(60_000)).not.toContain("start");
  const text = world.want(
    service("migrate", { kind: "task", command: "v2" }),
    service("api", { depends_on: needs, command: "v2" }),
  );
  expect(text).toContain("start migrate.1#2: missing");
  expect(text).toContain("wait api for dependency: migrate is not done");
  expect(text).not.toContain("stop api");
});

test("a dependent with restart: true follows when its dependency was replaced", () => {
  const world = new World();
  const follows = { db: { condition: "ready", restart: true, required: true } } as const;
  const api = service("api", { depends_on: follows });
  world.want(service("db"), api);
  world.started("db.1#1");
  world.after(1000);
  world.started("api.1#1");
  world.after(1000);
  world.want(service("db", { command: "v2" }), api);
  expect(world.ended("db.1#1")).not.toContain("stop api");
  world.started("db.1#2");
  expect(world.after(1000)).toContain("stop api.1#1: db was replaced");
});

test("a renamed service keeps its process", () => {
  const world = up(service("web"));
  const text = world.want(service("front", { was: "web", command: "node web.js" }));
  expect(text).toContain("adopt front.1#1: web is called front now");
  expect(text).not.toMatch(/^(start|stop)/m);
  expect(world.observed.services.has("web")).toBe(false);
});

test("files that change are answered once, when it is quiet", () => {
  const watch = {
    paths: ["/shop/src"],
    ignore: [],
    debounce: 100,
    action: { kind: "restart" },
  } as const;
  const world = up(service("web", { watch }));
  expect(world.tell({ kind: "changed", service: "web", path: "src/a.js" })).toBe(
    "(wake in 100 ms)",
  );
  world.now += 50;
  expect(world.tell({ kind: "changed", service: "web", path: "src/b.js" })).toBe(
    "(wake in 100 ms)",
  );
  expect(world.after(100)).toContain("watched restart web: src/a.js, src/b.js changed");
});

/** A world in which these services are up and complete. */
function up(...specs: ReturnType<typeof service>[]): World {
  const world = new World();
  world.want(...specs);
  for (const { name } of specs) world.started(`${name}.1#1`);
  world.after(1000);
  return world;
}
