import type { PlanRequest } from "../control/protocol.ts";
import type { Project } from "../core/spec.ts";
import type { Engine } from "../engines/engine.ts";
import type { Context, Env, Globals } from "./context.ts";
import { isCi, type Output, processOutput } from "./output.ts";
import { findPlace, type Place } from "./project.ts";
import { createSignals } from "./signals.ts";

/** The context of this process. Nothing is read, opened or imported before a command asks for it. */
export function processContext(globals: Globals, env: Env): Context {
  const settings = { ...globals, env };
  const out = processOutput("stdout", settings);
  const err = processOutput("stderr", settings);
  const signals = createSignals();
  const place = lazy(() => resolvePlace(globals, env));
  return {
    globals,
    out,
    err,
    env,
    cwd: process.cwd(),
    now: Date.now,
    ...talk(globals, env, err),
    get signal() {
      return signals.abortSignal();
    },
    onSignal: signals.take,
    place,
    loadProject: lazy(async () => loadProject(await place(), globals, env, err)),
    engine: lazy(async () => openEngine(await place(), env)),
    planRequest: (project, change) => planRequest(project, globals, env, change ?? {}),
    ...questions(globals, env, { err, onSignal: signals.take }),
  };
}

function talk(globals: Globals, env: Env, err: Output): Pick<Context, "say" | "detail" | "hint"> {
  const hints = err.mode === "pretty" && !globals.quiet && env.PROCS_HINTS !== "0";
  return {
    say: (line) => {
      if (!globals.quiet && err.mode !== "json") err.line(line);
    },
    detail: (line) => {
      if (globals.verbose && err.mode !== "json") err.line(err.paint.dim(line));
    },
    hint: (line) => {
      if (hints) err.line(err.paint.dim(line));
    },
  };
}

function questions(
  globals: Globals,
  env: Env,
  { err, onSignal }: Pick<Context, "err" | "onSignal">,
): Pick<Context, "prompt" | "confirm"> {
  const prompt = async (question: string): Promise<string | null> => {
    const { isatty } = await import("node:tty");
    if (!isatty(0) || !isatty(2) || isCi(env) || globals.json) return null;
    const { askLine } = await import("./ask.ts");
    return askLine(question, { err, onSignal });
  };
  return {
    prompt,
    confirm: async (question) => {
      if (globals.yes) return "yes";
      const answer = await prompt(`${question} [y/N]`);
      if (answer === null) return "nobody";
      return /^y(es)?$/i.test(answer) ? "yes" : "no";
    },
  };
}

async function resolvePlace(globals: Globals, env: Env): Promise<Place> {
  const name = globals.project ?? (globals.files.length === 0 ? env.PROCS_PROJECT : undefined);
  if (!name) return findPlace(globals, env, process.cwd());
  const { findRunning } = await import("./running.ts");
  return findRunning(name, env);
}

async function loadProject(
  place: Place,
  globals: Globals,
  env: Env,
  err: Output,
): Promise<Project> {
  const { readProject } = await import("./read-project.ts");
  const { project, warnings } = readProject(place, env, process.cwd());
  if (warnings.length > 0 && !globals.quiet && !globals.json) {
    const { renderDiagnostics } = await import("./report.ts");
    err.write(await renderDiagnostics(warnings, err));
  }
  return project;
}

async function openEngine(place: Place, env: Env): Promise<Engine> {
  const [{ localEngine }, { projectPaths }] = await Promise.all([
    import("../engines/local.ts"),
    import("../paths.ts"),
  ]);
  return localEngine(projectPaths(place.folder, env, process.getuid?.() ?? 0));
}

function planRequest(
  project: Project,
  globals: Globals,
  env: Env,
  change: Partial<PlanRequest>,
): PlanRequest {
  const profiles = globals.profiles.length > 0 ? globals.profiles : null;
  return {
    project,
    select: null,
    profiles,
    ambient: ambientOf(env),
    refresh_env: false,
    no_remove: false,
    reset_scale: false,
    only: null,
    ...change,
  };
}

/** Without what describes this terminal and this command rather than the machine. */
function ambientOf(env: Env): Readonly<Record<string, string>> {
  const ambient: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    // An environment may hold "=x": nothing can be called that, and nobody misses it.
    if (value !== undefined && name !== "" && !name.startsWith("PROCS_")) ambient[name] = value;
  }
  return ambient;
}

/** Made on the first call, the same ever after. */
function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
