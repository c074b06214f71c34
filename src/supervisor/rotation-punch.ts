import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Tools } from "./rotation-tools.ts";

/** Holes are made of whole blocks of the file system. */
export const BLOCK_BYTES = 4096;

/** Whether holes can be punched into the files of this folder, by trying it on one. Throws when that cannot be tried. */
export async function canPunch(folder: string, tools: Tools): Promise<boolean> {
  const path = join(folder, `.punch-${process.pid}`);
  try {
    const fd = openSync(path, "w+", 0o600);
    // Without a name from now on: nothing is left of it wherever this process ends.
    rmSync(path);
    try {
      const bytes = Buffer.alloc(2 * BLOCK_BYTES, 1);
      if (writeSync(fd, bytes) !== bytes.length)
        throw Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
      const result = await tools.punch(fd, BLOCK_BYTES);
      // Ended by us, when what it was tried for had become needless: it says nothing.
      if (result.kind === "failed" && /^ended with SIG/.test(result.message)) {
        throw new Error("it could not be tried");
      }
      if (result.kind !== "ok") return false;
      readSync(fd, bytes, 0, bytes.length, 0);
      return bytes.every((byte, at) => byte === (at < BLOCK_BYTES ? 0 : 1));
    } finally {
      closeSync(fd);
    }
  } finally {
    rmSync(path, { force: true });
  }
}

/** Gives back to the disk what a live file holds before `position`. Throws what fails. */
export async function punchBelow(live: string, position: number, tools: Tools): Promise<void> {
  const length = Math.floor(position / BLOCK_BYTES) * BLOCK_BYTES;
  if (length === 0) return;
  const fd = openSync(live, "r+");
  try {
    const result = await tools.punch(fd, length);
    if (result.kind !== "ok") {
      throw new Error(result.kind === "missing" ? "fallocate is missing" : result.message);
    }
  } finally {
    closeSync(fd);
  }
}
