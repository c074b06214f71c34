import type { PlanRequest, StreamItem } from "../../control/protocol.ts";
import type { Change } from "../../core/plan-doc.ts";
import type { Project } from "../../core/spec.ts";
import { EXIT, UserError, userError } from "../../errors.ts";
import { act, appliedServices, by, exitOf, namedServices, waiting } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { count } from "../format.ts";
import { changesOf, changeWords } from "../results-changes.ts";
import { actionResult } from "../results-json.ts";
import { selectServices } from "../select.ts";

/** Restarts services with the file as it is on disk now, and says what else that applied. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const applied = await appliedServices(await context.engine());
  if (applied === null) {
    const { names } = await namedServices(context, args.positionals, "restart");
    throw userError(EXIT.supervisor, "P602", "nothing runs, so there is nothing to restart", {
      help: [["procs up -d", ...names].join(" ")],
    });
  }
  const services =
    args.positionals.length > 0
      ? selectServices(args.positionals, applied, "restart")
      : await runningNames(context);
  const project = args.flag("last-applied") ? null : await readFile(context, args.positionals);
  if (args.positionals.length === 0 && !(await agrees(context, services))) return EXIT.failed;
  const apply = project === null ? null : request(context, project, services);
  const changes = apply === null ? {} : await alsoApplied(context, apply, services);
  const rolling = args.flag("rolling");
  // Who asks for a rolling restart by name counts on it; one of all tells what is down meanwhile.
  const gap = rolling && args.positionals.length > 0 ? ("refuse" as const) : null;
  const operation = { op: "restart", by: by(), services, rolling, gap, apply } as const;
  const { result, items } = await act(
    context,
    { ...operation, ...waiting(args) },
    { verb: "restart", names: services, indent: 0 },
  );
  if (rolling) for (const line of gapLines(items)) context.say(line);
  if (result === null) return EXIT.interrupted;
  if (context.globals.json) context.out.json(actionResult("restart", result, changes));
  else if (result.ok) for (const line of alsoAppliedWords(changes)) context.say(line);
  return exitOf(result);
}

/** `db was not replaced rolling: about 2s of downtime, because it holds :5432 alone`. */
function gapLines(items: readonly StreamItem[]): readonly string[] {
  const plan = items.find((item) => item.kind === "plan")?.plan;
  const gaps = (plan?.services ?? []).filter((one) => one.action === "stop_then_start");
  return gaps.map(({ service, words }) => {
    return `${service} was not replaced rolling: ${words.replace("stop, then start: ", "")}`;
  });
}

/** `Also applied: env.PORT 3000 -> 4000 (procs.yaml:9)`, with the service's name when there are several. */
export function alsoAppliedWords(
  changes: Readonly<Record<string, readonly Change[]>>,
): readonly string[] {
  const entries = Object.entries(changes);
  return entries.flatMap(([name, list]) =>
    list.map((change) => {
      const who = entries.length > 1 ? ` to ${name}` : "";
      return `Also applied${who}: ${changeWords(change)}`;
    }),
  );
}

/** A server must be restartable at 3 a.m. while the file is half edited: the way is named. */
async function readFile(context: Context, words: readonly string[]): Promise<Project> {
  try {
    return await context.loadProject();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const help = ["procs restart", ...words, "--last-applied"].join(" ");
    throw new UserError(error.exitCode, [
      ...error.diagnostics,
      {
        code: "P501",
        severity: "error",
        message: "nothing was restarted, because restart uses the file on disk",
        help: [`with what runs now: ${help}`],
      },
    ]);
  }
}

/** Only services that the file still has take something from it, and none is removed. */
function request(context: Context, project: Project, services: readonly string[]): PlanRequest {
  const only = services.filter((name) => project.services.some((spec) => spec.name === name));
  return context.planRequest(project, { only, no_remove: true });
}

async function alsoApplied(
  context: Context,
  apply: PlanRequest,
  services: readonly string[],
): Promise<Readonly<Record<string, readonly Change[]>>> {
  const engine = await context.engine();
  return changesOf(await engine.plan(apply), services);
}

/** A restart of all is not a start of what is off: stopped by hand, not selected, of another profile. */
async function runningNames(context: Context): Promise<readonly string[]> {
  const snapshot = await (await context.engine()).snapshot();
  return (snapshot?.services ?? [])
    .filter(({ state }) => state !== "stopped" && state !== "disabled")
    .map((service) => service.name);
}

async function agrees(context: Context, services: readonly string[]): Promise<boolean> {
  const answer = await context.confirm(`Restart all ${count(services.length, "service")}?`);
  if (answer === "no") context.say("Nothing was restarted.");
  return answer !== "no";
}
