import { RequestError } from "../control/failure.ts";
import type { PlanDoc, PlanService } from "../core/plan-doc.ts";
import type { ServiceSpec } from "../core/spec.ts";
import { EXIT } from "../errors.ts";
import type { Session } from "./session.ts";

/** Throws P504 (409) where one of the services would not be reached for a while: a rolling restart of it is none. */
export function refuseGap(session: Session, plan: PlanDoc, names: readonly string[]): void {
  for (const planned of plan.services) {
    if (!names.includes(planned.service) || planned.action !== "stop_then_start") continue;
    const spec = session.core.desired.services.get(planned.service);
    if (spec === undefined || !isGap(session, spec)) continue;
    const words = planned.words.replace("stop, then start: ", "");
    const message = `${planned.service} cannot be restarted without a gap: ${words}`;
    throw new RequestError(409, "P504", message, {
      exit: EXIT.failed,
      help: [`with the gap: procs restart ${planned.service}`, ...waysOut(spec, planned)],
    });
  }
}

/** It is reached now, and would not be. Who connects where procs listens waits, and is not refused. */
function isGap({ core }: Session, spec: ServiceSpec): boolean {
  if (spec.kind === "task" || spec.listen !== null) return false;
  const instances = core.observed.services.get(spec.name)?.instances ?? [];
  return instances.some(({ phase }) => phase.kind === "ready");
}

function waysOut({ port, rollout }: ServiceSpec, { instances }: PlanService): readonly string[] {
  if (typeof port === "number") {
    return [`without one from then on: listen: ${port} in place of port, and procs keeps it open`];
  }
  if (rollout.surge === 0 && instances.to === 1) {
    return ["without one from then on: no rollout.surge of 0, so that the new one starts first"];
  }
  return [];
}
