import { RequestError } from "../control/failure.ts";
import type { Operation, ResultItem, ServiceResult, Target } from "../control/protocol.ts";
import { type Desired, offReason, withIntent, withRestart } from "../core/desired.ts";
import { isLive } from "../core/observed.ts";
import { withDependencies, withDependents } from "../core/order.ts";
import type { Signal } from "../core/spec.ts";
import { EXIT } from "../errors.ts";
import { reserve } from "./addresses.ts";
import { refuseOtherProject } from "./apply.ts";
import { nextBasis, requireServices } from "./desire.ts";
import { follow, type OnItem } from "./follow.ts";
import { refuseGap } from "./gap.ts";
import { planOf } from "./plan.ts";
import { unchanged } from "./progress.ts";
import { makeResult } from "./result.ts";
import type { Session } from "./session.ts";
import { refuseWhenLeaving, takeTurn } from "./turn-taking.ts";

type Op<K extends Operation["op"]> = Operation & { readonly op: K };

/** New instances of the named services; with `apply`, of what the file says now. */
export async function restart(
  session: Session,
  request: Op<"restart">,
  onItem: OnItem,
): Promise<ResultItem> {
  const { services, apply, rolling } = request;
  if (apply !== null) refuseOtherProject(session, apply);
  const turn = await takeTurn(session, request, request, () => {
    const base =
      apply === null ? session.basis : nextBasis(session.basis, { ...apply, only: services });
    requireServices(base.desired, services);
    refuseOff(base.desired, services);
    let { desired } = base;
    for (const name of services) desired = withRestart(desired, name, "restart asked", rolling);
    const next = { ...base, desired };
    const plan = planOf(session, next, { request: apply });
    if (rolling && request.gap === "refuse") refuseGap(session, plan, services);
    return { next, plan, services: new Set(services) };
  });
  reserve(session, turn, "new");
  const { next, plan, release } = turn;
  return follow(session, { request, onItem, release, services }, (way) => {
    onItem({ v: 1, kind: "plan", plan });
    note(session, request, `restart ${services.join(", ")}`);
    session.aim(next, request.id ?? null);
    retry(session, services);
    return way.finish((results, elapsedMs) =>
      makeResult({ op: "restart", services: results, elapsedMs, plan: plan.id }),
    );
  });
}

/** What was stopped by hand, failed or ended runs again, with what it needs. */
export async function start(
  session: Session,
  request: Op<"start">,
  onItem: OnItem,
): Promise<ResultItem> {
  const turn = await takeTurn(session, request, request, () => {
    const { desired } = session.core;
    requireServices(desired, request.services);
    const names = request.deps
      ? withDependencies(desired.services, request.services)
      : new Set(request.services);
    let next = withSelected(desired, names);
    for (const name of names) next = withIntent(next, name, { stopped: false, using: null });
    refuseOff(next, request.services);
    return { desired: next, services: names };
  });
  const { services, desired, release } = turn;
  const course = { request, onItem, release, services: [...services] };
  return follow(session, course, (way) => {
    note(session, request, `start ${request.services.join(", ")}`);
    const down = [...services].filter((name) => !isRunning(session, name));
    session.aim({ desired }, request.id ?? null);
    // A dependency that has done its work is not done again; what was named is.
    retry(
      session,
      down.filter((name) => request.services.includes(name) || hasFailed(session, name)),
    );
    return way.finish();
  });
}

/** Stops and remembers it. Waits for nobody's turn: who wants to stop something wants it now. */
export function stop(session: Session, request: Op<"stop">, onItem: OnItem): Promise<ResultItem> {
  refuseWhenLeaving(session);
  const { desired } = session.core;
  requireServices(desired, request.services);
  const names = request.dependents
    ? withDependents(desired.services, request.services)
    : new Set(request.services);
  const using = {
    // Checked by control/shapes.ts to be a signal of this machine.
    ...(request.signal === null ? {} : { signal: request.signal as Signal }),
    ...(request.grace_ms === null ? {} : { timeout: request.grace_ms }),
  };
  let next = desired;
  for (const name of names) {
    next = withIntent(next, name, {
      stopped: true,
      using: Object.keys(using).length === 0 ? null : using,
    });
  }
  const was = [...names].filter((name) => !isRunning(session, name));
  const course = { request, onItem, release: () => undefined, services: [...names] };
  return follow(session, course, (way) => {
    note(session, request, `stop ${request.services.join(", ")}`);
    session.aim({ desired: next }, request.id ?? null);
    return way.finish((results, elapsedMs) => {
      const services = results.map((result) =>
        was.includes(result.name) ? alreadyStopped(session, result.name) : result,
      );
      return makeResult({ op: "stop", services, elapsedMs });
    });
  });
}

/** As many instances as asked, until told otherwise; the file's own number ends it. */
export async function scale(
  session: Session,
  request: Op<"scale">,
  onItem: OnItem,
): Promise<ResultItem> {
  const names = Object.keys(request.counts);
  const turn = await takeTurn(session, request, request, () => {
    requireServices(session.core.desired, names);
    refuseOff(session.core.desired, names);
    let { desired } = session.core;
    for (const [name, count] of Object.entries(request.counts)) {
      const spec = desired.services.get(name);
      if (spec?.kind === "task") {
        throw new RequestError(
          400,
          "P808",
          `${name} is a task: it runs once, and cannot be scaled`,
          {
            exit: EXIT.usage,
          },
        );
      }
      desired = withIntent(desired, name, { scale: count === spec?.instances ? null : count });
    }
    return { desired, services: new Set(names) };
  });
  const { desired, release } = turn;
  return follow(session, { request, onItem, release, services: names }, (way) => {
    const words = Object.entries(request.counts).map(([name, count]) => `${name} to ${count}`);
    session.events.add({ type: "scale", message: `scale ${words.join(", ")}`, by: request.by });
    session.aim({ desired }, request.id ?? null);
    return way.finish();
  });
}

/** Sends a signal to the program of each live instance. */
export function signal(session: Session, request: Op<"signal">): ResultItem {
  refuseWhenLeaving(session);
  const { core, host, events } = session;
  requireServices(
    core.desired,
    request.targets.map((target) => target.service),
  );
  const services = request.targets.map((target): ServiceResult => {
    const all = core.observed.services.get(target.service)?.instances ?? [];
    const live = all.filter(
      (one) => isLive(one) && (target.instance === null || one.slot === target.instance),
    );
    // Checked by control/shapes.ts to be a signal of this machine.
    for (const one of live) host.signal(one, request.signal as Signal);
    const names = live.map((one) => `${one.service}.${one.slot}`);
    const isSent = live.length > 0;
    if (isSent) {
      events.add({
        type: "signal",
        message: `sent ${request.signal} to ${names.join(", ")}`,
        service: target.service,
        by: request.by,
      });
    }
    const rest = unchanged(session, target.service, "unchanged");
    return isSent
      ? { ...rest, outcome: "signalled", detail: names.join(", "), instances: live.length }
      : { ...rest, ok: false, outcome: "stopped", detail: notRunning(target) };
  });
  return makeResult({ op: "signal", services, elapsedMs: 0 });
}

function notRunning({ service, instance }: Target): string {
  return instance === null ? "not running" : `${service}.${instance} is not running`;
}

function alreadyStopped(session: Session, name: string): ServiceResult {
  return { ...unchanged(session, name, "unchanged"), outcome: "stopped", detail: null };
}

/** A selection that does not have these services yet gets them. */
function withSelected(desired: Desired, names: ReadonlySet<string>): Desired {
  if (desired.selected === null) return desired;
  return { ...desired, selected: new Set([...desired.selected, ...names]) };
}

/** Throws P809 (409) for what the file itself switches off. */
function refuseOff(desired: Desired, names: readonly string[]): void {
  for (const name of names) {
    const spec = desired.services.get(name);
    const off = offReason(desired, name);
    if (off === "disabled") {
      throw new RequestError(409, "P809", `${name} is switched off by enabled: false`, {
        exit: EXIT.failed,
        help: ["remove that line from procs.yaml, then: procs reload"],
      });
    }
    if (off !== "profile") continue;
    const profiles = spec?.profiles ?? [];
    throw new RequestError(
      409,
      "P809",
      `${name} belongs to profile ${profiles.join(", ")}, which is not selected`,
      {
        exit: EXIT.failed,
        help: [`procs up --profile ${profiles[0] ?? ""} ${name}`],
      },
    );
  }
}

function retry(session: Session, names: readonly string[]): void {
  for (const service of names) session.core.handle({ kind: "reset", service });
}

function isRunning(session: Session, name: string): boolean {
  return session.core.observed.services.get(name)?.instances.some(isLive) ?? false;
}

function hasFailed(session: Session, name: string): boolean {
  const instances = session.core.observed.services.get(name)?.instances ?? [];
  return instances.some(({ phase, applied }) => {
    if (phase.kind !== "ended") return false;
    return phase.exit.kind !== "code" || !applied.success_codes.includes(phase.exit.code);
  });
}

function note(session: Session, request: Operation, message: string): void {
  session.events.add({ type: "supervisor", message, by: request.by });
}
