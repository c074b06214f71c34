import { spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pause, uptimeMs } from "./clock.mjs";

const SIZE = "64m";
const PIECE = Buffer.alloc(64 * 1024, "x");

/** A small disk for what procs keeps, which can be filled up; null: only root can have one, so this is not tried. */
export function mountDisk(folder) {
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=700`, "chaos", folder]);
  if (mount.status !== 0) return null;
  const filler = join(folder, "filler");
  const full = [];
  return {
    /** Whether it was full at any time since then. */
    wasFullSince: (at) => full.some(({ to }) => to >= at),
    /** No byte more fits for `ms`. */
    async fill(ms) {
      const window = { to: Number.POSITIVE_INFINITY };
      full.push(window);
      const file = openSync(filler, "a");
      const end = uptimeMs() + ms;
      while (uptimeMs() < end) {
        takeAll(file);
        await pause(5);
      }
      closeSync(file);
      rmSync(filler);
      // Programs and supervisor may take a moment to notice that there is room again.
      window.to = uptimeMs() + 1000;
    },
    unmount: () => spawnSync("umount", ["-l", folder]),
  };
}

/** Also what others give back meanwhile, down to the last byte. */
function takeAll(file) {
  for (const piece of [PIECE, PIECE.subarray(0, 1)]) {
    try {
      while (writeSync(file, piece) > 0);
    } catch {
      // Full.
    }
  }
}
