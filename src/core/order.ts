import type { ServiceSpec } from "./spec.ts";

type Specs = ReadonlyMap<string, ServiceSpec>;

/** Names that each name points at: `api` -> `db`, `migrate`. */
export type Edges = ReadonlyMap<string, readonly string[]>;

/**
 * Every service, dependencies before their dependents, else in file order. Services of a circle,
 * which the file's reader refuses, come at the place of their first one.
 */
export function startOrder(services: Specs): readonly string[] {
  const edges = dependencyEdges(services);
  const order = new Set<string>();
  const entered = new Set<string>();
  // A stack of our own: a chain of ten thousand services is no reason to overflow the real one.
  for (const root of services.keys()) {
    const stack = [root];
    for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
      const isNew = !entered.has(name);
      entered.add(name);
      const missing = isNew ? (edges.get(name) ?? []).filter((other) => !entered.has(other)) : [];
      if (missing.length === 0) order.add(stack.pop() ?? name);
      else stack.push(...missing.reverse());
    }
  }
  return [...order];
}

/** The services that need `name` themselves, in file order. */
export function dependentsOf(
  services: ReadonlyMap<string, Pick<ServiceSpec, "name" | "depends_on">>,
  name: string,
): readonly string[] {
  return [...services.values()]
    .filter((spec) => spec.name !== name && Object.hasOwn(spec.depends_on, name))
    .map((spec) => spec.name);
}

/** `names` and all that they need, directly or not, in file order. */
export function withDependencies(services: Specs, names: Iterable<string>): ReadonlySet<string> {
  const edges = dependencyEdges(services);
  return inFileOrder(
    services,
    reach(names, (name) => edges.get(name) ?? []),
  );
}

/** `names` and all that need them, directly or not, in file order. */
export function withDependents(services: Specs, names: Iterable<string>): ReadonlySet<string> {
  return inFileOrder(
    services,
    reach(names, (name) => dependentsOf(services, name)),
  );
}

/** One circle, as the names along it (`a`, `b` for a -> b -> a), or null. The same one for the same edges. */
export function findCycle(edges: Edges): readonly string[] | null {
  const finished = new Set<string>();
  for (const start of edges.keys()) {
    const cycle = cycleFrom(start, edges, finished);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Edges to services that exist; a missing one is the file reader's affair. */
export function dependencyEdges(services: Specs): Edges {
  const edges = new Map<string, readonly string[]>();
  for (const spec of services.values()) {
    edges.set(
      spec.name,
      Object.keys(spec.depends_on).filter((name) => services.has(name)),
    );
  }
  return edges;
}

function cycleFrom(start: string, edges: Edges, finished: Set<string>): readonly string[] | null {
  const path: { readonly name: string; next: number }[] = [{ name: start, next: 0 }];
  const places = new Map([[start, 0]]);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const target = finished.has(top.name) ? undefined : edges.get(top.name)?.[top.next++];
    if (target === undefined) {
      finished.add(top.name);
      places.delete(top.name);
      path.pop();
      continue;
    }
    const seenAt = places.get(target);
    if (seenAt !== undefined) return path.slice(seenAt).map((step) => step.name);
    if (finished.has(target)) continue;
    places.set(target, path.length);
    path.push({ name: target, next: 0 });
  }
  return null;
}

function reach(names: Iterable<string>, next: (name: string) => readonly string[]): Set<string> {
  const reached = new Set(names);
  // A Set's iteration also visits what is added on the way.
  for (const name of reached) for (const other of next(name)) reached.add(other);
  return reached;
}

function inFileOrder(services: Specs, names: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...services.keys()].filter((name) => names.has(name)));
}
