import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeCgroup } from "../../src/host/cgroup.ts";
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

/** Removes the cgroups of the projects in a PROCS_STATE_DIR when all that was in them has been killed. */
export function removeCgroups(stateFolder: string): void {
  const root = join(stateFolder, "state");
  if (!existsSync(root)) return;
  for (const id of readdirSync(root)) {
    const memory = join(root, id, "cgroup");
    if (!existsSync(memory)) continue;
    for (const folder of readFileSync(memory, "utf8").split("\n")) {
      if (/\/procs-[^/]+$/.test(folder)) removeCgroup(folder);
    }
  }
}
