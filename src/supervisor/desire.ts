import { RequestError } from "../control/failure.ts";
import type { Operation, PlanRequest } from "../control/protocol.ts";
import { type Desired, type Intent, intentOf, withIntent, withRestart } from "../core/desired.ts";
import { withHelpers, withoutHelpers } from "../core/helpers.ts";
import { withDependencies } from "../core/order.ts";
import type { Project, ServiceSpec } from "../core/spec.ts";
import { EXIT } from "../errors.ts";
import { inheritedBy, keptAmbient } from "./ambient.ts";

/** What a project is aimed at, and what it was made from. */
export interface Basis {
  readonly desired: Desired;
  /** As last applied; null before the first `up`. */
  readonly project: Project | null;
  /** The environment kept from the first `up`; null before it. */
  readonly ambient: Readonly<Record<string, string>> | null;
}

/** The basis after `request`: the file's services with what was asked by hand kept. Changes nothing itself. */
export function nextBasis(basis: Basis, request: PlanRequest): Basis {
  const { project } = request;
  const fresh = basis.ambient === null || request.refresh_env;
  const ambient = fresh ? keptAmbient(request.ambient) : (basis.ambient ?? {});
  const given = mergeServices(basis, request, ambient);
  const services = withHelpers(given);
  const selected = nextSelection(basis, request, given);
  const profiles = request.profiles === null ? basis.desired.profiles : new Set(request.profiles);
  const intents = keptIntents(basis.desired, services);
  const desired = { ...basis.desired, services, selected, profiles, intents };
  const kept = [...given.values()].map((spec) => ({ ...spec, inherited: {} }));
  return {
    desired: request.reset_scale ? withoutScales(desired) : desired,
    project: { ...project, services: kept },
    ambient,
  };
}

/** What was asked by hand of services that are still there, under their new names where they have one. */
function keptIntents(
  before: Desired,
  services: ReadonlyMap<string, ServiceSpec>,
): ReadonlyMap<string, Intent> {
  const intents = new Map<string, Intent>();
  for (const [name, spec] of services) {
    const old =
      spec.was !== null && !services.has(spec.was) ? before.intents.get(spec.was) : undefined;
    const intent = before.intents.get(name) ?? old;
    if (intent !== undefined) intents.set(name, intent);
  }
  return intents;
}

/** The basis after an `apply`, with what its command asks by hand in the same step. */
export function appliedBasis(basis: Basis, request: Operation & { op: "apply" }): Basis {
  const next = nextBasis(basis, request);
  let { desired } = next;
  for (const [name, scale] of Object.entries(request.scale)) {
    requireServices(desired, [name]);
    desired = withIntent(desired, name, { scale });
  }
  const named = request.select ?? [];
  if (request.command === "up") {
    // Who names a stopped service wants it to run; `up` without names leaves it stopped.
    for (const name of named) {
      if (intentOf(desired, name).stopped) {
        desired = withIntent(desired, name, { stopped: false, using: null });
      }
    }
  }
  if (request.force) {
    const forced = named.length > 0 ? named : runningNames(desired);
    for (const name of forced) desired = withRestart(desired, name, "restart asked");
  }
  return { ...next, desired };
}

/** Throws P803 when a name is not one of the project's services. */
export function requireServices(desired: Desired, names: Iterable<string>): void {
  for (const name of names) {
    if (desired.services.has(name)) continue;
    const known = [...withoutHelpers(desired.services).keys()];
    const help =
      known.length === 0 ? "nothing runs: procs up" : `the services are: ${known.join(", ")}`;
    throw new RequestError(404, "P803", `no service is called "${name}"`, {
      exit: EXIT.usage,
      help: [help],
    });
  }
}

function mergeServices(
  basis: Basis,
  request: PlanRequest,
  ambient: Readonly<Record<string, string>>,
): ReadonlyMap<string, ServiceSpec> {
  const before = withoutHelpers(basis.desired.services);
  const takes = (name: string) => request.only === null || request.only.includes(name);
  const services = new Map<string, ServiceSpec>();
  for (const spec of request.project.services) {
    const old = before.get(spec.name);
    if (takes(spec.name)) {
      services.set(spec.name, { ...spec, inherited: inheritedBy(spec, ambient) });
    } else if (old !== undefined) services.set(spec.name, old);
  }
  for (const [name, old] of before) {
    const stays = request.no_remove || !takes(name);
    if (stays && !services.has(name) && !isRenamed(name, services)) services.set(name, old);
  }
  return services;
}

/** A service that goes on under another name is not kept under its old one. */
function isRenamed(name: string, services: ReadonlyMap<string, ServiceSpec>): boolean {
  return [...services.values()].some((spec) => spec.was === name);
}

/**
 * `up a` in a project of which only b runs adds a and leaves b. What is selected always has what it needs,
 * also when an edit made it need more.
 */
function nextSelection(
  basis: Basis,
  request: PlanRequest,
  services: ReadonlyMap<string, ServiceSpec>,
): ReadonlySet<string> | null {
  const before = basis.desired.selected;
  if (request.select !== null && request.select.length === 0) return null;
  if (request.select !== null) requireServices({ ...basis.desired, services }, request.select);
  const isFirst = basis.project === null;
  if (!isFirst && before === null) return null;
  const names = [...(isFirst ? [] : (before ?? [])), ...(request.select ?? [])];
  if (isFirst && request.select === null) return before;
  return withDependencies(
    services,
    names.filter((name) => services.has(name)),
  );
}

function withoutScales(desired: Desired): Desired {
  let next = desired;
  for (const [name, intent] of desired.intents) {
    if (intent.scale !== null) next = withIntent(next, name, { scale: null });
  }
  return next;
}

function runningNames(desired: Desired): readonly string[] {
  return [...withoutHelpers(desired.services).keys()].filter(
    (name) =>
      !intentOf(desired, name).stopped && (desired.selected === null || desired.selected.has(name)),
  );
}
