import { lstatSync, readFileSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { EXIT, type UserError, userError } from "../errors.ts";

/**
 * Why nothing may be said to whoever listens at `socket`, or null. A command sends the whole environment of its
 * user, so it speaks only where nobody else can have put a socket: one of our own, in a folder that is ours
 * alone, in a place from which nobody else can move that folder away. What is not there is no reason.
 */
export function distrust(socket: string): UserError | null {
  const folder = dirname(socket);
  const above = dirname(folder);
  const uid = process.getuid?.() ?? 0;
  const outer = look(above);
  if (outer === null) return null;
  // Folders above may be of the system, such as /tmp.
  if (outer.uid !== uid && outer.uid !== 0) return belongsTo(outer.uid, socket);
  if (isOpenToAll(outer)) return unsafe(above, "can be written by others");
  const inner = look(folder);
  if (inner === null) return null;
  if (inner.uid !== uid) return belongsTo(inner.uid, socket);
  if (!inner.isDirectory()) return unsafe(folder, "is not a folder, or is a link to one");
  if ((inner.mode & 0o022) !== 0) return unsafe(folder, "can be written by others");
  const own = look(socket);
  return own === null || own.uid === uid ? null : belongsTo(own.uid, socket);
}

/** The user's name, or `user 1001` where nobody is called that. */
export function userName(uid: number): string {
  try {
    const line = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((one) => one.split(":")[2] === String(uid));
    return line?.split(":")[0] || `user ${uid}`;
  } catch {
    return `user ${uid}`;
  }
}

/** Refuses to speak to, or to start beside, what another user runs. P605, exit 4. */
export function belongsToOther(owner: number, notes: readonly string[]): UserError {
  const name = userName(owner);
  const isNamed = !name.includes(" ");
  return userError(EXIT.supervisor, "P605", `this project is run by ${name}, and you are ${me()}`, {
    notes,
    help: isNamed ? [`sudo -H -u ${name} procs ps`] : ["run procs as that user"],
  });
}

function belongsTo(owner: number, socket: string): UserError {
  return belongsToOther(owner, [
    `its socket is not yours: ${socket}`,
    "procs speaks only to a supervisor of the same user",
  ]);
}

function me(): string {
  return userName(process.getuid?.() ?? 0);
}

/** null: not there, or where we may not look; then connecting will not do either, and says so better. */
function look(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

/** Others may put things there; with the sticky bit they may not move ours. */
function isOpenToAll(stats: Stats): boolean {
  return stats.isDirectory() && (stats.mode & 0o022) !== 0 && (stats.mode & 0o1000) === 0;
}

function unsafe(path: string, why: string): UserError {
  return userError(EXIT.supervisor, "P604", `${path} ${why}`, {
    notes: ["procs would send your environment to whoever listens there"],
    help: ["remove it, or set PROCS_STATE_DIR to a folder of your own"],
  });
}
