import { readFileSync } from "node:fs";
import type { ProjectPaths } from "../paths.ts";

/**
 * The socket of the supervisor that runs, as it wrote it down; the one of `paths` when none did. They differ
 * when the supervisor was started from a shell with another XDG_RUNTIME_DIR.
 */
export function socketOf(paths: Pick<ProjectPaths, "address" | "socket">): string {
  try {
    return readFileSync(paths.address, "utf8") || paths.socket;
  } catch {
    return paths.socket;
  }
}
