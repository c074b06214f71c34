import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identifyChild } from "../../src/host/tree.ts";
import { until } from "./until.ts";

/** Of the old kind of cgroups: what it has frozen waits inside the kernel, deaf to SIGKILL. */
const FREEZER = "/sys/fs/cgroup/freezer";
let freezerNext = 1;

export function canFreeze(): boolean {
  return existsSync(join(FREEZER, "cgroup.procs")) && process.getuid?.() === 0;
}

/** No signal reaches it until what this resolves with is called. */
export async function freeze(pid: number): Promise<() => Promise<void>> {
  const folder = join(FREEZER, `procs-test-${process.pid}-${freezerNext++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "cgroup.procs"), String(pid));
  writeFileSync(join(folder, "freezer.state"), "FROZEN");
  await until("it is frozen", () => identifyChild(pid)?.isStuck === true);
  return async () => {
    writeFileSync(join(folder, "freezer.state"), "THAWED");
    await until("nothing is in it", () => remove(folder));
  };
}

/** A dead process stays in it until its parent has looked. */
function remove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
