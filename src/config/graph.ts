import { findCycle } from "../core/order.ts";
import type { ServiceSpec } from "../core/spec.ts";
import { checkClashes } from "./clashes.ts";
import { PROBLEMS_MAX, type Problems, problemAt } from "./problems.ts";
import { similarName } from "./similar.ts";
import { lineAt, type Place } from "./source.ts";
import { child, type MapTree } from "./tree.ts";

/** A service with the part of the file that it was made from. */
export interface Declared {
  readonly spec: ServiceSpec;
  readonly keyPlace: Place;
  readonly tree: MapTree;
}

/** What is wrong between services, each of which may be right by itself. */
export function checkGraph(services: ReadonlyMap<string, Declared>, problems: Problems): void {
  for (const declared of services.values()) {
    if (problems.isFull) return;
    checkDependencies(declared, services, problems);
    checkKeys(declared, services, problems);
  }
  checkCycles(services, problems);
  checkClashes([...services.values()], problems);
}

function checkDependencies(
  { spec, tree }: Declared,
  services: ReadonlyMap<string, Declared>,
  problems: Problems,
): void {
  for (const [name, { condition, required }] of Object.entries(spec.depends_on)) {
    const place = dependencyPlace(tree, name);
    const other = services.get(name)?.spec;
    if (other === undefined) {
      if (required) problems.add(unknownDependency(spec.name, name, place, services.keys()));
    } else if (condition === "done" && other.kind === "service") {
      problems.add(
        problemAt(place, {
          code: "P203",
          message: `"${spec.name}" waits until "${name}" is done, but ${name} is a service: it runs until it is stopped`,
          help: [
            `wait until it is ready: depends_on: { ${name}: ready }`,
            `or, if ${name} runs to its end by itself, give it kind: task`,
          ],
        }),
      );
    } else if (condition === "ready" && other.kind === "task") {
      problems.add(
        problemAt(place, {
          code: "P203",
          message: `"${spec.name}" waits until "${name}" is ready, but ${name} is a task: it is done, not ready`,
          help: `wait until it is done: depends_on: { ${name}: done }`,
        }),
      );
    }
  }
}

function unknownDependency(service: string, name: string, place: Place, names: Iterable<string>) {
  const similar = similarName(name, names);
  return problemAt(place, {
    code: "P202",
    message: `service "${service}" depends on "${name}", which does not exist`,
    help:
      similar !== undefined
        ? `a service with a similar name exists: ${similar}`
        : `declare ${name} under services, or let it be missing: { condition: ready, required: false }`,
    fix: similar,
  });
}

/** Keys of one service that contradict each other, or the rest of the file. */
function checkKeys(
  { spec, tree }: Declared,
  services: ReadonlyMap<string, Declared>,
  problems: Problems,
): void {
  const at = (key: string): Place | undefined => tree.entries.get(key)?.keyPlace;
  const schedule = at("schedule");
  if (schedule !== undefined && spec.schedule !== null && spec.kind === "service") {
    problems.add(
      problemAt(schedule, {
        code: "P205",
        message: `"schedule" is for tasks, and "${spec.name}" is a service, which always runs`,
        label: "needs kind: task",
        help: "add kind: task",
      }),
    );
  }
  const was = at("was");
  if (was !== undefined && spec.was !== null && services.has(spec.was)) {
    problems.add(
      problemAt(was, {
        code: "P205",
        message: `"${spec.name}" cannot have been "${spec.was}": that service is still there`,
        label: "still declared",
        help: `delete this line, or the service ${spec.was}`,
      }),
    );
  }
  for (const key of ["ready", "alive"]) {
    const place = at(key);
    if (place === undefined || spec.kind !== "task") continue;
    problems.add(
      problemAt(place, {
        code: "P205",
        message: `"${key}" is for services, and "${spec.name}" is a task, which is over when it ends`,
        label: "a task has no probes",
        help: "delete it; what waits for a task waits until it is done",
      }),
    );
  }
}

function checkCycles(services: ReadonlyMap<string, Declared>, problems: Problems): void {
  const edges = new Map<string, readonly string[]>();
  for (const [name, { spec }] of services) {
    edges.set(
      name,
      Object.keys(spec.depends_on).filter((other) => services.has(other)),
    );
  }
  for (let round = 0; round < PROBLEMS_MAX; round += 1) {
    const cycle = findCycle(edges);
    if (cycle === null) return;
    // Each circle is cut where it was found, so that the next one shows too.
    const [first = ""] = cycle;
    addCycle(startingFirst(cycle, services), services, problems);
    edges.set(
      first,
      (edges.get(first) ?? []).filter((name) => name !== (cycle[1] ?? first)),
    );
  }
}

/** The circle beginning with the service that the file declares first. */
function startingFirst(
  cycle: readonly string[],
  services: ReadonlyMap<string, Declared>,
): readonly string[] {
  const first = [...services.keys()].find((name) => cycle.includes(name)) ?? "";
  const at = cycle.indexOf(first);
  return [...cycle.slice(at), ...cycle.slice(0, at)];
}

function addCycle(
  cycle: readonly string[],
  services: ReadonlyMap<string, Declared>,
  problems: Problems,
): void {
  const [first = ""] = cycle;
  const steps = cycle.flatMap((name, index) => {
    const to = cycle[index + 1] ?? first;
    const declared = services.get(name);
    return declared === undefined ? [] : [{ name, to, place: dependencyPlace(declared.tree, to) }];
  });
  const [start] = steps;
  const last = steps.at(-1);
  if (start === undefined || last === undefined) return;
  if (steps.length === 1) {
    const message = `service "${first}" waits for itself`;
    problems.add(
      problemAt(start.place, { code: "P201", message, help: "remove it from depends_on" }),
    );
    return;
  }
  const names = [...cycle, first];
  const shown = names.length > STEPS_MAX ? [...names.slice(0, STEPS_MAX - 1), "…", first] : names;
  const line = lineAt(last.place.file, last.place.start);
  const count = COUNTS[steps.length] ?? String(steps.length);
  problems.add(
    problemAt(start.place, {
      code: "P201",
      message: `services wait for each other in a circle: ${shown.join(" -> ")}`,
      related: steps
        .slice(0, STEPS_MAX)
        .map(({ name, to, place }) => ({ place, label: `${name} waits for ${to}` })),
      help: `remove one of the ${count}. Often right: ${last.name} does not need ${last.to} to start,\nonly to work, so drop line ${line}.`,
    }),
  );
}

/** A longer circle is not read to its end. */
const STEPS_MAX = 12;
const COUNTS: readonly string[] = ["", "one", "two", "three", "four", "five", "six", "seven"];

function dependencyPlace(tree: MapTree, name: string): Place {
  const dependencies = child(tree, "depends_on");
  if (dependencies?.kind !== "map") return tree.place;
  return dependencies.entries.get(name)?.keyPlace ?? dependencies.place;
}
