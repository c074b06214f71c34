import type { PlanDoc } from "../core/plan-doc.ts";
import { EXIT, userError } from "../errors.ts";
import type { Context } from "./context.ts";

/** The services that run now and that the plan would end. */
export function removals(plan: PlanDoc): readonly string[] {
  return plan.services
    .filter((service) => service.symbol === "-" && service.instances.from > 0)
    .map((service) => service.service);
}

/**
 * Asks before something that runs is removed, and only then. Throws P802 (exit 2) when nobody can be
 * asked: a script must say `-y` or `--no-remove` itself.
 */
export async function agreesToRemove(
  context: Pick<Context, "confirm" | "say">,
  plan: PlanDoc,
  command: "up" | "reload",
): Promise<boolean> {
  const removed = removals(plan);
  if (removed.length === 0) return true;
  const names = removed.join(", ");
  switch (await context.confirm(`Remove ${names}?`)) {
    case "yes":
      return true;
    case "no":
      context.say("Nothing was changed.");
      return false;
    case "nobody":
      throw userError(
        EXIT.usage,
        "P802",
        `${command} would stop ${names}, and nobody can be asked here (stdin is not a terminal)`,
        { help: [`procs ${command} -y${command === "reload" ? ", or --no-remove" : ""}`] },
      );
  }
}
