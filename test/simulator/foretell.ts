import type { Desired } from "../../src/core/desired.ts";
import { type Action, formatAction } from "../../src/core/plan.ts";
import type { PlanDoc } from "../../src/core/plan-doc.ts";
import { preview } from "../../src/core/preview.ts";
import { Violation } from "./checker.ts";
import type { World } from "./world.ts";

/** What `procs plan` would say now about another file. */
export function foretold(world: World, desired: Desired): PlanDoc {
  const { supervisor, clock } = world;
  const options = { projectName: "sim", sources: {}, noRemove: false };
  return preview(supervisor.desired, desired, supervisor.observed, clock.now(), options);
}

/** P8: a reload of the same file has no differences, and in a quiet world nothing is to be done for it. */
export function checkNoChange(world: World, desired: Desired, isQuiet: boolean): void {
  const plan = foretold(world, desired);
  // A rejected version is told again each time.
  const { services } = world.supervisor.observed;
  const isRejected = (name: string) => (services.get(name)?.rejected ?? null) !== null;
  const changed = plan.services.filter((s) => s.symbol !== "=" && !isRejected(s.service));
  const wrong = changed.find((service) => isQuiet || service.changes.length > 0);
  if (wrong === undefined) return;
  throw new Violation("no change is foretold as none", JSON.stringify(wrong));
}

/** P12: what was done is what was foretold, whatever the order in which programs happened to get ready. */
export function checkFaithful(plan: PlanDoc, done: readonly Action[]): void {
  const names = new Set(plan.services.filter((s) => s.symbol !== "=").map((s) => s.service));
  const kinds = new Set<Action["kind"]>(["start", "stop", "update", "adopt"]);
  // A proxy comes and goes with its service, and is no line of a plan.
  const isOwn = (action: Action) => "id" in action && !action.id.service.endsWith(":proxy");
  const performed = done
    .filter((action) => kinds.has(action.kind) && isOwn(action))
    .map((action) => ({ line: withoutReason(formatAction(action)), action }));
  const stray = performed.find(({ action }) => "id" in action && !names.has(action.id.service));
  if (stray !== undefined)
    throw new Violation("done as foretold", `${stray.line} was not foretold`);
  const said = plan.steps.map(withoutReason).sort().join("\n");
  const seen = performed
    .map(({ line }) => line)
    .sort()
    .join("\n");
  if (said !== seen) throw new Violation("done as foretold", `foretold\n${said}\ndone\n${seen}`);
}

/** `start a.1#2: changed` is `start a.1#2`: the reason may depend on who was first. */
function withoutReason(step: string): string {
  return step.slice(0, step.indexOf(": "));
}
