import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LOCK_FD } from "../host/lock.ts";
import type { ProjectPaths } from "../paths.ts";
import { guardianText, HEIR, HEIR_FD, NAP_MARK } from "./guardian-text.ts";
import { FIRST_SOCKET_FD, SOCKETS_VARIABLE } from "./inherited-sockets.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** How to start a guardian. All of it is text, so that another version of procs can be asked to start ours. */
export interface GuardianCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface GuardianOptions {
  readonly paths: ProjectPaths;
  /** Names the folders of procs; nothing else of it reaches the supervisor but what a program needs to run. */
  readonly env: Env;
  /** The supervisor's program; null: the one beside this file. */
  readonly entry: string | null;
  /** The soft limit of open files that services get. */
  readonly fileLimit: number;
}

/** A supervisor is idle nearly always: a smaller heap costs it nothing, and gives back a fifth of its memory. */
const NODE_FLAGS: readonly string[] = ["--optimize-for-size"];
const ASK_EVERY_SECONDS = 10;

/**
 * The guardian: a shell that is the parent of the supervisor, holds the lock, and starts a supervisor anew when it
 * dies or no longer answers. What it does travels in the environment, so that the list of processes can be read.
 */
export function guardianCommand(options: GuardianOptions): GuardianCommand {
  const { paths, env, entry, fileLimit } = options;
  const program = entry ?? fileURLToPath(new URL("./main.js", import.meta.url));
  const argv = [process.execPath, ...NODE_FLAGS, program, paths.folder];
  const text = guardianText({ paths, argv, askEverySeconds: secondsIn(env) });
  return {
    file: "/bin/sh",
    args: ["-c", 'eval "$PROCS_GUARDIAN"', "procs guardian", paths.folder],
    env: { ...keptEnvironment(env), PROCS_NOFILE: String(fileLimit), PROCS_GUARDIAN: text },
  };
}

/**
 * Starts a guardian, in a session of its own: no terminal, and no signal meant for who started it. `log` is the
 * descriptor that it and its supervisor speak to, `key` what seals the secrets of the state file.
 */
export function startGuardian(command: GuardianCommand, key: string, log: number): ChildProcess {
  return start(command, { PROCS_KEY: key }, ["ignore", log, log]);
}

/** What a supervisor gives to another guardian. */
export interface Handed {
  readonly key: string;
  /** The path of the lock where descriptor 9 holds it. */
  readonly held: string | null;
  /** Its own pid and start time. */
  readonly ward: string;
  readonly sockets: ReadonlyMap<string, number>;
}

/**
 * The same, from a supervisor and beside its guardian: the new one waits as an heir until it is told to begin, or until
 * this process has gone.
 */
export function startSuccessor(command: GuardianCommand, handed: Handed): ChildProcess {
  const { key, held, ward } = handed;
  // An older version would pass on what it cannot name, for nobody's use.
  const sockets = knowsSockets(command) ? handed.sockets : new Map<string, number>();
  const stdio: ("ignore" | "pipe" | number)[] = ["ignore", 2, 2];
  const place = (fd: number, what: "pipe" | number) => {
    while (stdio.length < fd) stdio.push("ignore");
    stdio[fd] = what;
  };
  place(HEIR_FD, "pipe");
  if (held !== null) place(LOCK_FD, LOCK_FD);
  for (const [index, fd] of [...sockets.values()].entries()) place(FIRST_SOCKET_FD + index, fd);
  const env = {
    ...{ PROCS_KEY: key, PROCS_HANDED: HEIR, PROCS_WARD: ward },
    ...(held === null ? {} : { PROCS_LOCK: held }),
    ...(sockets.size === 0 ? {} : { [SOCKETS_VARIABLE]: JSON.stringify([...sockets.keys()]) }),
  };
  const child = start(command, env, stdio);
  child.on("error", () => undefined);
  return child;
}

function knowsSockets({ env }: GuardianCommand): boolean {
  return env.PROCS_GUARDIAN?.includes(NAP_MARK) === true;
}

function start(
  { file, args, env }: GuardianCommand,
  more: Readonly<Record<string, string>>,
  stdio: StdioOptions,
): ChildProcess {
  const child = spawn(file, args, {
    ...{ cwd: "/", detached: true, stdio },
    env: { ...env, ...more },
  });
  child.unref();
  return child;
}

/** What Node, sh and our own folders need. Services get theirs from the `up` that asked for them. */
function keptEnvironment(env: Env): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = env[name];
    if (value !== undefined && value !== "")
      kept[name] = FOLDERS.has(name) ? resolve(value) : value;
  }
  return kept;
}

/** Relative ones are relative to where the command was given; the supervisor lives in `/`. */
const FOLDERS: ReadonlySet<string> = new Set([
  "PROCS_STATE_DIR",
  "XDG_RUNTIME_DIR",
  "XDG_STATE_HOME",
  "HOME",
  "TMPDIR",
]);
const KEPT: readonly string[] = [
  ...FOLDERS,
  "PATH",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LC_ALL",
  "TZ",
  "PROCS_LOG",
  "PROCS_FAILPOINTS",
  "PROCS_WATCHDOG",
];

/** PROCS_WATCHDOG shortens the rounds for tests. */
function secondsIn(env: Env): number {
  const given = Number(env.PROCS_WATCHDOG);
  return given > 0 && given <= 3600 ? given : ASK_EVERY_SECONDS;
}
