import type { StoredStream } from "./catalogue.ts";
import { droppedLine, type Line, LineSplitter } from "./lines.ts";
import { StreamBytes } from "./stream-bytes.ts";
import { TimeIndex } from "./time-index.ts";

const BLOCK_BYTES = 131_072;
const NEWLINE = 10;

/** A part of a stream, in whole lines: those that begin at `from` or later and before `below`. */
export interface Span {
  readonly from: number;
  readonly below: number;
}

/**
 * The output of one stream as it stood when it was opened, with the times of its lines, whether it lies in
 * one file or also in archives. A stream that is not there reads as empty. Reading is synchronous: a local
 * file answers in microseconds.
 */
export class StoredFile {
  readonly source: StoredStream;
  readonly index: TimeIndex;
  /** The first byte that is left. */
  readonly start: number;
  /** From here on it lies in the live file, which is the cheapest to read. */
  readonly liveFrom: number;
  /** Where it ended when it was opened; what is written later does not exist here. */
  readonly size: number;
  /** When its last byte had been written. */
  readonly lastTimeMs: number;
  readonly #bytes: StreamBytes;

  constructor(source: StoredStream, sizeMax = Number.POSITIVE_INFINITY) {
    this.source = source;
    this.#bytes = new StreamBytes(source.path);
    this.size = Math.min(this.#bytes.end, sizeMax);
    this.start = Math.min(this.#bytes.start, this.size);
    this.liveFrom = Math.min(this.#bytes.liveFrom, this.size);
    this.index = new TimeIndex(source.indexPath);
    const last = this.index.last();
    // A rotation touches the file, too: its own time is only asked where the index knows nothing.
    const isIndexed = last !== null && last.offset >= this.size;
    const changedMs = isIndexed ? 0 : (this.#bytes.stat()?.mtimeMs ?? 0);
    this.lastTimeMs = Math.max(last?.timeMs ?? 0, changedMs);
  }

  /** What the index does not know yet was written at the latest when the file last changed. */
  timeAt(offset: number): number {
    return this.index.timeAt(offset) ?? this.lastTimeMs;
  }

  /** The lines from `sinceMs` on and until `untilMs` (null: no bound). */
  span(sinceMs: number | null, untilMs: number | null): Span {
    const from = sinceMs === null ? this.start : this.#firstFrom(sinceMs);
    const below = untilMs === null ? this.size : this.#firstAfter(untilMs);
    return { from: Math.min(from, below), below };
  }

  /** The last `count` lines of a span, found from its end backwards; not beyond what was dropped. */
  tail(span: Span, count: number): Span {
    if (count <= 0) return { from: span.below, below: span.below };
    let left = count;
    const endsLine = span.below > span.from && this.#byteAt(span.below - 1) === NEWLINE;
    let end = endsLine ? span.below - 1 : span.below;
    while (end > span.from) {
      const wanted = Math.max(span.from, end - BLOCK_BYTES);
      const block = this.#before(wanted, end);
      const start = end - block.length;
      for (let at = block.lastIndexOf(NEWLINE); at !== -1; at = before(block, at)) {
        left -= 1;
        if (left === 0) return { from: start + at + 1, below: span.below };
      }
      if (start > wanted) return { from: start, below: span.below };
      end = start;
    }
    return span;
  }

  /** Where an unfinished last line begins; the size when the last line is whole. */
  wholeEnd(): number {
    if (this.size <= this.start || this.#byteAt(this.size - 1) === NEWLINE) return this.size;
    return this.tail({ from: this.start, below: this.size }, 1).from;
  }

  /** The lines of a span, in order, with one that says so where some were dropped. An unfinished last line ends with `eof`. */
  *lines(span: Span): Generator<Line> {
    let splitter = new LineSplitter(span.from);
    let at = span.from;
    while (at < this.size) {
      const chunk = this.#bytes.read(at, Math.min(BLOCK_BYTES, this.size - at));
      if (chunk.kind === "end") break;
      if (chunk.kind === "dropped") {
        yield* rest(splitter, span.below);
        if (at >= span.below) return;
        yield droppedLine(at, Math.min(chunk.to, this.size));
        at = chunk.to;
        splitter = new LineSplitter(at);
        continue;
      }
      at += chunk.bytes.length;
      for (const line of splitter.push(chunk.bytes)) {
        if (line.begins && line.offset >= span.below) return;
        yield line;
      }
      if (splitter.atLineStart && splitter.offset >= span.below) return;
    }
    yield* rest(splitter, span.below);
  }

  close(): void {
    this.#bytes.close();
    this.index.close();
  }

  /** Up to `length` bytes from `at`; fewer where the stream ends or something was dropped. */
  read(at: number, length: number): Buffer {
    const parts: Buffer[] = [];
    let got = 0;
    while (got < length) {
      const chunk = this.#bytes.read(at + got, length - got);
      if (chunk.kind !== "bytes") break;
      parts.push(chunk.bytes);
      got += chunk.bytes.length;
    }
    return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
  }

  /** The bytes from `from` to `to`; of these only what comes after the last that was dropped. */
  #before(from: number, to: number): Buffer {
    let at = from;
    for (;;) {
      const bytes = this.read(at, to - at);
      if (bytes.length === to - at) return bytes;
      const chunk = this.#bytes.read(at + bytes.length, 1);
      if (chunk.kind !== "dropped" || chunk.to >= to) return Buffer.alloc(0);
      at = chunk.to;
    }
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
    if (offset <= this.start) return this.start;
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

function* rest(splitter: LineSplitter, below: number): Generator<Line> {
  const line = splitter.flush("eof");
  if (line !== null && !(line.begins && line.offset >= below)) yield line;
}

function before(block: Buffer, at: number): number {
  return at === 0 ? -1 : block.lastIndexOf(NEWLINE, at - 1);
}
