import type { Operation, ResultItem } from "../control/protocol.ts";
import type { Change } from "../core/plan-doc.ts";
import { summaryWord } from "./results.ts";

/** The last line of `up --json`. */
export function upResult(result: ResultItem) {
  const failed = result.services.filter((service) => !service.ok).map((service) => service.name);
  return {
    v: 1,
    kind: "up_result",
    ok: result.ok,
    ready: result.services.filter((service) => summaryWord(service) === "ready").length,
    failed,
    elapsed_ms: result.elapsed_ms,
    services: result.services,
    plan: result.plan,
  } as const;
}

/** The last line of `reload --json`. */
export function reloadResult(result: ResultItem) {
  return {
    v: 1,
    kind: "reload_result",
    ok: result.ok,
    rolled_back: result.rolled_back,
    applied: appliedNames(result),
    plan: result.plan,
    elapsed_ms: result.elapsed_ms,
    services: result.services,
  } as const;
}

/** The services that took something from the file: not those that had it, or were left as they are by hand. */
export function appliedNames(result: ResultItem): readonly string[] {
  return result.services
    .filter(({ ok, outcome }) => ok && outcome !== "unchanged" && outcome !== "remains")
    .map((service) => service.name);
}

/** The one document of start, stop, restart, scale, signal and down. */
export function actionResult(
  action: Operation["op"],
  result: ResultItem,
  alsoApplied: Readonly<Record<string, readonly Change[]>> = {},
) {
  return {
    v: 1,
    kind: "result",
    action,
    ok: result.ok,
    elapsed_ms: result.elapsed_ms,
    services: result.services.map((service) => {
      const changes = alsoApplied[service.name];
      return changes === undefined ? service : { ...service, also_applied: changes };
    }),
  } as const;
}

/** The one document of `wait`. */
export function waitResult(result: ResultItem) {
  const waitingFor = result.services
    .filter((service) => !service.ok)
    .map((service) => service.name);
  return {
    v: 1,
    kind: "wait",
    ok: result.ok,
    waiting_for: waitingFor,
    elapsed_ms: result.elapsed_ms,
    services: result.services,
  } as const;
}
