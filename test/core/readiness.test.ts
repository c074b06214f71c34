import { expect, test } from "vitest";
import { service } from "../rig/specs.ts";
import { World } from "./world.ts";

const probe = { interval: 1_000, timeout: 5_000, failures: 3 } as const;

test("what has once accepted is not asked again, and what answers TCP is", () => {
  for (const kind of ["accepts", "tcp"] as const) {
    const world = new World();
    const check = kind === "tcp" ? ({ kind, host: null, port: 80 } as const) : ({ kind } as const);
    world.want(service("web", { ready: { check, ...probe } }));
    world.started("web.1#1");
    world.ready("web.1#1");
    const asked = [1, 2, 3].map(() => world.after(probe.interval)).join();
    expect(asked.includes("probe")).toBe(kind === "tcp");
  }
});
