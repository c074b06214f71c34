import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** A small file system of its own, mounted at a folder. */
export interface Tmpfs extends Disposable {
  /** `size=4m`: changes it while it is in use. */
  remount(options: string): void;
}

/** Only root may mount. What cannot be tried elsewhere says so. */
export const CAN_MOUNT = process.platform === "linux" && process.getuid?.() === 0 && mayMount();
if (!CAN_MOUNT) console.warn("not root: what a full disk does is not tried");

export function mountTmpfs(folder: string, options: string): Tmpfs {
  mkdirSync(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "none", folder]);
  return {
    remount: (changed) => {
      execFileSync("mount", ["-o", `remount,${changed}`, folder]);
    },
    // Lazily: a program that a failed test left behind may still have its log there.
    [Symbol.dispose]: () => {
      spawnSync("umount", ["-l", folder]);
    },
  };
}

/** Root in a container may lack the right. */
function mayMount(): boolean {
  const folder = `/tmp/.procs-mount-${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "none", folder]).status === 0;
  if (isMounted) spawnSync("umount", [folder]);
  spawnSync("rmdir", [folder]);
  return isMounted;
}
