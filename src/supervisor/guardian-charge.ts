import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ProjectPaths } from "../paths.ts";

/** Names, by its pid, the one guardian that starts supervisors. Only a supervisor that lives ever changes it. */
export function chargeFile(paths: ProjectPaths): string {
  return join(paths.state, "guardian");
}

/** Always as long: then writing it over takes no room on a full disk. */
const WIDTH = 10;

/** From here on the guardian `pid` is the one. Throws where it cannot be written down; then nothing has changed. */
export function putInCharge(paths: ProjectPaths, pid: number): void {
  const fd = openSync(chargeFile(paths), constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    writeSync(fd, `${String(pid).padEnd(WIDTH)}\n`, 0);
  } finally {
    closeSync(fd);
  }
}
