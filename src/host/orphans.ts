import { readFileSync } from "node:fs";
import { findProcess, hasProc, listProcesses, markIn, type Process } from "./tree.ts";

/**
 * Live processes with a mark whose parents have died. It finds what has left its session and closed its files,
 * and looks at few processes for that: orphans become children of init, or of the next above them that
 * takes in orphans, which is above us too.
 */
export function orphansWith(mark: string): readonly Process[] {
  if (!hasProc) return [];
  const parents = new Set([1, ...ancestors()]);
  const known = [...parents].map(childrenOf);
  const pids = known.includes(null)
    ? childrenByLooking(parents)
    : known.flatMap((pids) => pids ?? []);
  return pids
    .filter((pid) => pid !== process.pid && markIn(pid) === mark)
    .flatMap((pid) => findProcess(pid) ?? []);
}

function ancestors(): readonly number[] {
  const found = [process.pid];
  for (let pid = process.ppid; pid > 1 && !found.includes(pid); ) {
    found.push(pid);
    pid = findProcess(pid)?.parent ?? 0;
  }
  return found;
}

/** null: this kernel keeps no such list. */
function childrenOf(pid: number): readonly number[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
    return text.split(" ").filter(Boolean).map(Number);
  } catch (error) {
    const isGone = findProcess(pid) === null;
    return isGone || isDenied(error) ? [] : null;
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code !== "ENOENT";
}

function childrenByLooking(parents: ReadonlySet<number>): readonly number[] {
  return listProcesses().flatMap(({ pid, parent }) => (parents.has(parent) ? [pid] : []));
}
