import {
  constants,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_PATH, findProgram } from "./program.ts";
import { findProcess } from "./tree.ts";

/** What the command of `lockedCommand` ends with when somebody else holds the lock. */
export const LOCKED_EXIT = 75;

/** In the environment of a command that holds the lock already: the path of the lock. */
const HELD_VARIABLE = "PROCS_LOCK";

/** Of macOS and the BSDs, where open(2) itself can lock. */
const O_EXLOCK = 0x20;

export interface LockedCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * A command that runs `argv` (an absolute program first) while holding the lock at `path`, or ends with
 * LOCKED_EXIT at once. The kernel lets go of it when that process dies, however it dies: the shell takes
 * it with flock(1) and becomes the program. Without flock(1) it is `argv` itself; `takeLock` does the rest.
 */
export function lockedCommand(path: string, argv: readonly string[]): LockedCommand {
  const flock = findProgram("flock", "/", DEFAULT_PATH);
  const [command = "", ...args] = argv;
  if (flock.kind !== "found") return { command, args };
  // The lock belongs to what is open, not to a process, so it passes through exec. Node closes descriptor
  // 9 in the programs that it spawns.
  const script = [
    '(umask 077 && : >>"$1") && exec 9>>"$1" || exit 1',
    `"$2" -n 9 || exit ${LOCKED_EXIT}`,
    `export ${HELD_VARIABLE}="$1"`,
    "shift 2",
    'exec "$@"',
  ].join("\n");
  return { command: "/bin/sh", args: ["-c", script, "procs", path, flock.path, ...argv] };
}

/**
 * True when this process holds the lock: because `lockedCommand` took it on the way, or it could be taken
 * now. False: somebody else has it. For the whole life of the process.
 */
export async function takeLock(path: string): Promise<boolean> {
  if (process.env[HELD_VARIABLE] === path) return true;
  if (process.platform === "darwin") return takeByOpen(path);
  return takeByLink(path);
}

/** The descriptor stays open, and the lock ours, until the process ends. */
function takeByOpen(path: string): boolean {
  try {
    openSync(path, constants.O_RDWR | constants.O_CREAT | O_EXLOCK | constants.O_NONBLOCK, 0o600);
    return true;
  } catch {
    return false;
  }
}

/** Two that broke the same stale lock at once see it at the second look. */
const SECOND_LOOK_MS = 50;
const TRIES_MAX = 5;

/** A file that names its owner, made whole and then linked into place: link(2) has one winner. */
export async function takeByLink(path: string): Promise<boolean> {
  const owner = `${process.pid} ${findProcess(process.pid)?.start ?? ""}`;
  const own = `${path}.${process.pid}`;
  writeFileSync(own, owner, { mode: 0o600 });
  try {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (link(own, path)) {
        await sleep(SECOND_LOOK_MS);
        return readOwner(path) === owner;
      }
      const holder = readOwner(path);
      if (holder === owner) return true;
      if (holder !== null && isAlive(holder)) return false;
      // Moved aside rather than removed: of several who see it stale, one moves it.
      move(path, `${path}.${process.pid}.stale`);
      rmSync(`${path}.${process.pid}.stale`, { force: true });
    }
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function isAlive(owner: string): boolean {
  const [pid = "", ...start] = owner.split(" ");
  const found = findProcess(Number(pid));
  return found !== null && found.start === start.join(" ");
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // Another one was faster.
  }
}

function readOwner(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
