import { describe, expect, test } from "vitest";
import type { Observed } from "../../src/core/observed.ts";
import type { AdoptingHost } from "../../src/core/ports.ts";
import { restored } from "../../src/core/restore.ts";
import { Supervisor } from "../../src/core/supervisor.ts";
import { wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";
import { TCP, World } from "./world.ts";

const API = { service: "api", slot: 1, run: 1 } as const;
const DB = { service: "db", slot: 1, run: 1 } as const;
const schedule = { cron: "x", timezone: null, overlap: "skip", missed: "run" } as const;
const job = service("job", { kind: "task", schedule });
const desired = wanting(service("api", { ready: TCP }), service("db"), job);

/** What a supervisor had written down that had two services up. */
function record(): Observed {
  const world = new World();
  world.want(...desired.services.values());
  world.tell({ kind: "scheduled", service: "job", at: 100_000 });
  for (const who of ["api.1#1", "db.1#1"]) world.started(who);
  return world.observed;
}

/** A host that does nothing but say what it was asked, and a supervisor that follows one that died. */
function follow(observed = record()) {
  const asked: string[] = [];
  const say = (what: string) => (id: { service: string } | { name: string }) => {
    asked.push(`${what} ${"name" in id ? id.name : id.service}`);
  };
  const host: AdoptingHost = {
    start: say("start"),
    stop: say("stop"),
    kill: say("kill"),
    signal: say("signal"),
    probe: say("probe"),
    update: say("update"),
    rename: say("rename"),
    run: say("run"),
    schedule: say("schedule"),
    watch: () => {},
    ...{ bind: () => {}, unbind: () => {}, wakeOn: () => {}, count: () => {} },
    adopt: ({ id }) => say("adopt")(id),
    strays: () => [],
  };
  const clock: { now: number; alarm: number | null } = { now: 5_000, alarm: null };
  const supervisor = new Supervisor({
    host,
    clock: {
      now: () => clock.now,
      wakeAt: (at) => {
        clock.alarm = at;
      },
    },
    from: { desired, observed: restored(observed, clock.now) },
  });
  return { supervisor, asked, clock };
}

describe("a supervisor that follows one that died", () => {
  test("does nothing before it is told to go on, whatever it hears and whatever is wanted", () => {
    const { supervisor, asked } = follow();
    supervisor.want(wanting());
    supervisor.handle({ kind: "gone", id: API });
    expect(asked).toEqual([]);
    expect(supervisor.isTakingOver).toBe(true);
  });

  test("acts when it has heard of every run, not before", () => {
    const { supervisor, asked } = follow();
    supervisor.goOn();
    supervisor.handle({ kind: "started", id: API, pid: 1, port: null });
    expect(asked).toEqual([]);
    supervisor.handle({ kind: "started", id: DB, pid: 2, port: null });
    expect(asked).toEqual(["probe api", "schedule job"]);
    expect(supervisor.isTakingOver).toBe(false);
  });

  test("waits also for a run that the record had lost", () => {
    const { supervisor, asked } = follow();
    const id = { ...DB, run: 2 };
    const spec = service("db");
    const found = { applied: spec, generation: 0, upstream: {}, pid: 3, port: null };
    supervisor.handle({ kind: "adopted", id, ...found });
    supervisor.goOn();
    for (const each of [API, DB]) {
      supervisor.handle({ kind: "started", id: each, pid: 1, port: null });
    }
    expect(asked).toEqual([]);
    supervisor.handle({ kind: "started", id, pid: 3, port: null });
    expect(asked).toContain("stop db");
  });

  test("acts without the answer of a host that stays silent", () => {
    const { supervisor, asked, clock } = follow();
    supervisor.goOn();
    expect(clock.alarm).toBe(8_000);
    clock.now = 8_000;
    supervisor.handle({ kind: "woke" });
    expect(asked).toContain("schedule job");
  });

  test("whose alarm rings much too late was frozen itself: the answers may be there", () => {
    const { supervisor, asked, clock } = follow();
    supervisor.goOn();
    clock.now = 20_000;
    supervisor.handle({ kind: "woke" });
    expect(asked).toEqual([]);
    for (const each of [API, DB]) {
      supervisor.handle({ kind: "started", id: each, pid: 1, port: null });
    }
    expect(asked).toContain("probe api");
  });

  test("of nothing at all goes on at once", () => {
    const { supervisor, asked } = follow(new World().observed);
    supervisor.goOn();
    expect(asked).toEqual(["schedule job", "start api", "start db"]);
  });
});
