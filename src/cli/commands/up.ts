import type { Operation, PlanRequest } from "../../control/protocol.ts";
import { withDependencies } from "../../core/order.ts";
import type { PlanDoc } from "../../core/plan-doc.ts";
import type { Project, ServiceSpec } from "../../core/spec.ts";
import { EXIT, UserError, userError } from "../../errors.ts";
import type { LogTarget } from "../../logs/catalogue.ts";
import { act, by, exitOf, waiting } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { EndRule } from "../attached-rule.ts";
import type { Context } from "../context.ts";
import { planBlocks, planScreen } from "../render-plan.ts";
import { summary } from "../results.ts";
import { agreesToRemove, removals } from "../results-consent.ts";
import { upResult } from "../results-json.ts";
import { select, selectServices } from "../select.ts";
import { readCounts } from "./scale.ts";

/** Makes what runs match the file; then follows it, or with -d returns with the verdicts. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  if (args.flag("dry-run")) {
    const plan = await import("./plan.ts");
    return plan.run(context, args);
  }
  if (args.flag("no-daemon")) {
    throw userError(EXIT.usage, "P803", "up --no-daemon does not work yet", {
      help: ["procs up, which starts a supervisor of its own"],
    });
  }
  const wish = readWish(await context.loadProject(), args, context.globals.profiles);
  const engine = await context.engine();
  const version = await engine.version();
  const isRunning = version !== null;
  // The `up` that began this died with its supervisor: who goes on in its place owns the project.
  const isOrphan = version?.awaits_owner === true;
  if (!isRunning || args.flag("refresh-env")) sayUnreadable(context);
  const request = requestOf(context, args, wish, isRunning);
  if (isRunning && !(await mayApply(context, request))) return EXIT.failed;
  const operation: Operation = {
    ...request,
    op: "apply",
    command: "up",
    by: by(),
    expect: null,
    scale: readCounts(args.list("scale"), wish.project.services, "up"),
    force: args.flag("force-restart"),
    ...waiting(args),
  };
  if (args.flag("detach")) {
    if (isOrphan) await engine.detach();
    return upDetached(context, operation, wish);
  }
  const { runAttached } = await import("../attached.ts");
  return runAttached(context, {
    project: wish.project,
    operation,
    names: wish.concerned,
    own: !isRunning || isOrphan,
    targets: targetsOf(args, wish.project),
    tail: args.count("tail") ?? 0,
    rule: ruleOf(args, wish.project),
  });
}

/** Node reads an environment as UTF-8, and what is none is lost before we see it. */
function sayUnreadable(context: Context): void {
  const names = Object.keys(context.env).filter((name) => context.env[name]?.includes("\ufffd"));
  if (names.length === 0) return;
  const what = names.length === 1 ? "the value" : "the values";
  context.say(
    `${what} of ${names.join(", ")} cannot be read as UTF-8: services get \ufffd for each such byte`,
  );
}

/** What the words of the command line ask for. */
interface Wish {
  readonly project: Project;
  /** As named, without what they need; empty: all. */
  readonly named: readonly string[];
  /** What will run, as far as the file says, in its order. */
  readonly concerned: readonly string[];
}

function readWish(file: Project, args: ParsedArgs, profiles: readonly string[]): Wish {
  const named =
    args.positionals.length > 0 ? selectServices(args.positionals, file.services, "up") : [];
  const project = args.flag("no-deps") ? withoutNeeds(file, named) : file;
  const specs = new Map(project.services.map((spec) => [spec.name, spec]));
  const wanted = named.length > 0 ? withDependencies(specs, named) : new Set(specs.keys());
  const isChosen = (spec: ServiceSpec) =>
    spec.profiles.length === 0 || spec.profiles.some((profile) => profiles.includes(profile));
  const runs = (spec: ServiceSpec) =>
    wanted.has(spec.name) && spec.enabled && (named.length > 0 || isChosen(spec));
  const concerned = project.services.filter(runs).map((spec) => spec.name);
  return { project, named, concerned };
}

/** `--no-deps`: the named services wait for nobody, and nobody is started for them. */
function withoutNeeds(project: Project, named: readonly string[]): Project {
  const services = project.services.map((spec) =>
    named.includes(spec.name) ? { ...spec, depends_on: {} } : spec,
  );
  return { ...project, services };
}

/** With names, a project that runs already takes over only these and what they need from the file. */
function requestOf(
  context: Context,
  args: ParsedArgs,
  wish: Wish,
  isRunning: boolean,
): PlanRequest {
  return context.planRequest(wish.project, {
    select: wish.named,
    only: isRunning && wish.named.length > 0 ? wish.concerned : null,
    refresh_env: args.flag("refresh-env"),
    reset_scale: args.flag("reset-scale"),
  });
}

/** An `up` of a project that runs is a reload: what it would end is shown and asked first. */
async function mayApply(context: Context, request: PlanRequest): Promise<boolean> {
  const plan = await planIfKnown(context, request);
  if (plan === null || removals(plan).length === 0) return true;
  for (const line of planBlocks(plan, planScreen(context.err, false))) context.say(line);
  return agreesToRemove(context, plan, "up");
}

/** null: a supervisor that has lost its record knows what runs only when it hears what should. */
async function planIfKnown(context: Context, request: PlanRequest): Promise<PlanDoc | null> {
  const engine = await context.engine();
  try {
    return await engine.plan(request);
  } catch (error) {
    const [diagnostic] = error instanceof UserError ? error.diagnostics : [];
    if (diagnostic?.code !== "P602") throw error;
    context.say(`${diagnostic.message}; taking over what the file still says`);
    return null;
  }
}

async function upDetached(context: Context, operation: Operation, wish: Wish): Promise<number> {
  const { result } = await act(context, operation, {
    verb: "up",
    names: wish.concerned,
    indent: 0,
    launch: true,
    streams: true,
  });
  if (result === null) return EXIT.interrupted;
  if (context.globals.json) context.out.json(upResult(result));
  else {
    const isTerminal = context.err.mode === "pretty";
    const next = isTerminal ? " Logs: procs logs -f   Stop: procs down" : "";
    context.say(`${summary(result)}.${next}`);
  }
  return exitOf(result);
}

/** `--attach` and `--no-attach`; null: everybody, also services that are added later. */
function targetsOf(args: ParsedArgs, project: Project): readonly LogTarget[] | null {
  const attach = args.list("attach");
  const not = args.list("no-attach");
  if (attach.length === 0 && not.length === 0) return null;
  const { targets } = select([...attach, ...not.map((word) => `!${word}`)], project.services);
  return targets.map(({ service, instance }) => ({ service, slot: instance }));
}

function ruleOf(args: ParsedArgs, project: Project): EndRule {
  const when = args.text("abort-on-exit");
  if (when !== null && when !== "" && when !== "failure") {
    throw userError(EXIT.usage, "P803", `--abort-on-exit takes no value but "failure"`, {
      help: ["procs up --abort-on-exit=failure"],
    });
  }
  const codeFrom = args.text("exit-code-from");
  return {
    abortOn: when === null ? null : when === "failure" ? "failure" : "exit",
    codeFrom: codeFrom === null ? null : oneService(codeFrom, project),
    tasks: new Set(project.services.filter((s) => s.kind === "task").map((s) => s.name)),
  };
}

function oneService(word: string, project: Project): string {
  const [name, ...others] = selectServices([word], project.services, "up");
  if (name !== undefined && others.length === 0) return name;
  throw userError(EXIT.usage, "P803", "--exit-code-from takes one service");
}
