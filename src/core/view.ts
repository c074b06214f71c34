import { type Desired, type OffReason, offReason } from "./desired.ts";
import { EMPTY_SERVICE } from "./fold.ts";
import type { Unmet } from "./needs.ts";
import type { Instance, Observed, ObservedService, Revision } from "./observed.ts";
import { isCurrent, targetInstances, targetOf } from "./revision.ts";
import type { Millis, ServiceSpec } from "./spec.ts";

/** One service with what is aimed at. */
export interface View {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly name: string;
  readonly now: Millis;
  readonly service: ObservedService;
  readonly off: OffReason | null;
  readonly target: Revision | null;
  readonly spec: ServiceSpec | null;
  readonly count: number;
  readonly current: readonly Instance[];
  /** Current ones in slots that are wanted: those that the state is read off. */
  readonly instances: readonly Instance[];
}

export function viewOf(desired: Desired, observed: Observed, name: string, now: Millis): View {
  const service = observed.services.get(name) ?? EMPTY_SERVICE;
  const target = targetOf(desired, service, name);
  const count = targetInstances(desired, target, name);
  const current =
    target === null ? [] : service.instances.filter((i) => isCurrent(i, target, observed));
  return {
    desired,
    observed,
    name,
    now,
    service,
    off: offReason(desired, name),
    target,
    spec: target?.spec ?? null,
    count,
    current,
    instances: current.filter((i) => i.slot <= count),
  };
}

/** `waits for db`, `waits for db, which was stopped by hand`. */
export function unmetWords({ on, detail, stuck }: Unmet): string {
  const which = detail.startsWith(`${on} `) ? detail.slice(on.length + 1) : detail;
  return stuck ? `waits for ${on}, which ${which}` : `waits for ${on}`;
}
