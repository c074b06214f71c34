import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  dependencyEdges,
  dependentsOf,
  findCycle,
  startOrder,
  withDependencies,
  withDependents,
} from "../../src/core/order.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { service, services } from "../rig/specs.ts";

function graph(edges: Record<string, readonly string[]>): ReadonlyMap<string, ServiceSpec> {
  return services(
    ...Object.entries(edges).map(([name, needs]) =>
      service(name, {
        depends_on: Object.fromEntries(
          needs.map((need) => [need, { condition: "ready", restart: false, required: true }]),
        ),
      }),
    ),
  );
}

describe("examples", () => {
  const shop = graph({ web: ["api"], api: ["db", "migrate"], worker: [], migrate: ["db"], db: [] });

  test("dependencies come first, the rest in file order", () => {
    expect(startOrder(shop)).toEqual(["db", "migrate", "api", "web", "worker"]);
  });

  test("dependents, and what they lead to", () => {
    expect(dependentsOf(shop, "db")).toEqual(["api", "migrate"]);
    expect([...withDependents(shop, ["migrate"])]).toEqual(["web", "api", "migrate"]);
    expect([...withDependencies(shop, ["migrate"])]).toEqual(["migrate", "db"]);
  });

  test("a circle is named from its first service on", () => {
    expect(findCycle(dependencyEdges(graph({ x: ["a"], a: ["b"], b: ["c"], c: ["a"] })))).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(findCycle(dependencyEdges(graph({ a: ["a"] })))).toEqual(["a"]);
    expect(findCycle(dependencyEdges(shop))).toBeNull();
  });

  test("a chain of 20,000 services overflows nothing", () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `s${index}`);
    const edges = new Map(names.map((name, index) => [name, [`s${index + 1}`]] as const));
    expect(findCycle(edges)).toBeNull();
    const chain = graph(Object.fromEntries(names.slice(0, 5000).map((n, i) => [n, [`s${i + 1}`]])));
    expect(startOrder(chain)[0]).toBe("s4999");
  });
});

const NAMES = ["a", "b", "c", "d", "e", "f"];
const edgesOf = fc.dictionary(
  fc.constantFrom(...NAMES),
  fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 }),
  { noNullPrototype: true },
);

/** Every walk of at most six steps, tried one by one. */
function canReach(edges: Record<string, readonly string[]>, from: string, to: string): boolean {
  let front = edges[from] ?? [];
  for (let step = 0; step < NAMES.length; step++) {
    if (front.includes(to)) return true;
    front = front.flatMap((name) => edges[name] ?? []);
    front = [...new Set(front)];
  }
  return false;
}

describe("properties, with a second opinion by brute force", () => {
  test("a circle is found if and only if there is one, and it is one", () => {
    fc.assert(
      fc.property(edgesOf, (edges) => {
        const cycle = findCycle(new Map(Object.entries(edges)));
        expect(cycle !== null).toBe(NAMES.some((name) => canReach(edges, name, name)));
        for (const [index, name] of (cycle ?? []).entries()) {
          const next = cycle?.[(index + 1) % cycle.length] ?? "";
          expect(edges[name]).toContain(next);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("the start order has every service once, and no dependent before what it needs", () => {
    fc.assert(
      fc.property(edgesOf, (edges) => {
        const specs = graph(edges);
        const order = startOrder(specs);
        expect([...order].sort()).toEqual([...specs.keys()].sort());
        if (findCycle(dependencyEdges(specs)) !== null) return;
        for (const [name, needs] of dependencyEdges(specs)) {
          for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(name));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("what a service leads to is what can be reached", () => {
    fc.assert(
      fc.property(edgesOf, fc.constantFrom(...NAMES), (edges, name) => {
        const specs = graph(edges);
        fc.pre(specs.has(name));
        const exists = (other: string) => specs.has(other);
        const kept = Object.fromEntries(
          Object.entries(edges).map(([key, needs]) => [key, needs.filter(exists)]),
        );
        const needed = withDependencies(specs, [name]);
        const dependents = withDependents(specs, [name]);
        for (const other of specs.keys()) {
          expect(needed.has(other)).toBe(other === name || canReach(kept, name, other));
          expect(dependents.has(other)).toBe(other === name || canReach(kept, other, name));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
