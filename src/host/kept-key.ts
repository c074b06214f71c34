import { statfsSync } from "node:fs";
import { join } from "node:path";
import { readPlain } from "../logs/plain-file.ts";
import type { ProjectPaths } from "../paths.ts";
import { writeOwn } from "./own-files.ts";

/** File systems that are in memory only, by the number that statfs(2) gives them: tmpfs and ramfs. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

const KEY_BYTES_MAX = 100;

/**
 * Keeps the key in the runtime folder where that is in memory, as it is below XDG_RUNTIME_DIR: there it outlives
 * guardian, supervisor and every shim, and still is on no disk. Elsewhere this does nothing.
 */
export function keepKey(paths: ProjectPaths, key: string): void {
  try {
    if (IN_MEMORY.has(statfsSync(paths.runtime).type)) writeOwn(pathOf(paths), `${key}\n`);
  } catch {
    // Those who run hold it still.
  }
}

/** The key that was kept; null: there is none. */
export function keptKey(paths: ProjectPaths): string | null {
  try {
    const text = readPlain(pathOf(paths), KEY_BYTES_MAX).toString("latin1").trim();
    return /^[0-9a-f]{64}$/.test(text) ? text : null;
  } catch {
    return null;
  }
}

function pathOf(paths: ProjectPaths): string {
  return join(paths.runtime, "key");
}
