import { expect, test } from "vitest";
import { service } from "../rig/specs.ts";
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
