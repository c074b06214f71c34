import { closeSync, openSync, rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { causeOf } from "./disk-space.ts";
import type { Tools } from "./rotation-tools.ts";

/** Where there is no room: until the oldest logs have gone. */
const RELIEF_MS = 200;

/** A part of an open file. */
export interface CopiedRange {
  readonly source: number;
  readonly from: number;
  readonly length: number;
}

/**
 * Copies bytes to a new file, on the disk itself. False: there is no room for them, also after room was made. Throws what
 * else fails; the new file may be there then, unfinished.
 */
export async function copyRange(
  { source, from, length }: CopiedRange,
  path: string,
  tools: Tools,
  onFull: (error: unknown) => boolean,
): Promise<boolean> {
  for (const isLast of [false, true]) {
    rmSync(path, { force: true });
    try {
      const target = openSync(path, "wx+", 0o600);
      try {
        await tools.copy(source, from, length, target);
      } finally {
        closeSync(target);
      }
      return true;
    } catch (error) {
      if (causeOf(error)?.cause !== "full") throw error;
      onFull(error);
      if (!isLast) await pause(RELIEF_MS);
    }
  }
  return false;
}
