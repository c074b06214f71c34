import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Names the boot of this machine: pids, fifos that are held and points of the monotonic clock mean something
 * only within one. "" where the system does not tell; then all that was written down counts as of this boot.
 */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    const asked = spawnSync("sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" });
    return asked.status === 0 ? asked.stdout.trim() : "";
  }
}
