import { unreachable } from "../assert.ts";
import type { Operation, ResultItem, ServiceResult } from "../control/protocol.ts";
import { offReason } from "../core/desired.ts";
import { EMPTY } from "../core/fold.ts";
import { isLive } from "../core/observed.ts";
import { withDependencies, withDependents } from "../core/order.ts";
import { restOf } from "./apply.ts";
import { follow, type OnItem } from "./follow.ts";
import { makeResult } from "./result.ts";
import type { Session } from "./session.ts";

/** An operation that says what is to be, and then waits until it is so. */
type Lasting = Extract<Operation, { readonly wait: boolean }>;

/** The operation, if it has already changed what is desired, and is asked again because its supervisor died. */
export function resumable(session: Session, operation: Operation): Lasting | null {
  const id = operation.id ?? null;
  return "wait" in operation && id !== null && session.hasAccepted(id) ? operation : null;
}

/**
 * Waits for the verdicts of an operation that was accepted before, and changes nothing: who asked for a restart and
 * asks again gets one. How things were before it is not known any more, so what runs is "ready", not "replaced".
 */
export function resume(session: Session, request: Lasting, onItem: OnItem): Promise<ResultItem> {
  const services = namesIn(session, request);
  const course = { request, onItem, release: () => undefined, services, before: EMPTY };
  return follow(session, course, (way) =>
    way.finish((results, elapsedMs) =>
      makeResult({ op: request.op, services: wholeOf(session, request, results), elapsedMs }),
    ),
  );
}

function namesIn(session: Session, request: Lasting): readonly string[] {
  const { desired, observed } = session.core;
  const known = (names: Iterable<string>) =>
    [...names].filter((name) => desired.services.has(name));
  switch (request.op) {
    case "apply": {
      if (request.about) return [...new Set(request.about)];
      const on = [...desired.services.keys()].filter((name) => offReason(desired, name) === null);
      const live = [...observed.services].filter(([, one]) => one.instances.some(isLive));
      return [...new Set([...on, ...live.map(([name]) => name)])];
    }
    case "restart":
      return known(request.services);
    case "start":
      return known(
        request.deps ? withDependencies(desired.services, request.services) : request.services,
      );
    case "stop":
      return known(
        request.dependents ? withDependents(desired.services, request.services) : request.services,
      );
    case "scale":
      return known(Object.keys(request.counts));
    default:
      return unreachable(request);
  }
}

function wholeOf(
  session: Session,
  request: Lasting,
  results: readonly ServiceResult[],
): readonly ServiceResult[] {
  if (request.op === "apply") return [...results, ...restOf(session, request, results)];
  if (request.op !== "stop") return results;
  // What was to be stopped and is no more was stopped by this operation, as far as anybody can tell.
  return results.map((result) =>
    result.outcome === "remains" ? { ...result, outcome: "stopped", detail: null } : result,
  );
}
