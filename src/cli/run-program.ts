import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { isatty } from "node:tty";
import type { ServiceSpec } from "../core/spec.ts";
import { EXIT, userError } from "../errors.ts";
import type { Context } from "./context.ts";

export interface ProgramRun {
  /** Gives folder, user, mask, priority and limits. */
  readonly spec: ServiceSpec;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a program with our own terminal and streams and gives its exit code as a shell would: 127 not
 * found, 126 not executable, 128 and the number of the signal that ended it.
 */
export async function runProgram(context: Context, run: ProgramRun): Promise<number> {
  const { spec } = run;
  if (!existsSync(spec.cwd)) {
    throw userError(EXIT.failed, "P306", `the folder of ${spec.name} does not exist: ${spec.cwd}`);
  }
  if (spec.umask !== null) process.umask(spec.umask);
  const [file = "", ...args] = limited(run.argv, spec.limits.nofile);
  const child = spawn(file, args, {
    cwd: spec.cwd,
    env: run.env,
    stdio: "inherit",
    ...identityOf(spec),
  });
  if (spec.nice !== null && child.pid !== undefined) renice(child.pid, spec.nice);
  const release = context.onSignal((signal) => {
    // The terminal sends Ctrl-C to the program as well; twice would be once too often.
    if (signal !== "SIGINT" || !isatty(0)) child.kill(signal);
  });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        const code = spawnFailure(error);
        if (code === null) return reject(error);
        context.err.line(`procs: ${run.argv[0]}: ${reasonOf(code)}`);
        resolve(code);
      });
      child.once("close", (code, signal) => resolve(exitCodeOf(code, signal)));
    });
  } finally {
    release();
  }
}

/** As shells count it. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (signal !== null) return 128 + constants.signals[signal];
  return code ?? EXIT.failed;
}

function spawnFailure(error: NodeJS.ErrnoException): number | null {
  if (error.code === "ENOENT") return EXIT.notFound;
  return error.code === "EACCES" || error.code === "ENOEXEC" ? EXIT.notExecutable : null;
}

function reasonOf(code: number): string {
  return code === EXIT.notFound ? "no such program" : "not executable";
}

/** Only a shell can set the limit of open files; it then gives way to the program. */
function limited(argv: readonly string[], nofile: number | null): readonly string[] {
  if (nofile === null) return argv;
  return ["/bin/sh", "-c", `ulimit -n ${nofile} && exec "$@"`, "sh", ...argv];
}

function renice(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // It ended already, or only root may raise a priority: the program runs all the same.
  }
}

/** Whom to run as; nothing where the service does not say. Throws UserError when that is not possible. */
function identityOf(spec: ServiceSpec): { readonly uid?: number; readonly gid?: number } {
  if (spec.user === null && spec.group === null) return {};
  const uid = spec.user === null ? process.getuid?.() : ask("id", ["-u", spec.user]);
  const gid = spec.group === null ? ask("id", ["-g", spec.user ?? ""]) : groupId(spec.group);
  if (uid === undefined || gid === undefined) {
    const who = [spec.user ?? [], spec.group ?? []].flat().join(":");
    throw userError(EXIT.failed, "P307", `there is no user or group "${who}"`);
  }
  if (uid === process.getuid?.() && gid === process.getgid?.()) return {};
  if (process.getuid?.() !== 0) {
    throw userError(EXIT.failed, "P307", "only root may run a program as another user or group");
  }
  return { uid, gid };
}

function groupId(group: string): number | undefined {
  if (/^\d+$/.test(group)) return Number(group);
  return ask("sh", ["-c", 'getent group "$1" | cut -d: -f3', "sh", group]);
}

function ask(program: string, args: readonly string[]): number | undefined {
  try {
    const text = execFileSync(program, [...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return /^\d+$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
