import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { StoredStream } from "./catalogue.ts";
import { type LogEntry, toEntry } from "./entry.ts";
import { type Line, LineSplitter } from "./lines.ts";
import { TimeIndex } from "./time-index.ts";

/** Read from one file before the others get their turn. */
const TURN_BYTES = 65_536;

/**
 * Follows one growing file from a position on. Reads only when asked, so that a slow reader lags behind
 * the file instead of filling memory. A file that is not there yet, or no longer, has nothing new.
 */
export class Tail {
  readonly source: StoredStream;
  /** The run's program has ended: an unfinished line will stay so. */
  isEnded = false;
  #splitter: LineSplitter;
  #position: number;
  #fd: number | null = null;
  #index: TimeIndex | null = null;
  #timeMs = 0;

  constructor(source: StoredStream, position: number) {
    this.source = source;
    this.#position = position;
    this.#splitter = new LineSplitter(position);
  }

  /** Opens the file at once, so that it can be told apart whatever its name becomes. */
  hold(): void {
    this.#open();
  }

  /** Where a line begins whose newline has not come; null: there is none. */
  get unfinishedAt(): number | null {
    return this.#splitter.heldBytes > 0 ? this.#splitter.offset : null;
  }

  /** The first byte that was not given out. */
  get offset(): number {
    return this.#splitter.offset;
  }

  /** Names the file whatever its path; null while it is not open, when the number may be another's. */
  get inode(): number | null {
    return this.#fd === null ? null : fstatSync(this.#fd).ino;
  }

  /** Whether the file holds bytes that were not read. */
  get hasMore(): boolean {
    try {
      const stat = this.#fd === null ? statSync(this.source.path) : fstatSync(this.#fd);
      return stat.size > this.#position;
    } catch {
      return false;
    }
  }

  /** The next lines, of at most one turn's bytes. */
  read(): LogEntry[] {
    const fd = this.#open();
    if (fd === null) return [];
    const chunk = Buffer.allocUnsafe(TURN_BYTES);
    const length = readSync(fd, chunk, 0, TURN_BYTES, this.#position);
    if (length === 0) return [];
    this.#position += length;
    return this.#toEntries(this.#splitter.push(chunk.subarray(0, length)));
  }

  /** What there is of an unfinished line. */
  flush(ends: "partial" | "eof"): LogEntry[] {
    const line = this.#splitter.flush(ends);
    return line === null ? [] : this.#toEntries([line]);
  }

  /** The bytes of an unfinished line, which stay unfinished; null: there is none. */
  peek(): Buffer | null {
    return this.#splitter.held;
  }

  /** Lets go of the files; a later `read` goes on from the same position. */
  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#index?.close();
    this.#index = null;
  }

  /** The file goes by another name now, and another tail has taken over. */
  abandon(): void {
    this.close();
    this.#splitter = new LineSplitter(this.#position);
  }

  #open(): number | null {
    try {
      this.#fd ??= openSync(this.source.path, "r");
    } catch {
      // Not there: it may come.
    }
    return this.#fd;
  }

  #toEntries(lines: readonly Line[]): LogEntry[] {
    if (lines.length === 0) return [];
    this.#index ??= new TimeIndex(this.source.indexPath);
    this.#index.refresh();
    const lastMs = this.#fd === null ? Date.now() : fstatSync(this.#fd).mtimeMs;
    return lines.map((line) => {
      // A piece has the time of its line.
      if (line.begins) {
        this.#timeMs = Math.max(this.#timeMs, this.#index?.timeAt(line.offset) ?? lastMs);
      }
      return toEntry(this.source, line, this.#timeMs);
    });
  }
}
