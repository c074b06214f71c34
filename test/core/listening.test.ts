import { describe, expect, test } from "vitest";
import { withIntent } from "../../src/core/desired.ts";
import { withHelpers } from "../../src/core/helpers.ts";
import { restored } from "../../src/core/restore.ts";
import type { ListenAddress, ServiceSpec } from "../../src/core/spec.ts";
import { listening, service, services } from "../rig/specs.ts";
import { TCP, World } from "./world.ts";

const LOCAL: ListenAddress = { kind: "tcp", host: "127.0.0.1", port: 3000 };
const SOCKET: ListenAddress = { kind: "unix", path: "/shop/api.sock", mode: 0o600 };

function api(listen = listening(), keys: Partial<ServiceSpec> = {}): ServiceSpec {
  return service("api", { ready: TCP, listen, ...keys });
}

function bound(world: World, address: string, name = "api"): string {
  return world.tell({ kind: "bound", service: name, address });
}

/** A service that is up, with its socket. */
function up(spec: ServiceSpec = api()): World {
  const world = new World();
  world.want(spec);
  if (spec.listen !== null) bound(world, ":3000");
  world.started("api.1#1");
  world.ready("api.1#1");
  return world;
}

describe("a service that listens", () => {
  test("is started when its socket is bound, and not before", () => {
    const world = new World();
    expect(world.want(api())).toBe(
      [
        "rollout wanted api: new",
        "bind :3000 of api: wanted",
        "wait api for socket: port 3000 is not bound yet",
      ].join("\n"),
    );
    expect(bound(world, ":3000")).toBe("start api.1#1: missing");
    expect(world.observed.services.get("api")?.instances[0]?.port).toBe(3000);
  });

  test("is started when all of its sockets are bound", () => {
    const world = new World();
    const addresses = [LOCAL, SOCKET];
    expect(world.want(api(listening(3000, { addresses })))).toContain("bind /shop/api.sock of api");
    expect(bound(world, "127.0.0.1:3000")).toBe(
      "wait api for socket: /shop/api.sock is not bound yet",
    );
    expect(bound(world, "/shop/api.sock")).toBe("start api.1#1: missing");
  });

  test("says who has its port, and tries again until it is free", () => {
    const world = new World();
    world.want(api());
    const refused = { kind: "unbindable", service: "api", address: ":3000" } as const;
    const detail = "taken by node old.js (pid 7)";
    expect(world.tell({ ...refused, detail })).toBe(
      `wait api for socket: port 3000 is ${detail} (1000 ms)\n(wake in 1000 ms)`,
    );
    expect(world.after(1000)).toContain("bind :3000 of api: tried again");
    expect(world.tell({ ...refused, detail })).toContain("(wake in 2000 ms)");
    expect(world.after(2000)).toContain("bind :3000 of api: tried again");
    expect(bound(world, ":3000")).toBe("start api.1#1: missing");
  });

  test("keeps its socket while its program crashes, waits and is started again", () => {
    const world = up();
    expect(world.ended("api.1#1")).not.toContain("unbind");
    expect(world.after(100)).toBe("start api.1#2: tried again: exit 1");
  });

  test("closes it when it has given up, so that callers are refused; asked for again, it opens it first", () => {
    const restart = { ...service("api").restart, max: 1 };
    const world = up(api(listening(), { restart }));
    expect(world.ended("api.1#1")).toContain("unbind :3000 of api: nobody will accept");
    world.tell({ kind: "unbound", address: ":3000" });
    expect(world.tell({ kind: "reset", service: "api" })).toContain("bind :3000 of api: wanted");
    expect(bound(world, ":3000")).toBe("start api.1#2: missing");
  });

  test("closes it when it is stopped by hand, after the last instance has gone", () => {
    const world = up();
    world.desired = withIntent(world.desired, "api", { stopped: true });
    expect(world.look()).not.toContain("unbind");
    expect(world.ended("api.1#1")).toContain("unbind :3000 of api: not wanted");
    expect(world.tell({ kind: "unbound", address: ":3000" })).toBe("");
    expect(world.observed.sockets).toEqual({});
  });

  test("gets back a socket that is lost", () => {
    const world = up();
    const lost = world.tell({ kind: "unbound", address: ":3000" });
    expect(lost).toContain("bind :3000 of api: wanted");
    expect(lost).not.toContain("stop");
  });

  test("is told again of another backlog, and goes on", () => {
    const world = up();
    const plan = world.want(api(listening(3000, { backlog: 9 })));
    expect(plan).toContain("bind :3000 of api: backlog changed");
    expect(plan).toContain("update [listen.backlog] api.1#1");
    expect(plan).not.toContain("stop");
  });
});

describe("an edit of an address", () => {
  test("another port is bound first; the old one is closed when the new version is there", () => {
    const world = up();
    expect(world.want(api(listening(3001)))).toContain("bind :3001 of api: wanted");
    expect(bound(world, ":3001")).toContain("start api.1#2: new version");
    world.started("api.1#2");
    const swapped = world.ready("api.1#2");
    expect(swapped).toContain("stop api.1#1: changed");
    expect(swapped).not.toContain("unbind");
    expect(world.ended("api.1#1")).toContain("unbind :3000 of api: not used any more");
  });

  test("a port that cannot be bound leaves everything as it is", () => {
    const world = up();
    world.want(api(listening(3001)));
    const taken = {
      kind: "unbindable",
      service: "api",
      address: ":3001",
      detail: "taken",
    } as const;
    expect(world.tell(taken)).toContain("wait api for socket: port 3001 is taken");
    expect(world.observed.services.get("api")?.instances[0]?.phase.kind).toBe("ready");
  });

  test("a version that fails gives its new port back, and the way back was open all the time", () => {
    const world = up(api(listening(), { reload: "restart" }));
    world.want(api(listening(3001), { reload: "restart" }));
    bound(world, ":3001");
    expect(world.ended("api.1#1")).not.toContain("unbind");
    world.started("api.1#2");
    const back = world.ended("api.1#2");
    expect(back).toContain("rollout fail api");
    expect(back).toContain("start api.1#3");
    expect(back).toContain("unbind :3001 of api");
    expect(back).not.toContain("unbind :3000");
  });

  test("an address that the kernel gives once is let go first", () => {
    const world = up();
    const narrow = listening(3000, { addresses: [LOCAL] });
    expect(world.want(api(narrow))).toContain("stop api.1#1: changed");
    expect(world.ended("api.1#1")).toContain("unbind :3000 of api");
    expect(world.tell({ kind: "unbound", address: ":3000" })).toContain("bind 127.0.0.1:3000");
    expect(bound(world, "127.0.0.1:3000")).toContain("start api.1#2: missing");
  });

  test("a port goes from the program to procs, and back", () => {
    const own = service("api", { ready: TCP, port: 3000 });
    const world = up(own);
    const taken = world.want(api());
    expect(taken).toContain("stop api.1#1: changed");
    expect(taken).not.toContain("bind");
    expect(world.ended("api.1#1")).toContain("bind :3000 of api: wanted");
    expect(bound(world, ":3000")).toContain("start api.1#2: missing");
    world.started("api.1#2");
    world.ready("api.1#2");
    expect(world.want(own)).toContain("stop api.1#2: changed");
    const freed = world.ended("api.1#2");
    expect(freed).toContain("unbind :3000 of api");
    expect(freed).not.toContain("start");
    expect(world.tell({ kind: "unbound", address: ":3000" })).toContain("start api.1#3: missing");
  });

  test("a service that is called something else takes its socket along", () => {
    const world = up();
    const web = { ...api(), name: "web", was: "api" };
    const plan = world.want(web);
    expect(plan).toContain("adopt web.1#1: api is called web now");
    expect(plan).toContain("bind :3000 of web: web has it now");
    expect(plan).not.toMatch(/unbind|stop/);
  });

  test("a proxy that is not wanted any more serves until what is behind it has been replaced", () => {
    const proxied = api(listening(3000, { mode: "proxy" }), { port: "auto" });
    const world = new World();
    world.desired = { ...world.desired, services: withHelpers(services(proxied)) };
    world.look();
    bound(world, ":3000", "api:proxy");
    world.started("api.1#1");
    world.ready("api.1#1");
    world.started("api:proxy.1#1");
    world.ready("api:proxy.1#1");
    const moved = world.want(api());
    expect(moved).toContain("bind :3000 of api: api has it now");
    expect(moved).toContain("start api.1#2: new version");
    expect(moved).not.toContain("stop");
    bound(world, ":3000");
    world.started("api.1#2");
    expect(world.ready("api.1#2")).toContain("stop api.1#1: changed");
    expect(world.ended("api.1#1")).toContain("stop api:proxy.1#1: not in the file any more");
    expect(world.ended("api:proxy.1#1")).not.toContain("unbind");
  });

  test("what one service leaves another one has when the last instance has gone, without a gap", () => {
    const world = up();
    const web = service("web", { ready: TCP, listen: listening() });
    const left = world.want(web);
    expect(left).toContain("stop api.1#1: not in the file any more");
    expect(left).toContain("wait web for socket: port 3000 is still held for api");
    const moved = world.ended("api.1#1");
    expect(moved).toContain("bind :3000 of web: web has it now");
    expect(moved).not.toContain("unbind");
    expect(bound(world, ":3000", "web")).toBe("start web.1#1: missing");
  });
});

describe("after the death of a supervisor", () => {
  test("each socket is asked for again, those that nobody wants are closed, and nothing that runs is touched", () => {
    const world = up();
    world.observed = restored(world.observed, world.now);
    expect(world.look()).toContain("bind :3000 of api: wanted");
    expect(bound(world, ":3000")).not.toMatch(/start|stop/);
    const stopped = withIntent(world.desired, "api", { stopped: true });
    world.desired = stopped;
    world.look();
    world.ended("api.1#1");
    // It died with `unbind` decided and not done.
    world.observed = restored(world.observed, world.now);
    expect(world.look()).toContain("unbind :3000 of api: not wanted");
  });

  test("a socket that only the instances have is bound again when they have gone", () => {
    const world = up(api(listening(), { instances: 1 }));
    world.observed = restored(world.observed, world.now);
    world.look();
    const lost = { kind: "unbindable", service: "api", address: ":3000", ours: true } as const;
    expect(world.tell({ ...lost, detail: "held by api.1" })).not.toMatch(/stop|start/);
    const edited = world.want(api(listening(), { command: "x" }));
    expect(edited).toContain("stop api.1#1: changed");
    expect(world.ended("api.1#1")).toContain("bind :3000 of api: tried again");
    expect(bound(world, ":3000")).toContain("start api.1#2: missing");
  });
});
