import type { ResultItem, ServiceResult } from "../control/protocol.ts";
import type { PlanDoc, PlanService } from "../core/plan-doc.ts";

/**
 * A supervisor that took an operation over knows how everything is now, and not how it was before. What was done to
 * each service is then told by the plan that the first supervisor had made of the same operation.
 */
export function retold(result: ResultItem, plan: PlanDoc | null): ResultItem {
  if (plan === null) return result;
  const plans = new Map(plan.services.map((one) => [one.service, one]));
  const services = result.services.map((one) => retoldService(one, plans.get(one.name)));
  const removed = plan.services.filter(
    ({ service, symbol }) => symbol === "-" && !services.some(({ name }) => name === service),
  );
  return {
    ...result,
    services: [...services, ...removed.map(({ service }) => removedService(service))],
    plan: plan.id,
  };
}

function retoldService(result: ServiceResult, plan: PlanService | undefined): ServiceResult {
  if (!result.ok || (result.outcome !== "ready" && result.outcome !== "done")) return result;
  switch (plan?.symbol) {
    case "=":
      return { ...result, outcome: "unchanged", elapsed_ms: null };
    case "-/+":
      return { ...result, outcome: "replaced" };
    case "~":
      return { ...result, outcome: plan.action === "scale" ? "scaled" : "updated" };
    default:
      return result;
  }
}

function removedService(name: string): ServiceResult {
  return {
    ...{ name, ok: true, outcome: "removed", detail: null, elapsed_ms: null },
    ...{ instances: 0, last_lines: [], where: null },
  };
}
