import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCgroups } from "../../src/host/cgroups.ts";

/** Whether this machine has cgroup v2, and lets us make some. */
export function hasCgroups(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "procs-cgroups-"));
  try {
    const projectId = `probe${process.pid}`;
    const cgroups = openCgroups({ projectId, memory: join(folder, "cgroup") });
    const isMade = cgroups.make(`${projectId}:api.1.1`) !== null;
    cgroups.sweep();
    return isMade;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
