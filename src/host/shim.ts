import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { isAlmquist, SHIM_SHELL } from "./ledger.ts";

/** Where the shim keeps the program's stderr while its own goes to the ledger; at the end a fourth socket is there. */
const STDERR_FD = 6;
/** Descriptors above stderr. A POSIX shell can name one digit only, and from 3 on sockets are passed, up to four. */
const LEDGER_FD = 7;
export const MAIN_FD = 8;
/** The only one that the program sees. Whatever inherits it counts as part of the run. */
export const TREE_FD = 9;

/** How to run one program under its shim. */
export interface ShimOptions {
  /** Stands in the list of processes: `shop/api.1`. */
  readonly name: string;
  readonly argv: readonly string[];
  /** What the program is to see, whole. */
  readonly env: Readonly<Record<string, string>>;
  /** Soft and hard limit of open files, or null: the soft one goes back to `fileLimit`. */
  readonly nofile: number | null;
  readonly fileLimit: number;
  readonly umask: number | null;
  /** Programs that exec the next one: nice, setpriv; with absolute paths. */
  readonly wrappers: readonly (readonly string[])[];
  /** How many sockets it is passed, from descriptor 3 on; absent: none. */
  readonly sockets?: { readonly count: number; readonly isInput: boolean };
  /** What the shim carries for later supervisors, and the program never sees. */
  readonly carried: Readonly<Partial<Record<CarriedName, string>>>;
}

/** See `digestOf`; and what the secrets in the state file are sealed with, which is on no disk. */
export type CarriedName = "PROCS_DIGEST" | "PROCS_KEY" | "PROCS_CGROUP";

export interface ShimCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The shim: a shell that stays the parent of the program, so that the exit status is recorded even when
 * no supervisor lives. An inner shell records the program's pid and then becomes the program.
 *
 *   shim (sh)      leads session and group; holds both life fifos; traps, never ignores, signals
 *     program      in the foreground, so that SIGINT and SIGQUIT keep their default; descriptors 0, 1, 2, 9
 *
 * The text travels in the environment rather than in a file, which could be cleaned away, or in the
 * arguments, where it would fill every list of processes.
 */
export function shimCommand(options: ShimOptions): ShimCommand {
  const { plain, odd } = splitEnvironment(options.env);
  const isLost = odd.some((pair) => !SHELL_NAME.test(pair.slice(0, pair.indexOf("="))));
  const behind = isLost ? behindShell(options.argv) : null;
  const env = odd.length > 0 && behind === null ? [ENV] : [];
  const argv = [...options.wrappers.flat(), ...env];
  const oddNames = odd.map((_, index) => `PROCS_ENV_${index}`);
  const oddValues = Object.fromEntries(odd.map((pair, index) => [oddNames[index] ?? "", pair]));
  return {
    file: SHIM_SHELL,
    args: ["-c", 'eval "$PROCS_SHIM"', options.name, ...(behind ?? options.argv)],
    env: {
      ...plain,
      ...oddValues,
      ...options.carried,
      PROCS_SHIM: OUTER,
      PROCS_EXEC: innerText(options, argv, { names: oddNames, isLast: behind !== null }),
    },
  };
}

/** The standard input and output of the shim, by descriptor number. */
export function shimStdio(fds: {
  readonly sockets?: readonly number[];
  readonly out: number;
  readonly err: number;
  readonly ledger: number;
  readonly main: number;
  readonly tree: number;
}): ("ignore" | number)[] {
  const { sockets = [] } = fds;
  const near = [0, 1, 2].map((index) => sockets[index] ?? ("ignore" as const));
  // The place of the fourth is in use until the program runs.
  const far = sockets[3] ?? "ignore";
  return [far, fds.out, fds.err, ...near, "ignore", fds.ledger, fds.main, fds.tree];
}

/** What the shell itself says (which signal ended the program) goes to the ledger, not to the program's stderr. */
const OUTER = [
  `trap : ${trappedSignals().join(" ")}`,
  `exec ${STDERR_FD}>&2 2>&${LEDGER_FD}`,
  `${SHIM_SHELL} -c "$PROCS_EXEC" "$0" "$@"`,
  "set -- $?",
  `echo "exit $1" >&${LEDGER_FD}`,
  'exit "$1"',
].join("\n");

function innerText(
  options: ShimOptions,
  before: readonly string[],
  odd: { readonly names: readonly string[]; readonly isLast: boolean },
): string {
  const { nofile, fileLimit, umask, sockets } = options;
  const names = ["PROCS_SHIM", "PROCS_EXEC", ...Object.keys(options.carried), ...odd.names];
  const pairs = odd.names.map((name) => `"$${name}"`);
  // `unset` comes before exec, so the odd pairs are put among the arguments first.
  const words = [
    ...before.map(quote),
    ...(odd.isLast ? [] : pairs),
    `"$@"`,
    ...(odd.isLast ? pairs : []),
  ];
  return [
    // Silent where it is refused: what the shell says here would be taken for the end of the program.
    ...(options.carried.PROCS_CGROUP === undefined ? [] : [ENTER_CGROUP]),
    `echo "start $$" >&${LEDGER_FD} 2>/dev/null`,
    `echo $$ >&${MAIN_FD}`,
    nofile === null ? `ulimit -Sn ${fileLimit} 2>/dev/null` : `ulimit -n ${nofile} || exit 126`,
    ...(umask === null ? [] : [`umask ${umask.toString(8).padStart(3, "0")}`]),
    ...(words.length === 1 ? [] : [`set -- ${words.join(" ")}`]),
    `unset ${names.join(" ")}`,
    ...(sockets === undefined ? [] : ["LISTEN_PID=$$", "export LISTEN_PID"]),
    // Not in the outer shell: it would then speak to the program's stderr while it waits.
    `exec "$@" 2>&${STDERR_FD} ${STDERR_FD}>&- ${inputs(sockets)}${LEDGER_FD}>&- ${MAIN_FD}>&-`,
  ].join("\n");
}

/** The fourth socket came as the standard input, and the first one is to be there for who expects it so. */
function inputs(sockets: ShimOptions["sockets"]): string {
  if (sockets === undefined) return "";
  const fourth = sockets.count > 3 ? `${STDERR_FD}<&0 ` : "";
  if (sockets.isInput) return `${fourth}0<&3 `;
  return fourth === "" ? "" : `${fourth}0</dev/null `;
}

/**
 * Shells drop variables whose names they cannot spell (`spring.datasource.url`) and set some anew (IFS).
 * Those go around them, through env(1), as its arguments for the instant until it execs the program.
 */
function splitEnvironment(env: Readonly<Record<string, string>>) {
  const plain: Record<string, string> = {};
  const odd: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (SHELL_NAME.test(name) && !SHELL_OWN.has(name) && !SHIM_OWN.test(name)) plain[name] = value;
    else odd.push(`${name}=${value}`);
  }
  return { plain, odd };
}

const ENTER_CGROUP = '{ echo 0 >"$PROCS_CGROUP/cgroup.procs"; } 2>/dev/null';
const ENV = "/usr/bin/env";
/** What the shim unsets before the program runs; a service may have a variable of that name all the same. */
const SHIM_OWN = /^PROCS_(?:SHIM|EXEC|DIGEST|KEY|CGROUP|ENV_\d+)$/;
/** A name that a shell can spell. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * A shell that only execs a program would drop the odd ones on the way: this one takes them as its arguments
 * and has env(1) set them behind it. null: it is another command, or looks at its arguments itself.
 */
function behindShell(argv: readonly string[]): readonly string[] | null {
  const [shell = "", option, text = "", ...more] = argv;
  const isOwn = option === "-c" && /^exec [\w./][\w./@+-]*(?=\s|$)/.test(text) && more.length === 0;
  if (!isOwn || /\$[@*#0-9]|\$\{[@*#0-9]/.test(text)) return null;
  return [shell, "-c", `exec ${ENV} "$@" ${text.slice("exec ".length)}`, shell];
}

/** Variables that a shell changes by being started, or that change how it works. */
const SHELL_OWN: ReadonlySet<string> = new Set(
  (isAlmquist() ? "IFS OPTIND PPID" : "IFS OPTIND PPID OLDPWD SHLVL _ SHELLOPTS BASHOPTS").split(
    " ",
  ),
);

/**
 * Trapped with a command that does nothing, so that a signal to the whole group leaves the shim alive.
 * Never `trap ''`: ignored signals would be inherited by the program.
 */
function trappedSignals(): readonly number[] {
  const kept = new Set(
    "KILL STOP CHLD CONT TSTP TTIN TTOU SEGV BUS ILL FPE".split(" ").map((name) => `SIG${name}`),
  );
  const entries = Object.entries(constants.signals).filter(([name]) => !kept.has(name));
  return [...new Set(entries.map(([, number]) => number))].sort((a, b) => a - b);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The soft limit of open files that a process has: what a user's shell would give to its programs. Node
 * raises its own to the hard one when it starts, and programs that use select(2) break under that.
 */
export function softFileLimit(pid: number): number {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
    const soft = Number(/^Max open files +(\d+)/m.exec(limits)?.[1]);
    if (soft > 0 && soft <= hardFileLimit()) return soft;
  } catch {
    // No /proc: what most systems start with.
  }
  return Math.min(1_024, hardFileLimit());
}

/** The hard limit of open files of this process; Infinity where it is unlimited or unknown. */
export function hardFileLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const hard = Number(/^Max open files +\S+ +(\d+)/m.exec(limits)?.[1]);
    return hard > 0 ? hard : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
