import { standing } from "./backoff.ts";
import { type Desired, offReason } from "./desired.ts";
import { type Instance, isLive, type Observed, type ObservedService } from "./observed.ts";
import { demandOf } from "./resting.ts";
import { isCurrent, targetInstances, targetOf } from "./revision.ts";
import { hasSockets, startsOnDemand } from "./socket-words.ts";
import type { Dependency, ServiceSpec } from "./spec.ts";

/** A dependency that does not hold: which one, and why, for a person. */
export interface Unmet {
  readonly on: string;
  readonly detail: string;
  /** It will not hold by itself: it failed, or was stopped by hand. */
  readonly stuck: boolean;
}

/**
 * The first dependency that does not hold now, or null. Conditions are asked at each start, never later:
 * a dependency that fails afterwards ends nothing. One that is scaled to nothing, disabled or not selected
 * is not waited for; one stopped by hand is.
 */
export function unmetDependency(
  desired: Desired,
  observed: Observed,
  spec: ServiceSpec,
): Unmet | null {
  for (const [name, dependency] of Object.entries(spec.depends_on)) {
    const unmet = unmetBy(desired, observed, name, dependency);
    if (unmet !== null) return unmet;
  }
  return null;
}

function unmetBy(
  desired: Desired,
  observed: Observed,
  name: string,
  dependency: Dependency,
): Unmet | null {
  const off = offReason(desired, name);
  if (off === "stopped") {
    return dependency.required
      ? { on: name, detail: `${name} was stopped by hand`, stuck: true }
      : null;
  }
  if (off !== null) return null;
  const service = observed.services.get(name);
  if (service === undefined) return { on: name, detail: `${name} has not started`, stuck: false };
  const target = targetOf(desired, service, name);
  const count = targetInstances(desired, target, name);
  if (target === null || count === 0) return null;
  if (startsOnDemand(target.spec)) {
    const demand = demandOf(observed, target.spec);
    if (demand?.failed) return { on: name, detail: `${name} failed`, stuck: true };
    // Who connects to it starts it.
    const isThere = hasSockets(observed, target.spec);
    if (demand === null)
      return isThere ? null : { on: name, detail: `${name} is not ready`, stuck: false };
  }
  const current = service.instances.filter((instance) => isCurrent(instance, target, observed));
  if (holds(dependency.condition, { target: target.spec, current, count, service })) return null;
  const over = current.length > 0 && current.every(isOver);
  if (over && !dependency.required) return null;
  const failed = over && current.some((instance) => standing(instance).kind === "gave-up");
  const detail = failed ? `${name} failed` : `${name} is not ${dependency.condition}`;
  return { on: name, detail, stuck: over };
}

interface Candidate {
  readonly target: ServiceSpec;
  readonly current: readonly Instance[];
  readonly count: number;
  readonly service: ObservedService;
}

function holds(condition: Dependency["condition"], candidate: Candidate): boolean {
  const { target, current } = candidate;
  if (target.kind === "task") {
    if (current.some((instance) => standing(instance).kind === "done")) return true;
    return condition === "started" && current.some(hasProcess);
  }
  switch (condition) {
    case "started":
      return current.some(hasProcess);
    case "ready":
      return isServing(candidate);
    case "done":
      return current.some((instance) => standing(instance).kind === "done");
  }
}

/** At least one is ready and none is on its way up: a slot in backoff must not hold up everybody else. */
function isServing({ current, count }: Candidate): boolean {
  if (!current.some((instance) => instance.phase.kind === "ready")) return false;
  for (let slot = 1; slot <= count; slot++) {
    const holders = current.filter((instance) => instance.slot === slot);
    if (holders.length === 0) return false;
    if (holders.some((i) => i.phase.kind === "starting" || i.phase.kind === "running"))
      return false;
  }
  return true;
}

function hasProcess({ phase }: Instance): boolean {
  return phase.kind === "running" || phase.kind === "ready" || phase.kind === "unready";
}

/** Will not come up again by itself. */
function isOver(instance: Instance): boolean {
  const { kind } = standing(instance);
  return kind === "gave-up" || kind === "done";
}

/**
 * The services, leaving too, that still run and need this one as they were last told. Instances of different
 * versions of the file may need each other in a circle: of those nobody waits for another.
 */
export function leavingDependents(desired: Desired, observed: Observed, name: string): string[] {
  const names: string[] = [];
  for (const [other, service] of observed.services) {
    if (offReason(desired, other) === null || !service.instances.some(isLive)) continue;
    const needs = (instance: Instance) =>
      isLive(instance) && Object.hasOwn(instance.applied.depends_on, name);
    if (service.instances.some(needs)) names.push(other);
  }
  if (names.length === 0) return names;
  const circle = neededBy(observed, name);
  return names.filter((other) => !circle.has(other)).sort();
}

/** The service itself and all that its running instances need, directly or not. */
function neededBy(observed: Observed, name: string): ReadonlySet<string> {
  const needed = new Set([name]);
  // A Set's iteration also visits what is added on the way.
  for (const each of needed) {
    for (const instance of observed.services.get(each)?.instances ?? []) {
      if (!isLive(instance)) continue;
      for (const on of Object.keys(instance.applied.depends_on)) needed.add(on);
    }
  }
  return needed;
}
