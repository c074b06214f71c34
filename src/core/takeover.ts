import { nextFailures } from "./backoff.ts";
import { begun } from "./begun.ts";
import type { Event } from "./event.ts";
import { onInstance, serviceOf, sortInstances, withService } from "./fold.ts";
import {
  type Instance,
  type InstanceId,
  isLive,
  type Observed,
  type ObservedService,
  sameId,
} from "./observed.ts";
import type { Action } from "./plan.ts";
import { freshProbe } from "./readiness.ts";
import { freshDemand } from "./sockets.ts";
import type { Millis } from "./spec.ts";

/**
 * A run that the record has lost, found alive. It is in the books as if its start had been folded: it has its slot,
 * its number is used, and the failures of the slot go on.
 */
export function adopted(
  observed: Observed,
  event: Event & { readonly kind: "adopted" },
  now: Millis,
): Observed {
  const { id, applied, generation, upstream, pid, port } = event;
  const service = serviceOf(observed, id.service);
  if (service.instances.some((i) => sameId(i, id) && isLive(i))) return observed;
  const before = service.instances.find((i) => i.slot === id.slot && !isLive(i));
  const failures = before === undefined ? 0 : nextFailures(before);
  const run = { id, spec: applied, generation, upstream, failures, exits: before?.exits ?? [] };
  const known = asked(begun(observed, run, now), event, now);
  if (pid === null) return known;
  return onInstance(known, id, (instance) => ({
    ...instance,
    phase: { kind: "running", pid },
    port: port ?? instance.port,
    ready: freshProbe(applied.ready, now, now),
    displaced: null,
  }));
}

/** What runs was asked for, also where nobody remembers that. */
function asked(
  observed: Observed,
  { id, applied }: Event & { readonly kind: "adopted" },
  now: Millis,
): Observed {
  if (applied.listen?.start !== "on-demand") return observed;
  return withService(observed, id.service, (s) =>
    s.demand === null ? { ...s, demand: freshDemand(now) } : s,
  );
}

/**
 * Of a run whose record was lost it is not known which replacements of its dependencies it has followed. It follows
 * those after the first that settles.
 */
export function followed(
  observed: Observed,
  { service: on, step }: Action & { readonly kind: "rollout" },
): Observed {
  const epoch = observed.services.get(on)?.goodEpoch;
  if (step.kind !== "complete" || epoch === undefined) return observed;
  let after = observed;
  for (const { instances } of observed.services.values()) {
    for (const instance of instances) {
      const { applied, upstream } = instance;
      if (applied.depends_on[on]?.restart !== true || upstream[on] !== undefined) continue;
      after = onInstance(after, instance, (i) => ({
        ...i,
        upstream: { ...upstream, [on]: epoch },
      }));
    }
  }
  return after;
}

/** The start never happened: what it had taken out of the books comes back. Only the number of the run stays used. */
export function unstarted(observed: Observed, id: InstanceId): Observed {
  const instance = observed.services.get(id.service)?.instances.find((i) => sameId(i, id));
  if (instance === undefined || !isUncertain(instance)) return observed;
  const displaced = instance.displaced ?? null;
  return withService(observed, id.service, (service) => {
    const others = service.instances.filter((i) => i !== instance);
    if (displaced === null) return { ...service, instances: others };
    const isRetaken = others.some((i) => i.slot === id.slot && i.run > id.run);
    const back = isRetaken ? [] : displaced.ended;
    return {
      ...service,
      instances: sortInstances([...others, ...back]),
      restarts: service.restarts - (displaced.again ? 1 : 0),
      pending: service.pending || (displaced.pending && isScheduled(service)),
    };
  });
}

function isUncertain({ phase }: Instance): boolean {
  return phase.kind === "starting" || (phase.kind === "stopping" && phase.pid === null);
}

function isScheduled(service: ObservedService): boolean {
  return (service.wanted?.spec.schedule ?? null) !== null;
}

/** Its grace begins when it heard of its end, however long nobody was there to tell it. A kill that was decided stays so. */
export function resent(instance: Instance, at: Millis): Instance {
  const { phase, applied } = instance;
  if (phase.kind !== "stopping" && phase.kind !== "ending") return instance;
  if (phase.killed || (phase.kind === "ending" && !phase.told)) return instance;
  if (phase.kind === "ending") {
    return {
      ...instance,
      phase: { ...phase, killAt: Math.max(phase.killAt, at + applied.stop.timeout) },
    };
  }
  const { drainMs = 0, ...told } = phase;
  if (at <= phase.since && drainMs === 0) return instance;
  const graceMs = Math.max(0, phase.killAt - phase.since - drainMs);
  const since = Math.max(at, phase.since);
  return { ...instance, phase: { ...told, since, killAt: since + graceMs } };
}
