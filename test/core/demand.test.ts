import { describe, expect, test } from "vitest";
import { withIntent } from "../../src/core/desired.ts";
import { withHelpers } from "../../src/core/helpers.ts";
import { restored } from "../../src/core/restore.ts";
import type { ListenSettings, ServiceSpec } from "../../src/core/spec.ts";
import { listening, service, services } from "../rig/specs.ts";
import { TCP, World } from "./world.ts";

const ON_DEMAND = { start: "on-demand", idle_stop: 5_000 } as const;

function mailer(
  keys: Partial<ServiceSpec> = {},
  listen: Partial<ListenSettings> = {},
): ServiceSpec {
  return service("mailer", {
    ready: TCP,
    listen: listening(3000, { ...ON_DEMAND, ...listen }),
    ...keys,
  });
}

/** Idle, with its socket. */
function idle(spec = mailer()): World {
  const world = new World();
  world.want(spec);
  world.tell({ kind: "bound", service: "mailer", address: ":3000" });
  return world;
}

const wake = (world: World) => world.tell({ kind: "woken", service: "mailer" });

function awake(spec = mailer()): World {
  const world = idle(spec);
  wake(world);
  world.started("mailer.1#1");
  world.ready("mailer.1#1");
  traffic(world, 0);
  return world;
}

function traffic(world: World, connections: number): string {
  return world.tell({ kind: "traffic", service: "mailer", connections });
}

describe("a service that starts on demand", () => {
  test("has its socket and no instance until somebody connects, and then starts once", () => {
    const world = new World();
    expect(world.want(mailer())).toBe("rollout wanted mailer: new\nbind :3000 of mailer: wanted");
    expect(world.tell({ kind: "bound", service: "mailer", address: ":3000" })).toBe("");
    expect(world.after(1_000_000)).toBe("");
    expect(wake(world)).toContain("start mailer.1#1: missing");
    expect(wake(world)).not.toContain("start");
  });

  test("rests when nobody has been connected for long enough, and is woken again", () => {
    const world = awake();
    traffic(world, 2);
    expect(world.after(60_000)).not.toContain("rest");
    traffic(world, 0);
    expect(world.after(4_999)).not.toContain("rest");
    const rest = world.after(1);
    expect(rest).toContain("demand rest mailer: idle: no connection for 5s");
    expect(rest).toContain("stop mailer.1#1: idle");
    expect(world.ended("mailer.1#1")).toBe("forget mailer.1#1: not wanted");
    expect(world.observed.sockets[":3000"]?.phase).toBe("bound");
    expect(wake(world)).toContain("start mailer.1#2: missing");
  });

  test("counts as idle from when it was ready, however long that took", () => {
    const world = idle();
    wake(world);
    traffic(world, 0);
    world.started("mailer.1#1");
    world.after(20_000);
    world.ready("mailer.1#1");
    expect(world.after(4_000)).not.toContain("rest");
    expect(world.after(1_000)).toContain("demand rest mailer");
  });

  test("may end by itself once it has served: no restart, and it rests", () => {
    const world = awake();
    world.after(1);
    const ended = world.ended("mailer.1#1", { kind: "code", code: 0 });
    expect(ended).toContain("demand rest mailer: ended by itself");
    expect(ended).not.toContain("unbind");
    expect(wake(world)).toContain("start mailer.1#2: missing");
  });

  test("that crashes is started again, as any other", () => {
    const world = awake();
    expect(world.ended("mailer.1#1")).toContain("wait mailer.1 for backoff");
    expect(world.after(100)).toContain("start mailer.1#2");
  });

  test("that ends before it was ready has failed, whatever its exit code", () => {
    const world = idle();
    wake(world);
    world.started("mailer.1#1");
    const ended = world.ended("mailer.1#1", { kind: "code", code: 0 });
    expect(ended).toContain("wait mailer.1 for backoff");
  });

  test("that ends again and again without taking its connection is closed", () => {
    const world = idle(mailer({ ready: null }, { mode: "inetd", wait: true }));
    let plan = "";
    for (let run = 1; run <= 201; run++) {
      wake(world);
      world.started(`mailer.1#${run}`);
      plan = world.ended(`mailer.1#${run}`, { kind: "code", code: 0 });
    }
    expect(plan).toContain("demand fail mailer: woken 201 times in 10s");
    expect(plan).toContain("unbind :3000 of mailer");
  });

  test("that does not get ready in time is ended and closed, until it is asked for by hand", () => {
    const world = idle();
    wake(world);
    world.started("mailer.1#1");
    const late = world.after(60_000);
    expect(late).toContain("demand fail mailer: not ready after 1m");
    expect(late).toContain("stop mailer.1#1: did not come up");
    expect(world.ended("mailer.1#1")).toContain("unbind :3000 of mailer: nobody will accept");
    world.tell({ kind: "unbound", address: ":3000" });
    expect(world.after(1_000_000)).toBe("");
    expect(world.tell({ kind: "reset", service: "mailer" })).toBe("bind :3000 of mailer: wanted");
  });

  test("that gave up is closed, and an edit opens it again", () => {
    const world = idle(mailer({ restart: { ...service("x").restart, max: 1 } }));
    wake(world);
    world.started("mailer.1#1");
    const over = world.ended("mailer.1#1");
    expect(over).toContain("demand fail mailer: exit 1");
    expect(over).toContain("unbind :3000 of mailer: nobody will accept");
    world.tell({ kind: "unbound", address: ":3000" });
    const edited = world.want(mailer({ command: "node fixed.js" }));
    expect(edited).toContain("bind :3000 of mailer: wanted");
    expect(edited).not.toContain("start");
  });

  test("whose dependency does not come says so to those who wait, by closing", () => {
    const world = new World();
    const needs = { condition: "ready", restart: false, required: true } as const;
    world.want(service("db", { ready: TCP }), mailer({ depends_on: { db: needs } }));
    world.tell({ kind: "bound", service: "mailer", address: ":3000" });
    expect(wake(world)).toContain("wait mailer for dependency: db is not ready");
    expect(world.after(60_000)).toContain(
      "demand fail mailer: not started after 1m: db is not ready",
    );
  });

  test("is ready for those that need it while it is idle; once it has its socket", () => {
    const world = new World();
    const needs = { condition: "ready", restart: false, required: true } as const;
    const shop = service("shop", { depends_on: { mailer: needs } });
    expect(world.want(mailer(), shop)).toContain("wait shop for dependency: mailer is not ready");
    expect(world.tell({ kind: "bound", service: "mailer", address: ":3000" })).toBe(
      "start shop.1#1: missing",
    );
  });

  test("is not started by an edit or a restart while it is idle", () => {
    const world = idle();
    expect(world.want(mailer({ command: "node b.js" }))).toBe("rollout wanted mailer: changed");
    wake(world);
    expect(world.observed.services.get("mailer")?.instances[0]?.applied.command).toBe("node b.js");
  });

  test("is replaced without a gap while it runs", () => {
    const world = awake();
    const edited = world.want(mailer({ command: "node b.js" }));
    expect(edited).toContain("start mailer.1#2: new version");
    expect(edited).not.toContain("stop");
  });

  test("stopped by hand it is idle no more; started again it is idle", () => {
    const world = awake();
    world.desired = withIntent(world.desired, "mailer", { stopped: true });
    expect(world.look()).toContain("demand rest mailer: stopped by hand");
    expect(world.ended("mailer.1#1")).toContain("unbind :3000 of mailer");
    world.tell({ kind: "unbound", address: ":3000" });
    world.desired = withIntent(world.desired, "mailer", { stopped: false });
    expect(world.look()).toBe("bind :3000 of mailer: wanted");
  });

  test("goes on after the death of a supervisor, and has its whole time to be idle", () => {
    const world = awake();
    traffic(world, 3);
    world.now += 60_000;
    world.observed = restored(world.observed, world.now);
    world.look();
    world.tell({ kind: "bound", service: "mailer", address: ":3000" });
    // Nobody knows whether anybody is connected before that is told.
    expect(world.after(60_000)).not.toContain("rest");
    traffic(world, 0);
    expect(world.after(4_999)).not.toContain("rest");
    expect(world.after(1)).toContain("demand rest mailer");
  });
});

describe("a service that starts on demand behind a proxy", () => {
  function proxied(): World {
    const world = new World();
    const spec = mailer({ port: "auto" }, { mode: "proxy" });
    world.desired = { ...world.desired, services: withHelpers(services(spec)) };
    world.look();
    return world;
  }

  const bind = (world: World) =>
    world.tell({ kind: "bound", service: "mailer:proxy", address: ":3000" });
  const call = (world: World) => world.tell({ kind: "woken", service: "mailer:proxy" });

  test("a connection starts the program, and then its proxy", () => {
    const world = proxied();
    expect(bind(world)).toBe("");
    expect(call(world)).toContain("start mailer.1#1: missing");
    expect(world.started("mailer.1#1")).toContain("start mailer:proxy.1#1: missing");
  });

  test("the proxy rests first, so that what it has accepted is answered", () => {
    const world = proxied();
    bind(world);
    call(world);
    world.started("mailer.1#1");
    world.ready("mailer.1#1");
    world.started("mailer:proxy.1#1");
    world.ready("mailer:proxy.1#1");
    world.tell({ kind: "traffic", service: "mailer:proxy", connections: 0 });
    const rest = world.after(5_000);
    expect(rest).toContain("demand rest mailer:proxy");
    expect(rest).toContain("stop mailer:proxy.1#1: idle");
    expect(rest).not.toContain("stop mailer.1#1");
    expect(world.ended("mailer:proxy.1#1")).toContain("stop mailer.1#1: idle");
  });

  test("a program that does not come up closes the socket of its proxy; asked for by hand it is open again", () => {
    const world = proxied();
    bind(world);
    call(world);
    world.started("mailer.1#1");
    expect(world.after(60_000)).toContain("demand fail mailer:proxy: not ready after 1m");
    expect(world.ended("mailer:proxy.1#1")).toContain("unbind :3000 of mailer:proxy");
    world.ended("mailer.1#1");
    world.tell({ kind: "unbound", address: ":3000" });
    expect(world.tell({ kind: "reset", service: "mailer" })).toContain(
      "bind :3000 of mailer:proxy",
    );
  });
});
