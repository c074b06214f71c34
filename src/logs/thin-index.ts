import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { RECORD_BYTES } from "./time-index.ts";

/**
 * Makes a full index short again: what was dropped of the stream (below `start`) needs no times, and of the
 * older half of the rest every second record goes. What remains is as true as before, only coarser: the
 * older a line, the less exactly its place among other streams' lines is known. Returns the number of
 * records that are left. Throws what the file system says; the old index stays then.
 */
export function thinIndex(path: string, start: number): number {
  const bytes = readFileSync(path);
  const count = Math.floor(bytes.length / RECORD_BYTES);
  const kept: Buffer[] = [];
  for (let at = 0; at < count; at += 1) {
    const record = bytes.subarray(at * RECORD_BYTES, (at + 1) * RECORD_BYTES);
    if (Number(record.readBigUInt64LE(0)) <= start) continue;
    // Of two neighbours the later one stays: its time holds for the bytes of both.
    if (at < count / 2 && at % 2 === 0) continue;
    kept.push(record);
  }
  const unfinished = `${path}.tmp`;
  writeFileSync(unfinished, Buffer.concat(kept), { mode: 0o600 });
  renameSync(unfinished, path);
  return kept.length;
}
