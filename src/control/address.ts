import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { ProjectPaths } from "../paths.ts";

/** Longer than any path that a socket may have. */
const BYTES_MAX = 4_096;

/**
 * The socket of the supervisor that runs, as it wrote it down; the one of `paths` when none did. They differ
 * when the supervisor was started from a shell with another XDG_RUNTIME_DIR.
 */
export function socketOf(paths: Pick<ProjectPaths, "address" | "socket">): string {
  try {
    const said = read(paths.address);
    return said.startsWith("/") && !said.includes("\0") ? said : paths.socket;
  } catch {
    return paths.socket;
  }
}

/** Without waiting for the other end of a fifo, and not more than an address has. */
function read(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) return "";
    const bytes = Buffer.alloc(BYTES_MAX);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, BYTES_MAX, 0));
  } finally {
    closeSync(file);
  }
}
