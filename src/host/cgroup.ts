import { readdirSync, readFileSync, rmdirSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The kill file came with Linux 5.14; without it a cgroup is a list of processes like any other. */
const KILL_FILE = "cgroup.kill";

/**
 * Every process in a cgroup and in those below it, which a program may have made for itself. The kernel
 * keeps this list: nothing that a process does to its session, environment or files takes it off.
 */
export function pidsIn(cgroup: string): readonly number[] {
  return [cgroup, ...foldersBelow(cgroup)].flatMap((folder) => {
    try {
      return readFileSync(join(folder, "cgroup.procs"), "latin1")
        .split("\n")
        .filter((line) => line !== "")
        .map(Number);
    } catch {
      // Removed meanwhile; or it holds threads only, and their process is listed further up.
      return [];
    }
  });
}

/** Whether any process lives in it or below. */
export function isPopulated(cgroup: string): boolean {
  try {
    return /^populated 1$/m.test(readFileSync(join(cgroup, "cgroup.events"), "latin1"));
  } catch {
    return false;
  }
}

/** SIGKILL to everything in it at once: what forks meanwhile is born dead. False: this kernel cannot. */
export function killCgroup(cgroup: string): boolean {
  try {
    // Never created: outside of a cgroup file system there is nothing to kill.
    writeFileSync(join(cgroup, KILL_FILE), "1", { flag: "r+" });
    return true;
  } catch {
    return false;
  }
}

/** Calls once, when nothing lives in it any more. */
export function onEmpty(cgroup: string, listener: () => void): { close(): void } {
  let isOver = false;
  const close = (): void => {
    isOver = true;
    watcher?.close();
  };
  const look = (): void => {
    if (isOver || isPopulated(cgroup)) return;
    close();
    listener();
  };
  const watcher = watchFile(join(cgroup, "cgroup.events"), look);
  // It may have become empty before it was watched; and never call before this has returned.
  setImmediate(look);
  return { close };
}

/** Removes an empty cgroup with the empty ones below it; one that is not stays. */
export function removeCgroup(cgroup: string): void {
  for (const folder of [...foldersBelow(cgroup).toReversed(), cgroup]) {
    try {
      rmdirSync(folder);
    } catch {
      // Populated, or gone.
    }
  }
}

/** Parents before children. */
function foldersBelow(cgroup: string): readonly string[] {
  const found: string[] = [];
  try {
    for (const entry of readdirSync(cgroup, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const folder = join(cgroup, entry.name);
      found.push(folder, ...foldersBelow(folder));
    }
  } catch {
    // Gone.
  }
  return found;
}

function watchFile(path: string, listener: () => void): { close(): void } | null {
  try {
    const watcher = watch(path, { persistent: false }, listener);
    watcher.on("error", listener);
    return watcher;
  } catch {
    return null;
  }
}
