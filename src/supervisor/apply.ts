import { RequestError } from "../control/failure.ts";
import type { Operation, PlanRequest, ResultItem, ServiceResult } from "../control/protocol.ts";
import { offReason } from "../core/desired.ts";
import { withoutHelpers } from "../core/helpers.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import { serviceState } from "../core/status.ts";
import { reserve, takenFor } from "./addresses.ts";
import { appliedBasis, type Basis } from "./desire.ts";
import { follow, type OnItem } from "./follow.ts";
import { planOf } from "./plan.ts";
import { unchanged } from "./progress.ts";
import { makeResult } from "./result.ts";
import type { Session } from "./session.ts";
import { takeTurn } from "./turn-taking.ts";

type Apply = Operation & { op: "apply" };

/** `up` and `reload`: the file's services become what is desired, then each touched one gets its verdict. */
export async function apply(session: Session, request: Apply, onItem: OnItem): Promise<ResultItem> {
  refuseOtherProject(session, request);
  const turn = await takeTurn(session, request, request, () => prepare(session, request));
  const { plan, next } = turn;
  if (request.expect !== null && request.expect !== plan.id) {
    turn.release();
    throw new RequestError(409, "P503", `the plan is ${plan.id} by now, not ${request.expect}`, {
      exit: 1,
      help: ["look at it again: procs plan"],
    });
  }
  // What an `up` waits for in vain is told again; a reload is about what it changes.
  reserve(session, turn, request.command === "up" ? "all" : "new");
  const touched = touchedIn(plan);
  const watched = request.command === "up" ? aimedAt(next, plan) : touched;
  return follow(session, { request, onItem, release: turn.release, services: watched }, (way) => {
    onItem({ v: 1, kind: "plan", plan });
    session.events.add({
      type: "reload",
      message: `${request.command}: ${summaryWords(plan)}`,
      by: request.by,
    });
    session.aim(next, request.id ?? null);
    for (const name of toRetry(session, request, touched)) {
      session.core.handle({ kind: "reset", service: name });
    }
    return way.finish((services, elapsedMs) => {
      const rest = restOf(session, request, services);
      return makeResult({
        op: "apply",
        services: [...services, ...rest],
        elapsedMs,
        plan: plan.id,
      });
    });
  });
}

/** A client that read another project's file has the wrong socket. */
export function refuseOtherProject(session: Session, request: PlanRequest): void {
  if (request.project.folder === session.paths.folder) return;
  const message = `this supervisor runs ${session.paths.folder}, not ${request.project.folder}`;
  throw new RequestError(400, "P608", message);
}

/** The services that a plan does something to. */
function touchedIn(plan: PlanDoc): readonly string[] {
  return plan.services.filter((one) => one.symbol !== "=").map((one) => one.service);
}

function prepare(session: Session, request: Apply) {
  const next = appliedBasis(session.basis, request);
  const plan = planOf(session, next, { request, taken: takenFor(session, next) });
  return { next, plan, services: new Set(touchedIn(plan)) };
}

/** All that should run, in file order, and what leaves. */
function aimedAt(next: Basis, plan: PlanDoc): readonly string[] {
  const names = [...withoutHelpers(next.desired.services).keys()].filter(
    (name) => offReason(next.desired, name) === null,
  );
  return [...new Set([...names, ...touchedIn(plan)])];
}

/**
 * What was given up on gets another chance: a revision that failed its rollout when somebody asks for it
 * again, and a service whose retries are used up when somebody says `up`.
 */
function toRetry(session: Session, request: Apply, touched: readonly string[]): readonly string[] {
  const { core, clock } = session;
  return [...core.desired.services.keys()].filter((name) => {
    const service = core.observed.services.get(name);
    if (service?.rejected != null) return touched.includes(name);
    if (request.command !== "up" || offReason(core.desired, name) !== null) return false;
    return serviceState(core.desired, core.observed, name, clock.now()).state === "failed";
  });
}

/** The services that nothing was done to. */
export function restOf(
  session: Session,
  request: Apply,
  done: readonly ServiceResult[],
): readonly ServiceResult[] {
  const { desired } = session.core;
  const inFile = new Set(request.project.services.map((spec) => spec.name));
  return [...withoutHelpers(desired.services).keys()]
    .filter((name) => !done.some((result) => result.name === name))
    .flatMap((name) => {
      const off = offReason(desired, name);
      if (off === "stopped" || !inFile.has(name)) return [unchanged(session, name, "remains")];
      return off === null ? [unchanged(session, name, "unchanged")] : [];
    });
}

function summaryWords({ summary }: PlanDoc): string {
  const { add, change, remove, unchanged } = summary;
  if (add + change + remove === 0) return `nothing to do, ${unchanged} unchanged`;
  const parts = [
    [add, "to add"],
    [change, "to change"],
    [remove, "to remove"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`)
    .join(", ");
}
