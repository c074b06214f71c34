import { mkdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { argvOf } from "../core/command.ts";
import type { ServiceSpec } from "../core/spec.ts";
import { switchTo } from "./account.ts";
import { fillCommand, programEnvironment } from "./environment.ts";
import { ownProgram } from "./own-programs.ts";
import {
  DEFAULT_PATH,
  explainProgram,
  findProgram,
  type ProgramProblem,
  programFacts,
} from "./program.ts";
import type { Run, RunContext } from "./run.ts";
import { hardFileLimit } from "./shim.ts";
import { exchangeDoor, upstreamPath } from "./upstream-path.ts";

/** Checks what can be checked before the spawn. Throws an Error whose message is one line for people. */
export function checkRun(run: Run, extra: Readonly<Record<string, string>>, context: RunContext) {
  const { spec, id } = run;
  if (!isFolder(spec.cwd)) throw new Error(`its folder ${spec.cwd} is not there`);
  const change = switchTo(spec.user, spec.group);
  const { nofile } = spec.limits;
  if (nofile !== null && nofile > hardFileLimit() && process.getuid?.() !== 0) {
    throw new Error(`limits.nofile ${nofile} is above what this user may have, ${hardFileLimit()}`);
  }
  run.sockets = context.socketsFor?.(spec) ?? [];
  const own = ownProgram(spec, id.slot);
  run.env = programEnvironment(spec, {
    id,
    projectId: context.projectId,
    socketPath: context.socketPath,
    port: run.port,
    account: change?.account ?? null,
    extra:
      own === null
        ? { ...extra, ...upstreamEnvironment(run, change !== null, context) }
        : { ...withoutPreload(extra), ...own.env, PROCS_FILE_LIMIT: limitText(spec, context) },
  });
  // Of what the file does not give there is nothing to be said.
  if (spec.helps !== null) return change;
  const problem = programProblem(spec, id.slot, run.env);
  if (problem !== null) throw new Error([problem.message, ...problem.help].join("; "));
  return change;
}

/** Where it may listen beside what it shares with others, or in the place of its port: so it is reached by itself. */
function upstreamEnvironment(run: Run, isOther: boolean, { paths }: RunContext) {
  const { listen } = run.spec;
  if (listen === null || listen.mode === "inetd") return {};
  const path = isOther ? exchangeDoor(run.reporter) : upstreamPath(paths, run.id);
  if (path === null) return {};
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  return { PROCS_UPSTREAM: path };
}

/** What its own children are to have: Node raises the soft limit of itself. */
function limitText({ limits }: ServiceSpec, { fileLimit }: RunContext): string {
  return String(limits.nofile ?? fileLimit);
}

/** Programs of procs itself need no help with what they are given. */
function withoutPreload(extra: Readonly<Record<string, string>>): Record<string, string> {
  const { NODE_OPTIONS: _, ...rest } = extra;
  return rest;
}

/** Why the program of a service could not be exec'd, or null when it could, or only the shell can tell. */
function programProblem(
  spec: ServiceSpec,
  slot: number,
  env: Readonly<Record<string, string>>,
): ProgramProblem | null {
  const argv = argvOf(fillCommand(spec.command, slot), spec.shell);
  const simple = /^exec ([\w./@+-]+)(.*)$/.exec(
    typeof spec.command === "string" ? (argv[2] ?? "") : "",
  );
  const words =
    simple === null ? [] : [[simple[1] ?? "", ...(simple[2] ?? "").trim().split(/\s+/)]];
  for (const each of [argv, ...words]) {
    const found = findProgram(each[0] ?? "", spec.cwd, env.PATH ?? DEFAULT_PATH);
    if (found.kind === "found") continue;
    return explainProgram(programFacts(each, found, spec.cwd, env.HOME ?? null));
  }
  return null;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
