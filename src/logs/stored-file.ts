import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { StoredStream } from "./catalogue.ts";
import { type Line, LineSplitter } from "./lines.ts";
import { TimeIndex } from "./time-index.ts";

const BLOCK_BYTES = 131_072;
const NEWLINE = 10;

/** A part of a file, in whole lines: those that begin at `from` or later and before `below`. */
export interface Span {
  readonly from: number;
  readonly below: number;
}

/**
 * One log file as it stood when it was opened, with the times of its lines. A file that is not there
 * reads as empty. Reading is synchronous: a local file answers in microseconds.
 */
export class StoredFile {
  readonly source: StoredStream;
  readonly index: TimeIndex;
  /** Bytes that were there when it was opened; what is written later does not exist here. */
  readonly size: number;
  /** When its last byte had been written. */
  readonly lastTimeMs: number;
  readonly #fd: number | null;

  constructor(source: StoredStream, sizeMax = Number.POSITIVE_INFINITY) {
    this.source = source;
    this.#fd = openOrNull(source.path);
    const stat = this.#fd === null ? { size: 0, mtimeMs: 0 } : fstatSync(this.#fd);
    this.size = Math.min(stat.size, sizeMax);
    this.index = new TimeIndex(source.indexPath);
    this.lastTimeMs = Math.max(this.index.last()?.timeMs ?? 0, stat.mtimeMs);
  }

  /** What the index does not know yet was written at the latest when the file last changed. */
  timeAt(offset: number): number {
    return this.index.timeAt(offset) ?? this.lastTimeMs;
  }

  /** The lines from `sinceMs` on and until `untilMs` (null: no bound). */
  span(sinceMs: number | null, untilMs: number | null): Span {
    const from = sinceMs === null ? 0 : this.#firstFrom(sinceMs);
    const below = untilMs === null ? this.size : this.#firstAfter(untilMs);
    return { from: Math.min(from, below), below };
  }

  /** The last `count` lines of a span, found from its end backwards. */
  tail(span: Span, count: number): Span {
    if (count <= 0) return { from: span.below, below: span.below };
    let left = count;
    const endsLine = span.below > span.from && this.#byteAt(span.below - 1) === NEWLINE;
    let end = endsLine ? span.below - 1 : span.below;
    while (end > span.from) {
      const start = Math.max(span.from, end - BLOCK_BYTES);
      const block = this.read(start, end - start);
      for (let at = block.lastIndexOf(NEWLINE); at !== -1; at = before(block, at)) {
        left -= 1;
        if (left === 0) return { from: start + at + 1, below: span.below };
      }
      end = start;
    }
    return span;
  }

  /** Where an unfinished last line begins; the size when the last line is whole. */
  wholeEnd(): number {
    if (this.size === 0 || this.#byteAt(this.size - 1) === NEWLINE) return this.size;
    return this.tail({ from: 0, below: this.size }, 1).from;
  }

  /** The lines of a span, in order. An unfinished last line ends with `eof`. */
  *lines(span: Span): Generator<Line> {
    const splitter = new LineSplitter(span.from);
    let at = span.from;
    while (at < this.size) {
      const chunk = this.read(at, Math.min(BLOCK_BYTES, this.size - at));
      if (chunk.length === 0) break;
      at += chunk.length;
      for (const line of splitter.push(chunk)) {
        if (line.begins && line.offset >= span.below) return;
        yield line;
      }
      if (splitter.atLineStart && splitter.offset >= span.below) return;
    }
    const rest = splitter.flush("eof");
    if (rest !== null && !(rest.begins && rest.offset >= span.below)) yield rest;
  }

  /** Up to `length` bytes from `at`; fewer where the file ends. */
  read(at: number, length: number): Buffer {
    if (this.#fd === null || length <= 0) return Buffer.alloc(0);
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(this.#fd, bytes, 0, length, at));
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.index.close();
  }

  #firstFrom(sinceMs: number): number {
    const known = this.index.offsetFrom(sinceMs);
    const isUnindexed = known >= (this.index.last()?.offset ?? 0);
    return isUnindexed && this.lastTimeMs < sinceMs ? this.size : this.#lineStart(known);
  }

  #firstAfter(untilMs: number): number {
    const known = this.index.offsetAfter(untilMs);
    const isUnindexed = known >= (this.index.last()?.offset ?? 0);
    return isUnindexed && this.lastTimeMs <= untilMs ? this.size : this.#lineStart(known);
  }

  /** The first line that begins at `offset` or later. */
  #lineStart(offset: number): number {
    if (offset <= 0) return 0;
    let at = offset - 1;
    while (at < this.size) {
      const block = this.read(at, Math.min(BLOCK_BYTES, this.size - at));
      if (block.length === 0) break;
      const newline = block.indexOf(NEWLINE);
      if (newline !== -1) return at + newline + 1;
      at += block.length;
    }
    return this.size;
  }

  #byteAt(offset: number): number | undefined {
    return this.read(offset, 1)[0];
  }
}

function before(block: Buffer, at: number): number {
  return at === 0 ? -1 : block.lastIndexOf(NEWLINE, at - 1);
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch {
    return null;
  }
}
