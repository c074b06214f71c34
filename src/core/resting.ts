import { standing } from "./backoff.ts";
import { type Desired, offReason } from "./desired.ts";
import { helperName } from "./helpers.ts";
import { type Demand, type Instance, isLive, type Observed } from "./observed.ts";
import { isCurrent, targetInstances, targetOf } from "./revision.ts";
import { startsOnDemand } from "./socket-words.ts";
import type { ServiceSpec } from "./spec.ts";

/** That somebody asked for a service; null: nobody has. The connections of one behind a proxy are its proxy's. */
export function demandOf(observed: Observed, spec: ServiceSpec): Demand | null {
  return observed.services.get(doorOf(spec))?.demand ?? null;
}

/** The service whose sockets the connections of this one come to. */
export function doorOf({ name, listen }: ServiceSpec): string {
  return listen?.mode === "proxy" ? helperName(name) : name;
}

/** Nothing of it is to run, although it is not off: nobody has asked for it, or it did not come up. */
export function isResting(desired: Desired, observed: Observed, spec: ServiceSpec): boolean {
  if (spec.helps !== null && isUnserved(desired, observed, spec.helps)) return true;
  if (!startsOnDemand(spec)) return false;
  const demand = demandOf(observed, spec);
  if (demand !== null) return demand.failed !== null;
  // What the proxy has accepted is answered before the program goes.
  const door = doorOf(spec);
  const isOpen = observed.services.get(door)?.instances.some(isLive) ?? false;
  return door === spec.name || !isOpen;
}

/** It will not run again by itself, so that those who connect are to be refused rather than left to wait. */
export function isClosed(desired: Desired, observed: Observed, name: string): boolean {
  const service = observed.services.get(name);
  if (service === undefined || offReason(desired, name) !== null) return false;
  const target = targetOf(desired, service, name);
  if (target === null) return false;
  const { helps } = target.spec;
  if (helps !== null && isUnserved(desired, observed, helps)) return true;
  // One that rests has come to its end in good order.
  if (startsOnDemand(target.spec))
    return (demandOf(observed, target.spec)?.failed ?? null) !== null;
  const count = targetInstances(desired, target, name);
  const current = service.instances.filter((i) => isCurrent(i, target, observed));
  const slots = Array.from({ length: count }, (_, index) => index + 1);
  return count > 0 && slots.every((slot) => overKind(current, slot) !== null);
}

/** A proxy would have nobody to hand its connections to. */
function isUnserved(desired: Desired, observed: Observed, helped: string): boolean {
  const service = observed.services.get(helped);
  const target = service === undefined ? null : targetOf(desired, service, helped);
  // What was rolled back may not have been behind it.
  if (target !== null && target.spec.listen?.mode !== "proxy") return true;
  if (target !== null && targetInstances(desired, target, helped) === 0) return true;
  return isClosed(desired, observed, helped);
}

/** How a slot has come to its end; null: somebody of it lives, or will. */
export function overKind(current: readonly Instance[], slot: number): "done" | "gave-up" | null {
  const own = current.filter((i) => i.slot === slot);
  if (own.length === 0 || own.some(isLive)) return null;
  const kinds = own.map((i) => standing(i).kind);
  if (kinds.includes("done")) return "done";
  return kinds.includes("gave-up") ? "gave-up" : null;
}
