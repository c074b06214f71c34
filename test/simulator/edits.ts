import type { Desired } from "../../src/core/desired.ts";
import type { Event } from "../../src/core/event.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import type { Random } from "./random.ts";
import * as draw from "./specs.ts";

/**
 * What an edit may do, so that the checkers know what it must not do. `same`: nothing at all may be done;
 * `cosmetic`: the books may be brought up to date; `live`: what procs owns may change.
 */
export type EditClass = "any" | "live" | "cosmetic" | "same";

/** One thing a user, an editor or the machine does. */
export interface Deed {
  readonly name: string;
  readonly desired: Desired;
  /** Sent to the supervisor before the new desired. */
  readonly events: readonly Event[];
  readonly class: EditClass;
  /** What happens beside the supervisor. */
  readonly act?: () => void;
  /** Whose fault counts a user has just made irrelevant. */
  readonly touched: readonly string[];
}

export const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"];
export const SERVICES_MAX = 5;

export function editProcess(desired: Desired, name: string, random: Random): Deed {
  const spec = specOf(desired, name);
  const change: Partial<ServiceSpec> = random.pick([
    () => ({ command: draw.drawCommand(name, random) }),
    () => ({ command: draw.drawCommand(name, random) }),
    () => ({ command: draw.drawCommand(name, random) }),
    () => ({ env: random.chance(0.3) ? {} : { [random.pick(["A", "B"])]: `${random.int(1, 3)}` } }),
    () => ({ cwd: random.pick(["/shop", "/shop/api"]) }),
    () => ({ user: random.pick([null, "www"]), umask: random.pick([null, 18]) }),
    () => ({ limits: { nofile: random.pick([null, 4096]) } }),
    () => ({ port: draw.drawPort(random) }),
    () => ({ port: typeof spec.port === "number" ? spec.port + 1 : draw.drawPort(random) }),
  ])();
  return edit(desired, name, change, "any");
}

export function editLive(desired: Desired, name: string, random: Random): Deed {
  const change: Partial<ServiceSpec> = random.pick([
    () => ({ ready: draw.drawReady(random) }),
    () => ({ alive: random.chance(0.5) ? draw.drawAlive(random) : null }),
    () => ({ restart: draw.drawRestart(false, random) }),
    () => ({ stop: draw.drawStop(random) }),
    () => ({ rollout: draw.drawRollout(random) }),
    () => ({ reload: random.pick([null, "rolling", "restart"] as const) }),
    () => ({ watch: random.chance(0.7) ? draw.drawWatch(random) : null }),
    () => ({ success_codes: random.pick([[0], [0, 1], [0, 3]]) }),
  ])();
  return edit(desired, name, change, "live");
}

export function editCosmetic(desired: Desired, name: string, random: Random): Deed {
  const change = random.chance(0.5)
    ? { description: `words ${random.int(1, 9)}` }
    : { labels: { team: random.pick(["x", "y"]) } };
  return edit(desired, name, change, "cosmetic");
}

export function editTopology(desired: Desired, name: string, random: Random): Deed {
  const change: Partial<ServiceSpec> = random.pick([
    () => ({ instances: random.int(0, 4) }),
    () => ({ instances: random.int(1, 3) }),
    () => ({ depends_on: draw.drawDependencies(namesBefore(desired, name), random) }),
    () => ({ enabled: random.chance(0.6) }),
    () => ({ profiles: random.pick([[], ["dev"], ["test"]]) }),
  ])();
  if (random.chance(0.15)) return turnAround(desired, random);
  return edit(desired, name, change, "any");
}

/** All dependencies anew, in another order: running instances may now depend on each other in a circle. */
function turnAround(desired: Desired, random: Random): Deed {
  const names = random.shuffle([...desired.services.keys()]);
  const specs = names.map((name, index) => ({
    ...specOf(desired, name),
    depends_on: draw.drawDependencies(names.slice(0, index), random),
    ...(random.chance(0.3) ? { command: draw.drawCommand(name, random) } : {}),
  }));
  return deed("turn dependencies around", { ...desired, services: toServices(specs) }, names);
}

export function editSeveral(desired: Desired, _name: string, random: Random): Deed {
  let edited = desired;
  const kinds = [editProcess, editLive, editTopology, add, remove, rename];
  for (let left = random.int(2, 4); left > 0; left--) {
    const names = [...edited.services.keys()];
    if (names.length === 0) break;
    edited = random.pick(kinds)(edited, random.pick(names), random).desired;
  }
  const touched = new Set([...desired.services.keys(), ...edited.services.keys()]);
  return deed("edit several", edited, [...touched]);
}

export function editKind(desired: Desired, name: string, random: Random): Deed {
  const { kind } = specOf(desired, name);
  const change: Partial<ServiceSpec> =
    kind === "task"
      ? { kind: "service", restart: draw.drawRestart(false, random), schedule: null }
      : { kind: "task", restart: draw.drawRestart(true, random), ready: null, instances: 1 };
  const schedule = kind === "task" && random.chance(0.5) ? draw.drawSchedule(random) : null;
  return edit(desired, name, schedule === null ? change : { schedule }, "any");
}

export function add(desired: Desired, _name: string, random: Random): Deed {
  const free = NAMES.filter((name) => !desired.services.has(name));
  const name = free[0];
  if (name === undefined || desired.services.size >= SERVICES_MAX) return fix(desired, "a", random);
  const spec = draw.drawSpec(name, [...desired.services.keys()], random);
  return deed(`add ${name}`, withSpec(desired, spec), [name]);
}

export function remove(desired: Desired, name: string): Deed {
  const services = new Map(desired.services);
  services.delete(name);
  return deed(`remove ${name}`, { ...desired, services: withoutDependency(services, name) }, [
    name,
  ]);
}

export function rename(desired: Desired, name: string, random: Random): Deed {
  const free = NAMES.filter((other) => !desired.services.has(other));
  if (free.length === 0) return remove(desired, name);
  const to = random.pick(free);
  const spec = specOf(desired, name);
  const change = random.chance(0.3) ? { command: draw.drawCommand(to, random) } : {};
  const renamed = { ...spec, ...change, name: to, was: random.chance(0.8) ? name : null };
  const specs = [...desired.services.values()].map((other) =>
    other === spec ? renamed : { ...other, depends_on: moved(other, name, to) },
  );
  const next = { ...desired, services: toServices(specs) };
  return deed(`rename ${name} ${to}`, next, [name, to]);
}

function moved(spec: ServiceSpec, from: string, to: string): ServiceSpec["depends_on"] {
  const entries = Object.entries(spec.depends_on);
  return Object.fromEntries(entries.map(([on, how]) => [on === from ? to : on, how]));
}

/** A good version of one service after a bad one. */
export function fix(desired: Desired, name: string, random: Random): Deed {
  return edit(desired, name, { command: [name, `fixed${random.int(1, 99)}`, "good"] }, "any");
}

function edit(
  desired: Desired,
  name: string,
  change: Partial<ServiceSpec>,
  editClass: EditClass,
): Deed {
  const before = desired.services.get(name);
  if (before === undefined) return deed("nothing", desired, []);
  const words = Object.entries(change).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const next = withSpec(desired, { ...before, ...change });
  return { ...deed(`edit ${name} ${words.join(" ")}`, next, [name]), class: editClass };
}

export function deed(
  name: string,
  desired: Desired,
  touched: readonly string[],
  events: readonly Event[] = [],
): Deed {
  return { name, desired, events, class: "any", touched };
}

/** Services that do not need `name`, directly or not: depending on them makes no circle. */
function namesBefore(desired: Desired, name: string): string[] {
  const above = new Set([name]);
  for (const one of above) {
    for (const spec of desired.services.values()) if (one in spec.depends_on) above.add(spec.name);
  }
  return [...desired.services.keys()].filter((other) => !above.has(other));
}

function specOf(desired: Desired, name: string): ServiceSpec {
  const spec = desired.services.get(name);
  if (spec === undefined) throw new Error(`no service ${name}`);
  return spec;
}

function withSpec(desired: Desired, spec: ServiceSpec): Desired {
  return { ...desired, services: new Map(desired.services).set(spec.name, spec) };
}

function withoutDependency(
  services: ReadonlyMap<string, ServiceSpec>,
  name: string,
): Map<string, ServiceSpec> {
  const specs = [...services.values()].map((spec) => {
    const { [name]: _gone, ...depends_on } = spec.depends_on;
    return name in spec.depends_on ? { ...spec, depends_on } : spec;
  });
  return toServices(specs);
}

export function toServices(specs: readonly ServiceSpec[]): Map<string, ServiceSpec> {
  return new Map(specs.map((spec) => [spec.name, spec]));
}
