import { spawnSync } from "node:child_process";
import { constants, linkSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readPlain } from "../logs/plain-file.ts";
import { DEFAULT_PATH, findProgram } from "./program.ts";
import { findProcess } from "./tree.ts";

/** What a process ends with when somebody else holds the lock. */
export const LOCKED_EXIT = 75;

/** In the environment of what was started by the holder of the lock: the path of the lock. */
export const HELD_VARIABLE = "PROCS_LOCK";

/** Descriptor of the lock, in the shell that takes it and in whatever it hands it on to. */
export const LOCK_FD = 9;

/** Of macOS and the BSDs, where open(2) itself can lock. */
const O_EXLOCK = 0x20;

/**
 * Shell text that takes the lock at `path` for as long as descriptor 9 is open anywhere, or ends the shell with
 * LOCKED_EXIT at once. The kernel lets go of it when its last holder dies, however it dies. Without
 * flock(1) it takes nothing, and `takeLock` does it all. A shell that was handed descriptor 9 has the lock already.
 */
export function lockText(path: string): string {
  const flock = findProgram("flock", "/", DEFAULT_PATH);
  if (flock.kind !== "found") return `exec ${LOCK_FD}</dev/null`;
  return [
    `lock=${quoted(path)}`,
    `if [ "\${${HELD_VARIABLE}-}" != "$lock" ]; then`,
    `  (umask 077 && : >>"$lock") && exec ${LOCK_FD}>>"$lock" || exit 1`,
    `  ${quoted(flock.path)} -n ${LOCK_FD} || exit ${LOCKED_EXIT}`,
    `  export ${HELD_VARIABLE}="$lock"`,
    "fi",
    // For people, and for clients that ask whether anybody is there. A full disk leaves it empty.
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own, of the 20th word behind the name
    'read -r stat 2>/dev/null <"/proc/$$/stat" && set -- ${stat##*) } && echo "$$ ${20}" 2>/dev/null >"$lock"',
  ].join("\n");
}

/** A word for a POSIX shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Whether some guardian or supervisor holds the lock at `path`. Costs nothing where there is no lock; else a look at
 * the process that it names, and where that has gone, a flock(1).
 */
export function isLocked(path: string): boolean {
  const owner = readOwner(path);
  if (owner === null) return false;
  if (isAlive(owner)) return true;
  const flock = findProgram("flock", "/", DEFAULT_PATH);
  if (flock.kind !== "found") return false;
  // A holder that handed the lock on and died names nobody any more.
  const asked = spawnSync(flock.path, ["-n", "-s", path, "true"], { stdio: "ignore" });
  return asked.status === 1;
}

/**
 * True when this process holds the lock: because a shell with `lockText` took it on the way, or it could be
 * taken now. False: somebody else has it. For the whole life of the process.
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

/** A pid and a start time. */
const OWNER_BYTES_MAX = 1_000;

function readOwner(path: string): string | null {
  try {
    return readPlain(path, OWNER_BYTES_MAX).toString("utf8");
  } catch {
    return null;
  }
}
