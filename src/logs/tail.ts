import type { StoredStream } from "./catalogue.ts";
import { type LogEntry, toEntry } from "./entry.ts";
import { droppedLine, type Line, LineSplitter } from "./lines.ts";
import { StreamBytes } from "./stream-bytes.ts";
import { TimeIndex } from "./time-index.ts";

/** Read from one file before the others get their turn. */
const TURN_BYTES = 65_536;

/**
 * Follows one growing stream from a position on. Reads only when asked, so that a slow reader lags behind
 * the program instead of filling memory; what is archived meanwhile is read from there, and what is dropped
 * is told. A stream that is not there yet, or no longer, has nothing new.
 */
export class Tail {
  readonly source: StoredStream;
  /** The run's program has ended: an unfinished line will stay so. */
  isEnded = false;
  #splitter: LineSplitter;
  #position: number;
  readonly #bytes: StreamBytes;
  #index: TimeIndex | null = null;
  #timeMs = 0;

  constructor(source: StoredStream, position: number) {
    this.source = source;
    this.#position = position;
    this.#splitter = new LineSplitter(position);
    this.#bytes = new StreamBytes(source.path);
  }

  /** Opens the file at once, so that it can be told apart whatever its name becomes. */
  hold(): void {
    this.#bytes.hold();
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
    return this.#bytes.inode;
  }

  /** Whether there are bytes that were not read. */
  get hasMore(): boolean {
    return this.#bytes.end > this.#position;
  }

  /** The next lines, of at most one turn's bytes. */
  read(): LogEntry[] {
    const chunk = this.#bytes.read(this.#position, TURN_BYTES);
    if (chunk.kind === "end") return [];
    if (chunk.kind === "dropped") return this.#skip(chunk.to);
    this.#position += chunk.bytes.length;
    return this.#toEntries(this.#splitter.push(chunk.bytes));
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
    this.#bytes.close();
    this.#index?.close();
    this.#index = null;
  }

  /** The file goes by another name now, and another tail has taken over. */
  abandon(): void {
    this.close();
    this.#splitter = new LineSplitter(this.#position);
  }

  /** What was dropped takes the rest of an unfinished line with it. */
  #skip(to: number): LogEntry[] {
    const rest = this.#splitter.flush("eof");
    const dropped = droppedLine(this.#position, to);
    this.#position = to;
    this.#splitter = new LineSplitter(to);
    return this.#toEntries(rest === null ? [dropped] : [rest, dropped]);
  }

  #toEntries(lines: readonly Line[]): LogEntry[] {
    if (lines.length === 0) return [];
    this.#index ??= new TimeIndex(this.source.indexPath);
    this.#index.refresh();
    const lastMs = this.#bytes.stat()?.mtimeMs ?? Date.now();
    return lines.map((line) => {
      // A piece has the time of its line.
      if (line.begins) {
        this.#timeMs = Math.max(this.#timeMs, this.#index?.timeAt(line.offset) ?? lastMs);
      }
      return toEntry(this.source, line, this.#timeMs);
    });
  }
}
