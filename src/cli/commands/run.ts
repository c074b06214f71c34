import { INSTANCE_MARK, type Project, type ServiceSpec } from "../../core/spec.ts";
import { EXIT, userError } from "../../errors.ts";
import { act, by, exitOf } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { runProgram } from "../run-program.ts";
import { selectServices } from "../select.ts";

const WAIT_MS = 60_000;

/** Runs a command once, as if it were the service: its environment, folder and user. Its code is ours. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const [word, ...more] = args.positionals;
  const argv = [...more, ...(args.rest ?? [])];
  if (word === undefined || argv.length === 0) {
    throw userError(EXIT.usage, "P803", "procs run needs a service and a command", {
      help: ["procs run api -- npm test"],
    });
  }
  const project = await context.loadProject();
  const [name] = selectServices([word], project.services, "run");
  const spec = project.services.find((service) => service.name === name);
  if (spec === undefined) throw userError(EXIT.usage, "P804", `no service is called "${word}"`);
  if (!args.flag("no-deps")) {
    const exitCode = await startNeeds(context, project, spec);
    if (exitCode !== EXIT.ok) return exitCode;
  }
  const engine = await context.engine();
  const running = await engine.project();
  const ambient = running?.ambient ?? context.planRequest(project).ambient;
  const env = { ...environmentOf(spec, ambient), PROCS_SOCKET: engine.paths.socket };
  return runProgram(context, { spec, argv, env });
}

/** What the program sees: the ambient part, the service's own, and who it is. */
export function environmentOf(
  spec: ServiceSpec,
  ambient: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const inherits = (name: string) =>
    typeof spec.inherit_env === "boolean" ? spec.inherit_env : spec.inherit_env.includes(name);
  const inherited = Object.entries(ambient).filter(([name]) => inherits(name));
  const own = Object.entries(spec.env).map(([name, value]) => [
    name,
    value.replaceAll(INSTANCE_MARK, "1"),
  ]);
  return {
    ...Object.fromEntries(inherited),
    PWD: spec.cwd,
    ...Object.fromEntries(own),
    ...(typeof spec.port === "number" ? { PORT: String(spec.port) } : {}),
    PROCS: "1",
    PROCS_SERVICE: spec.name,
    PROCS_INSTANCE: "1",
  };
}

/** Starts what the service depends on and nothing else; what is up already is left alone. */
async function startNeeds(context: Context, project: Project, spec: ServiceSpec): Promise<number> {
  const needs = Object.keys(spec.depends_on);
  if (needs.length === 0) return EXIT.ok;
  const engine = await context.engine();
  const snapshot = await engine.snapshot();
  const isUp = (name: string) =>
    snapshot?.services.some((one) => one.name === name && ["ready", "done"].includes(one.state));
  const missing = needs.filter((name) => isUp(name) !== true);
  if (missing.length === 0) return EXIT.ok;
  const common = { by: by(), wait: true, timeout_ms: WAIT_MS } as const;
  const { result } = await act(
    context,
    snapshot === null
      ? {
          ...context.planRequest(project, { select: missing }),
          ...common,
          op: "apply",
          command: "up",
          expect: null,
          scale: {},
          force: false,
        }
      : { ...common, op: "start", services: missing, deps: true },
    { verb: "start", names: missing, indent: 0, launch: true },
  );
  return exitOf(result);
}
