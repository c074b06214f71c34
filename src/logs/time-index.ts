import { closeSync, fstatSync, readSync } from "node:fs";
import { openPlain, statOrNull } from "./plain-file.ts";

export const RECORD_BYTES = 16;

/** Records held in memory at a time: a month of one line a second is 40 MB of index, never loaded whole. */
const BLOCK_RECORDS = 4096;

/** The last moment that Date knows. */
const DATE_MS_MAX = 8.64e15;

/** "All bytes below `offset` had been written by `timeMs`"; wall time, as in layout.ts. */
export interface TimeRecord {
  readonly offset: number;
  readonly timeMs: number;
}

/** The 16 bytes of one record. */
export function encodeRecord(record: TimeRecord): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_BYTES);
  bytes.writeBigUInt64LE(BigInt(record.offset), 0);
  bytes.writeDoubleLE(record.timeMs, 8);
  return bytes;
}

/**
 * Reads one time index. A missing file is an empty index: programs write without a supervisor too.
 * A torn record at the end is not there yet; whatever else the file holds never throws.
 */
export class TimeIndex {
  readonly #path: string;
  #fd: number | null = null;
  #count = 0;
  #block: Buffer = Buffer.alloc(0);
  #blockFrom = 0;
  /** The stretch of bytes answered last: lines are asked for in order, so it is nearly always right. */
  #span: { from: number; below: number; timeMs: number } | null = null;

  constructor(path: string) {
    this.#path = path;
    this.refresh();
  }

  /** Number of whole records seen by the last `refresh`. */
  get count(): number {
    return this.#count;
  }

  /** Looks again at the file, which the supervisor may have made longer, or thinned out (another file, then). */
  refresh(): void {
    try {
      this.#reopenIfReplaced();
      this.#fd ??= openPlain(this.#path);
      const count = Math.floor(fstatSync(this.#fd).size / RECORD_BYTES);
      if (count === this.#count) return;
      this.#count = count;
      this.#block = Buffer.alloc(0);
    } catch {
      this.#count = 0;
    }
  }

  /** Time of the line that begins at byte `offset`; null: written after the last record. */
  timeAt(offset: number): number | null {
    const span = this.#span;
    if (span !== null && offset >= span.from && offset < span.below) return span.timeMs;
    const at = this.#search((record) => record.offset > offset);
    const record = this.#record(at);
    if (record === null) return null;
    const from = this.#record(at - 1)?.offset ?? 0;
    this.#span = { from, below: record.offset, timeMs: record.timeMs };
    return record.timeMs;
  }

  /** The first byte whose lines are at `timeMs` or later, as far as the index knows. */
  offsetFrom(timeMs: number): number {
    const at = this.#search((record) => record.timeMs >= timeMs);
    return this.#record(at - 1)?.offset ?? 0;
  }

  /** The first byte whose lines are later than `timeMs`, as far as the index knows. */
  offsetAfter(timeMs: number): number {
    const at = this.#search((record) => record.timeMs > timeMs);
    return this.#record(at - 1)?.offset ?? 0;
  }

  first(): TimeRecord | null {
    return this.#record(0);
  }

  last(): TimeRecord | null {
    return this.#record(this.#count - 1);
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#count = 0;
  }

  #reopenIfReplaced(): void {
    if (this.#fd === null) return;
    const named = statOrNull(this.#path);
    if (named === null || named.ino === fstatSync(this.#fd).ino) return;
    this.close();
    this.#span = null;
  }

  /** The first record that is `past`; `past` is false, then true, over the records. */
  #search(past: (record: TimeRecord) => boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const record = this.#record(middle);
      if (record === null || past(record)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #record(at: number): TimeRecord | null {
    if (at < 0 || at >= this.#count) return null;
    const held = this.#block.length / RECORD_BYTES;
    if (at < this.#blockFrom || at >= this.#blockFrom + held) this.#load(at);
    const place = (at - this.#blockFrom) * RECORD_BYTES;
    if (place + RECORD_BYTES > this.#block.length) return null;
    const offset = Number(this.#block.readBigUInt64LE(place));
    const timeMs = this.#block.readDoubleLE(place + 8);
    return { offset, timeMs: Math.abs(timeMs) <= DATE_MS_MAX ? timeMs : 0 };
  }

  #load(at: number): void {
    this.#blockFrom = Math.floor(at / BLOCK_RECORDS) * BLOCK_RECORDS;
    const records = Math.min(BLOCK_RECORDS, this.#count - this.#blockFrom);
    const block = Buffer.allocUnsafe(records * RECORD_BYTES);
    const fd = this.#fd;
    const got =
      fd === null ? 0 : readSync(fd, block, 0, block.length, this.#blockFrom * RECORD_BYTES);
    this.#block = block.subarray(0, got - (got % RECORD_BYTES));
  }
}
