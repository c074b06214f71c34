import type { Operation, ResultItem, ServiceResult } from "../control/protocol.ts";
import { EXIT } from "../errors.ts";

export interface ResultParts {
  readonly op: Operation["op"];
  readonly services: readonly ServiceResult[];
  readonly elapsedMs: number;
  readonly plan?: string;
}

/** The end of an operation: its exit code is that of its worst service. */
export function makeResult(parts: ResultParts): ResultItem {
  const bad = parts.services.filter((service) => !service.ok);
  const exit = exitOf(bad);
  return {
    v: 1,
    kind: "result",
    op: parts.op,
    ok: exit === EXIT.ok,
    exit,
    elapsed_ms: parts.elapsedMs,
    services: parts.services,
    rolled_back: namesOf(bad.filter((service) => service.outcome === "rolled_back")),
    plan: parts.plan ?? null,
  };
}

function exitOf(bad: readonly ServiceResult[]): number {
  const has = (outcome: ServiceResult["outcome"]) => bad.some((one) => one.outcome === outcome);
  if (bad.length === 0) return EXIT.ok;
  if (bad.some((one) => one.outcome !== "rolled_back" && one.outcome !== "pending")) {
    return EXIT.failed;
  }
  return has("rolled_back") ? EXIT.rolledBack : EXIT.timeout;
}

function namesOf(services: readonly ServiceResult[]): readonly string[] {
  return services.map((service) => service.name);
}
