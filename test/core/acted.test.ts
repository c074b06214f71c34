import { expect, test } from "vitest";
import { withIntent } from "../../src/core/desired.ts";
import { listening, service } from "../rig/specs.ts";
import { TCP, World } from "./world.ts";

const api = (restart: boolean) =>
  service("api", { depends_on: { db: { condition: "ready", restart, required: true } } });

test("an edge that an edit makes `restart: true` counts from then on, without a restart of its own", () => {
  const world = bothUp();
  expect(world.want(service("db"), api(true))).not.toMatch(/^(start|stop)/m);
  world.want(service("db", { command: "v2" }), api(true));
  world.ended("db.1#1");
  world.started("db.1#2");
  expect(world.after(1000)).toContain("stop api.1#1: db was replaced");
});

test("a dependency that is replaced by the edit that says `restart: true` takes its dependent along", () => {
  const world = bothUp();
  world.want(service("db", { command: "v2" }), api(true));
  world.ended("db.1#1");
  world.started("db.1#2");
  expect(world.after(1000)).toContain("stop api.1#1: db was replaced");
  world.ended("api.1#1");
  world.started("api.1#2");
  world.after(1000);
  expect(world.after(60_000)).toBe("");
});

test("an instance whose failing readiness probe is taken away is ready", () => {
  const world = new World();
  world.want(service("web", { ready: TCP }));
  world.started("web.1#1");
  world.ready("web.1#1");
  for (let failure = 0; failure < TCP.failures; failure++) {
    world.now += TCP.interval;
    world.tell({
      kind: "probed",
      id: { service: "web", slot: 1, run: 1 },
      probe: "ready",
      ok: false,
      detail: "refused",
    });
  }
  const phase = () => world.observed.services.get("web")?.instances[0]?.phase.kind;
  expect(phase()).toBe("unready");
  expect(world.want(service("web"))).toContain("update [ready] web.1#1");
  expect(phase()).toBe("ready");
});

test("one behind a proxy is killed when its grace after the signal is over, and the signal comes when it is drained", () => {
  const world = new World();
  const listen = listening(3000, { mode: "proxy", drain: 30_000 });
  const web = service("web", { listen, port: "auto", ready: TCP });
  const stop = { signal: "SIGTERM", timeout: 2_000 } as const;
  world.want({ ...web, stop });
  world.started("web.1#1");
  world.ready("web.1#1");
  world.desired = withIntent(world.desired, "web", { stopped: true });
  expect(world.look()).toContain("(wake in 32000 ms)");
  world.now += 5_000;
  const id = { service: "web", slot: 1, run: 1 };
  expect(world.tell({ kind: "resent", id })).toContain("(wake in 2000 ms)");
  // Told twice, it has no more time than once.
  world.now += 1_000;
  const at = world.now - 1_000;
  expect(world.tell({ kind: "resent", id, at })).toContain("(wake in 1000 ms)");
  expect(world.after(1_000)).toContain("kill web.1#1: did not stop in 2s");
});

test("one behind a proxy whose drain is cut short has its whole grace", () => {
  const world = new World();
  const listen = listening(3000, { mode: "proxy", drain: 30_000 });
  world.want(service("web", { listen, port: "auto", ready: TCP }));
  world.started("web.1#1");
  world.desired = withIntent(world.desired, "web", { stopped: true });
  world.look();
  const id = { service: "web", slot: 1, run: 1 };
  expect(world.tell({ kind: "resent", id })).toContain("(wake in 10000 ms)");
});

/** `db`, and `api` that needs it without following it. */
function bothUp(): World {
  const world = new World();
  world.want(service("db"), api(false));
  world.started("db.1#1");
  world.after(1000);
  world.started("api.1#1");
  world.after(1000);
  return world;
}
