import type { ChildProcess } from "node:child_process";
import { closeSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { socketOf } from "../control/address.ts";
import { listens } from "../control/listens.ts";
import { EXIT, type UserError, userError } from "../errors.ts";
import { findKey } from "../host/find-key.ts";
import { preparePaths } from "../host/folders.ts";
import { keptKey } from "../host/kept-key.ts";
import { LOCKED_EXIT } from "../host/lock.ts";
import { openOwn } from "../host/own-files.ts";
import { softFileLimit } from "../host/shim.ts";
import type { ProjectPaths } from "../paths.ts";
import { type GuardianCommand, guardianCommand, startGuardian } from "./guardian.ts";
import { refuseWithoutRoom, withRoom } from "./room.ts";
import { newKey } from "./sealed.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface LaunchOptions {
  readonly paths: ProjectPaths;
  /** Names the folders of procs; nothing else of it reaches the supervisor but what a program needs to run. */
  readonly env: Env;
  /** The supervisor's program; null: the one beside this file. */
  readonly entry: string | null;
}

const LAUNCH_MS_MAX = 20_000;
const LOOK_EVERY_MS = 15;
/** How long to wait for whoever holds the lock before trying to take it again. */
const BUSY_MS = 200;
const SAID_LINES_MAX = 10;

/**
 * Sees to it that a supervisor listens: starts one unless another launcher was faster. Any number of
 * launchers at once end with one supervisor. Throws P610 (exit 4) with what it said when it dies.
 */
export async function launchSupervisor(options: LaunchOptions): Promise<void> {
  const { paths } = options;
  const until = performance.now() + LAUNCH_MS_MAX;
  while (performance.now() < until) {
    if (await listens(socketOf(paths))) return;
    withRoom(paths, () => preparePaths(paths));
    refuseWithoutRoom(paths);
    const folder = identityOf(paths.runtime);
    const said = existsSync(paths.supervisorLog) ? statSync(paths.supervisorLog).size : 0;
    const child = withRoom(paths, () => start(options));
    const ended = await waitForSocket(paths.socket, child, until);
    if (ended === "listens") return;
    // One that was just leaving took the folder with it: nothing is wrong, and the next try makes it anew.
    const wasCleared = !existsSync(paths.lock) || identityOf(paths.runtime) !== folder;
    // Killed by somebody, and no fault of its own.
    const wasKilled = typeof ended === "string" && /^SIG[A-Z0-9]+$/.test(ended);
    if (ended !== LOCKED_EXIT && !wasCleared && !wasKilled) throw died(paths, said, ended);
    await pause(BUSY_MS, () => existsSync(paths.socket));
  }
  throw userError(
    EXIT.supervisor,
    "P610",
    `no supervisor answered within ${LAUNCH_MS_MAX / 1000}s`,
    {
      notes: [
        `one that holds the lock ${paths.lock} keeps others out`,
        `its log is ${paths.supervisorLog}`,
      ],
    },
  );
}

/** Another text for a folder that was removed and made again, also when the inode's number is the same. */
function identityOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.ino} ${stats.birthtimeMs}`;
}

/** The guardian of this version of procs, as who runs this command would start it. */
export function ownGuardian({ paths, env, entry }: LaunchOptions): GuardianCommand {
  return guardianCommand({ paths, env, entry, fileLimit: softFileLimit(process.ppid) });
}

function start(options: LaunchOptions): ChildProcess {
  const { paths } = options;
  const command = ownGuardian(options);
  // A new key would leave the state of the supervisor before unread.
  const known = existsSync(paths.stateFile) ? (keptKey(paths) ?? findKey(paths)) : null;
  const key = known ?? newKey();
  const log = openOwn(paths.supervisorLog, APPENDING);
  try {
    return startGuardian(command, key, log);
  } finally {
    closeSync(log);
  }
}

const APPENDING = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND;

/** The exit code of the launched process, or "listens" once the socket answers. */
async function waitForSocket(
  socket: string,
  child: ChildProcess,
  until: number,
): Promise<number | string> {
  let ended: number | string | null = null;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code, signal) => {
    ended = code ?? signal ?? "unknown";
  });
  while (performance.now() < until) {
    if (existsSync(socket) && (await listens(socket))) return "listens";
    if (ended !== null) return ended;
    await pause(LOOK_EVERY_MS, () => false);
  }
  return "it took too long";
}

async function pause(limitMs: number, isOver: () => boolean): Promise<void> {
  const until = performance.now() + limitMs;
  while (performance.now() < until && !isOver()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_EVERY_MS, limitMs)));
  }
}

function died(paths: ProjectPaths, from: number, how: number | string): UserError {
  const words = typeof how === "number" ? `ended with code ${how}` : `ended: ${how}`;
  const lines = readSaid(paths.supervisorLog, from);
  return userError(EXIT.supervisor, "P610", `the supervisor did not start: it ${words}`, {
    notes: [...lines, `its log is ${paths.supervisorLog}`],
  });
}

function readSaid(path: string, from: number): readonly string[] {
  try {
    const said = readFileSync(path).subarray(from).toString("utf8").trim();
    const lines = withoutStacks(said).split("\n");
    return said === "" ? [] : differentLines(lines).slice(0, SAID_LINES_MAX);
  } catch {
    return [];
  }
}

/** The log keeps where a fault was; who reads this wants to know which. */
function withoutStacks(said: string): string {
  return said
    .replaceAll(/^(?:node:|file:|\/)\S+:\d+\n.*\n\s*\^+\n\n?/gm, "")
    .replaceAll(/\n\s+at .*/g, "")
    .replaceAll(/\n\nNode\.js v.*/g, "");
}

/** Each try says the same; and of the guardian's words only the last ones say more than that. */
function differentLines(lines: readonly string[]): readonly string[] {
  const known = new Map<string, string>();
  for (const line of lines) {
    const words = line.replace(/^\d{4}-\S+Z /, "");
    if (!/^guardian: .*starting it anew$/.test(words) && !known.has(words)) known.set(words, line);
  }
  return [...known.values()];
}
