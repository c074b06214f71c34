import fc from "fast-check";
import { expect, test } from "vitest";
import type { Event } from "../../src/core/event.ts";
import { observe } from "../../src/core/observe.ts";
import { type InstanceId, isLive, type Observed } from "../../src/core/observed.ts";
import { midway } from "../simulator/simulate.ts";

/* Rules that hold of every event, asked of states that simulated worlds came to. */

const RUNS = { numRuns: 60 };

const states = fc.integer({ min: 1, max: 1_000_000 }).map((seed) => {
  const world = midway(seed);
  return { observed: world.supervisor.observed, now: world.clock.now() };
});

function eventsOf(id: InstanceId): readonly Event[] {
  return [
    { kind: "started", id, pid: 7, port: 8 },
    { kind: "exited", id, exit: { kind: "code", code: 1 } },
    { kind: "gone", id },
    { kind: "probed", id, probe: "ready", ok: true, detail: "" },
    { kind: "probed", id, probe: "alive", ok: false, detail: "" },
  ];
}

function instancesOf(observed: Observed) {
  return [...observed.services.values()].flatMap((known) => known.instances);
}

test("events about runs and services that nobody knows change nothing at all", () => {
  fc.assert(
    fc.property(states, fc.integer({ min: 0, max: 3 }), ({ observed, now }, slot) => {
      const known = instancesOf(observed).map(({ service }) => service);
      const ids = ["nobody", ...known].map((service) => ({ service, slot, run: 1_000_000 }));
      const events: Event[] = [
        ...ids.flatMap(eventsOf),
        { kind: "changed", service: "nobody", path: "x" },
        { kind: "ran", service: "nobody", ok: true, detail: "" },
        { kind: "scheduled", service: "nobody", at: 1 },
        { kind: "reset", service: "nobody" },
        { kind: "woke" },
      ];
      for (const event of events) expect(observe(observed, event, now)).toBe(observed);
    }),
    RUNS,
  );
});

test("started, exited and gone may be told twice", () => {
  fc.assert(
    fc.property(states, ({ observed, now }) => {
      for (const id of instancesOf(observed)) {
        for (const event of eventsOf(id).filter(({ kind }) => kind !== "probed")) {
          const once = observe(observed, event, now);
          expect(observe(once, event, now)).toEqual(once);
        }
      }
    }),
    RUNS,
  );
});

test("what has ended stays as it is, whatever is told of it", () => {
  fc.assert(
    fc.property(states, ({ observed, now }) => {
      for (const id of instancesOf(observed).filter((instance) => !isLive(instance))) {
        for (const event of eventsOf(id)) {
          expect(observe(observed, event, now)).toEqual(observed);
        }
      }
    }),
    RUNS,
  );
});

test("an event about one run changes that run only, and never what it was given", () => {
  fc.assert(
    fc.property(states, ({ observed, now }) => {
      const before = JSON.stringify(instancesOf(observed));
      for (const id of instancesOf(observed)) {
        for (const event of eventsOf(id)) {
          const after = instancesOf(observe(observed, event, now));
          const others = (all: readonly InstanceId[]) =>
            all.filter((i) => i.service !== id.service || i.slot !== id.slot || i.run !== id.run);
          expect(others(after)).toEqual(others(instancesOf(observed)));
        }
      }
      expect(JSON.stringify(instancesOf(observed))).toBe(before);
    }),
    RUNS,
  );
});
