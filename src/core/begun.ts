import { listenPort } from "./address.ts";
import { sortInstances, withNextRun, withService } from "./fold.ts";
import type { Displaced, Instance, Observed } from "./observed.ts";
import type { Action } from "./plan.ts";
import { freshProbe } from "./readiness.ts";
import type { Millis, ServiceSpec } from "./spec.ts";

/** A new run in the books: it takes the place of the ended ones of its slot, and the run that a schedule asked for is this one. */
export function begun(
  observed: Observed,
  run: Omit<Action & { readonly kind: "start" }, "kind" | "reason">,
  now: Millis,
): Observed {
  const { id, spec } = run;
  const counted = withNextRun(observed, { ...id, next: id.run + 1 });
  return withService(counted, id.service, (service) => {
    const isPast = (i: Instance) => i.slot === id.slot && i.phase.kind === "ended";
    const ended = service.instances.filter(isPast);
    const isRetry = ended.some((i) => i.phase.kind === "ended" && !i.phase.asked);
    const again = isRetry && spec.schedule === null;
    const displaced: Displaced = { ended, pending: service.pending, again };
    const instance: Instance = {
      ...id,
      applied: spec,
      generation: run.generation,
      upstream: run.upstream,
      phase: { kind: "starting" },
      startedAt: now,
      port: portOf(spec, id.slot),
      ready: freshProbe(null, now, now),
      alive: freshProbe(null, now, now),
      failures: run.failures,
      exits: run.exits,
      displaced,
    };
    return {
      ...service,
      instances: sortInstances([...service.instances.filter((i) => !isPast(i)), instance]),
      restarts: service.restarts + (again ? 1 : 0),
      pending: false,
    };
  });
}

/** What it gets as $PORT, as far as that is known before it runs. */
function portOf(spec: ServiceSpec, slot: number): number | null {
  if (spec.listen?.mode === "share") return listenPort(spec);
  return typeof spec.port === "number" ? spec.port + slot - 1 : null;
}
