import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { listArchives } from "../logs/archives.ts";
import { BLOCK_BYTES } from "./rotation-punch.ts";

/** Where the bytes of a stream lie. */
export interface Place {
  readonly live: string;
  /** Everything below is archived, or dropped. */
  base: number;
  /** Position in the live file = position in the stream - shift. */
  shift: number;
}

/** The names on the disk decide what is archived: a range that is copied twice is a hole the second time. */
export function refresh(place: Place): void {
  const { base, shift } = listArchives(place.live);
  place.base = base;
  place.shift = shift;
}

/** The length of the stream. */
export function endOf({ live, shift }: Place): number {
  return shift + (statSync(live, { throwIfNoEntry: false })?.size ?? 0);
}

/** Whether the live file still takes the space of what is archived. */
export function isUnpunched({ live, base, shift }: Place): boolean {
  const stat = statSync(live, { throwIfNoEntry: false });
  if (stat === undefined || base - shift < BLOCK_BYTES) return false;
  return stat.blocks * 512 > stat.size - (base - shift) + 4 * BLOCK_BYTES;
}

/** A name that is not on the disk is as good as none when the power fails after the hole was punched. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
