import { type Desired, intentOf, type OffReason, offReason } from "./desired.ts";
import type { Unmet } from "./needs.ts";
import type { Instance, Observed, Revision } from "./observed.ts";
import { demandOf } from "./resting.ts";
import { isCurrent, targetInstances, targetOf } from "./revision.ts";
import { type Part, partOf } from "./scene.ts";
import { startsOnDemand } from "./socket-words.ts";
import type { Millis, ServiceSpec } from "./spec.ts";

/** A service as people are told of it: whether it is to run or not. */
export interface View extends Part {
  readonly off: OffReason | null;
  readonly target: Revision | null;
  readonly spec: ServiceSpec | null;
  readonly count: number;
  /** It starts on demand, and nobody has connected. */
  readonly idle: boolean;
  /** Its proxy, which procs runs for it; null: it has none. */
  readonly help: string | null;
  readonly current: readonly Instance[];
  /** Current ones in slots that are wanted: those that the state is read off. */
  readonly instances: readonly Instance[];
}

/** Also for a service that is off, or is not in the file any more. */
export function viewOf(desired: Desired, observed: Observed, name: string, now: Millis): View {
  const part = partOf(desired, observed, name, now);
  const { service } = part;
  const target = targetOf(desired, service, name);
  const off = offReason(desired, name);
  const spec = target?.spec ?? null;
  const lazy = spec !== null && startsOnDemand(spec) ? spec : null;
  const idle = off === null && lazy !== null && demandOf(observed, lazy) === null;
  // One that is idle is told of by what it will have.
  const count = idle
    ? (intentOf(desired, name).scale ?? target?.spec.instances ?? 0)
    : targetInstances(desired, target, name);
  const current =
    target === null ? [] : service.instances.filter((i) => isCurrent(i, target, observed));
  return {
    ...part,
    off,
    idle,
    help: off === null ? helpOf(desired, name) : null,
    target,
    spec,
    count,
    current,
    instances: current.filter((i) => i.slot <= count),
  };
}

function helpOf({ services }: Desired, name: string): string | null {
  for (const [other, spec] of services) if (spec.helps === name) return other;
  return null;
}

/** `waits for db`, `waits for db, which was stopped by hand`. */
export function unmetWords({ on, detail, stuck }: Unmet): string {
  const which = detail.startsWith(`${on} `) ? detail.slice(on.length + 1) : detail;
  return stuck ? `waits for ${on}, which ${which}` : `waits for ${on}`;
}
