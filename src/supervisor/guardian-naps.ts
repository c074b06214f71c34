import { readFileSync } from "node:fs";
import { findProcess, procPids } from "../host/tree.ts";
import { NAP_MARK } from "./guardian-text.ts";

/** What a guardian waits for, in the kernel's words: none of them has anything to lose. */
const NAMES: ReadonlySet<string> = new Set(["sleep", "cat", "busybox"]);

/**
 * Ends what guardians of this project left behind when they were killed: it would hold their sockets for another round.
 * Of one that lives nothing is touched.
 */
export function endNaps(id: string): void {
  for (const pid of pids()) {
    const owner = ownerOf(pid, id);
    const nap = owner === null ? null : findProcess(pid);
    if (nap === null || nap.parent === owner) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has gone by itself.
    }
  }
}

/** The guardian that it was started by; null: it is something else. */
function ownerOf(pid: number, id: string): number | null {
  if (!NAMES.has(read(pid, "comm").trimEnd())) return null;
  const mark = read(pid, "environ")
    .split("\0")
    .find((pair) => pair.startsWith(`${NAP_MARK}=`));
  const [owner, project] = mark?.slice(NAP_MARK.length + 1).split(" ") ?? [];
  return project === id ? Number(owner) : null;
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}

/** Without /proc nothing can be found. */
function pids(): readonly number[] {
  try {
    return procPids();
  } catch {
    return [];
  }
}
