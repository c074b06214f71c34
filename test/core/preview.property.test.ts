import fc from "fast-check";
import { expect, test } from "vitest";
import { type Desired, withIntent, withRestart } from "../../src/core/desired.ts";
import type { Observed } from "../../src/core/observed.ts";
import { preview } from "../../src/core/preview.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { NOW, planOf, running, wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";

const NAMES = ["a", "b", "c", "d"] as const;

/** A service that may need those before it in the alphabet, so that there is no circle. */
function anyService(name: string): fc.Arbitrary<ServiceSpec> {
  const before = NAMES.filter((other) => other < name);
  const dependency = fc.record({
    condition: fc.constantFrom("started" as const, "ready" as const),
    restart: fc.boolean(),
    required: fc.boolean(),
  });
  return fc
    .record({
      kind: fc.constantFrom<ServiceSpec["kind"]>("service", "service", "service", "task"),
      command: fc.constantFrom("x", "y"),
      instances: fc.integer({ min: 0, max: 3 }),
      env: fc.dictionary(fc.constantFrom("A", "B"), fc.constantFrom("1", "2"), {
        noNullPrototype: true,
      }),
      reload: fc.constantFrom<ServiceSpec["reload"]>(null, "rolling", "restart"),
      port: fc.constantFrom<ServiceSpec["port"]>(
        null,
        null,
        "auto",
        3000 + name.charCodeAt(0) * 10,
      ),
      description: fc.constantFrom(null, "x"),
      enabled: fc.boolean().map((off) => !off || name !== "a"),
      depends_on: fc.dictionary(fc.constantFrom("-", ...before), dependency, {
        maxKeys: 2,
        noNullPrototype: true,
      }),
    })
    .map(({ depends_on, ...keys }) => {
      const { "-": _, ...needs } = depends_on;
      return service(name, { ...keys, depends_on: needs });
    });
}

const desired: fc.Arbitrary<Desired> = fc
  .tuple(
    fc.tuple(...NAMES.map((name) => anyService(name))),
    fc.subarray([...NAMES], { minLength: 1 }),
  )
  .map(([specs, names]) =>
    wanting(...specs.filter((spec) => names.some((name) => name === spec.name))),
  );

const byHand = fc.constantFrom<(d: Desired) => Desired>(
  (d) => d,
  (d) => withIntent(d, "a", { stopped: true }),
  (d) => withIntent(d, "b", { scale: 2 }),
  (d) => withRestart(d, "b", "restart asked"),
);

test("a plan always comes to an end, and then there is nothing to do", () => {
  fc.assert(
    fc.property(desired, desired, byHand, (before, after, hand) => {
      const doc = planOf(before, hand(after));
      const { add, change, remove, unchanged } = doc.summary;
      expect(add + change + remove + unchanged).toBe(doc.services.length);
      expect(doc.changed).toBe(add + change + remove > 0);
      const again = planOf(hand(after), structuredClone(hand(after)));
      expect([again.changed, again.steps]).toEqual([false, []]);
    }),
    { numRuns: 300 },
  );
});

test("a plan does not depend on the order in which things are known", () => {
  fc.assert(
    fc.property(desired, desired, fc.integer({ min: 0, max: 5 }), (before, after, turn) => {
      const observed = running(before);
      const options = { projectName: "shop", sources: {}, noRemove: false };
      const doc = preview(before, after, observed, NOW, options);
      expect(preview(before, after, shuffled(observed, turn), NOW, options)).toEqual(doc);
    }),
    { numRuns: 300 },
  );
});

test("a service whose spec is not edited has a line only for a reason that it names", () => {
  fc.assert(
    fc.property(desired, desired, (before, after) => {
      for (const line of planOf(before, after).services) {
        const [from, to] = [before.services.get(line.service), after.services.get(line.service)];
        const isEdited = JSON.stringify(from) !== JSON.stringify(to);
        if (isEdited || line.symbol === "=") continue;
        // It can only follow from a neighbour: replaced with it, or waiting for it.
        expect(Object.keys(to?.depends_on ?? {}).length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 300 },
  );
});

test("cosmetic edits touch nothing, whatever else there is", () => {
  fc.assert(
    fc.property(desired, (before) => {
      const specs = [...before.services.values()].map((spec) => ({
        ...spec,
        description: "other",
        labels: { a: "b" },
      }));
      const doc = planOf(before, wanting(...specs));
      expect(doc.steps.filter((step) => !step.startsWith("update "))).toEqual([]);
      expect(doc.services.every((line) => line.action === "no_restart")).toBe(true);
    }),
    { numRuns: 200 },
  );
});

/** The same facts, told in another order. */
function shuffled(observed: Observed, turn: number): Observed {
  const entries = [...observed.services];
  const turned = [
    ...entries.slice(turn % entries.length),
    ...entries.slice(0, turn % entries.length),
  ];
  return { ...observed, services: new Map(turned.reverse()) };
}
