import { basename } from "node:path";
import type { PlanRequest, ResultItem } from "../../control/protocol.ts";
import type { PlanDoc } from "../../core/plan-doc.ts";
import type { Project } from "../../core/spec.ts";
import { EXIT, userError } from "../../errors.ts";
import { type Acted, act, by, exitOf, waiting } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { movesProcesses } from "../progress.ts";
import { nothingToDo, planBlocks, planScreen } from "../render-plan.ts";
import { summary, took } from "../results.ts";
import { agreesToRemove, removals } from "../results-consent.ts";
import { appliedNames, reloadResult } from "../results-json.ts";
import { selectServices } from "../select.ts";

/** Applies the file as it is on disk, after showing what that means; rolls back what fails. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  if (args.flag("dry-run")) {
    const plan = await import("./plan.ts");
    return plan.run(context, args);
  }
  const project = await context.loadProject();
  const engine = await context.engine();
  if ((await engine.version()) === null) {
    throw userError(EXIT.supervisor, "P602", "nothing runs, so there is nothing to reload", {
      help: ["procs up -d"],
    });
  }
  const request = readRequest(context, args, project);
  const plan = await engine.plan(request);
  showPlan(context, plan, project);
  if (!(await agreesToRemove(context, plan, "reload"))) return EXIT.failed;
  // What was agreed to is what happens: if the plan is another by now, the supervisor refuses.
  const expect = args.text("expect") ?? (removals(plan).length > 0 ? plan.id : null);
  const { result } = await apply(context, args, { request, plan, expect });
  if (result === null) return EXIT.interrupted;
  if (context.globals.json) context.out.json(reloadResult(result));
  else if (plan.changed || !result.ok) for (const line of reloadWords(result)) context.say(line);
  if (!plan.changed && result.ok) context.hint("To roll anyway: procs restart --rolling");
  return exitOf(result);
}

/** The end of a reload: how long it took, or what still runs instead. */
export function reloadWords(result: ResultItem): readonly string[] {
  if (result.rolled_back.length === 0) {
    return [result.ok ? `reloaded in ${took(result.elapsed_ms)}` : `${summary(result)}.`];
  }
  const back = result.rolled_back.join(", ");
  const verb = result.rolled_back.length === 1 ? "still runs" : "still run";
  const applied = appliedNames(result);
  const others = applied.length > 0 ? ` Applied: ${applied.join(", ")}.` : "";
  return [
    `rolled back: ${back} ${verb} the previous version.${others}`,
    "The file is ahead of what runs: procs plan",
  ];
}

function readRequest(context: Context, args: ParsedArgs, project: Project): PlanRequest {
  const only =
    args.positionals.length > 0
      ? selectServices(args.positionals, project.services, "reload")
      : null;
  return context.planRequest(project, {
    only,
    no_remove: args.flag("no-remove"),
    refresh_env: args.flag("refresh-env"),
    reset_scale: args.flag("reset-scale"),
  });
}

/** The plan is talk here, not the answer: the answer is what happened. */
function showPlan(context: Context, plan: PlanDoc, project: Project): void {
  if (!plan.changed) context.say(nothingToDo(plan, basename(project.file)));
  for (const line of planBlocks(plan, planScreen(context.err, false))) context.say(line);
  if (plan.changed) context.say("");
}

interface Agreed {
  readonly request: PlanRequest;
  readonly plan: PlanDoc;
  readonly expect: string | null;
}

/** Also when nothing is to be done: what a plan does not show, such as a description, is taken over. */
function apply(context: Context, args: ParsedArgs, agreed: Agreed): Promise<Acted> {
  const { request, plan, expect } = agreed;
  const names = plan.services
    .filter((service) => movesProcesses(service.action))
    .map((service) => service.service);
  return act(
    context,
    {
      ...request,
      op: "apply",
      command: "reload",
      by: by(),
      expect,
      scale: {},
      force: false,
      ...waiting(args),
    },
    { verb: "reload", names, indent: 2, streams: true, silent: !plan.changed },
  );
}
