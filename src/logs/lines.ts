/** Longest piece of a line held in memory. Longer lines come in pieces, which a printer joins again. */
export const PIECE_BYTES_MAX = 65_536;

/**
 * How a piece of a line ends. `newline`: whole. `piece`: the line goes on at once. `partial`: the program
 * has written no newline for a while, the rest may follow. `eof`: the file ends here without a newline.
 */
export type LineEnd = "newline" | "piece" | "partial" | "eof";

/** One line, or one piece of it. */
export interface Line {
  /** Without the newline, and without a carriage return before it. */
  readonly bytes: Buffer;
  /** Where its first byte stands in the file: a permanent position. */
  readonly offset: number;
  /** False: goes on from the piece before. */
  readonly begins: boolean;
  readonly ends: LineEnd;
  /** Set: this is no line. So many bytes were written here, and dropped since. */
  readonly dropped?: number;
}

/** Stands where bytes were dropped. */
export function droppedLine(from: number, to: number): Line {
  const bytes = Buffer.alloc(0);
  return { bytes, offset: from, begins: true, ends: "newline", dropped: to - from };
}

const NEWLINE = 10;
const RETURN = 13;

/**
 * Turns chunks into lines. The lines do not depend on how the bytes were cut into chunks: a long line
 * is cut at the same bytes, never inside a character.
 */
export class LineSplitter {
  #held: Buffer[] = [];
  #heldBytes = 0;
  #offset: number;
  #begins = true;

  /** `offset`: where the first chunk stands in its file; a line begins there. */
  constructor(offset = 0) {
    this.#offset = offset;
  }

  /** Bytes of an unfinished line, not given out yet. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Those bytes; null when there are none. */
  get held(): Buffer | null {
    return this.#heldBytes === 0 ? null : Buffer.concat(this.#held);
  }

  /** Where the first byte that was not given out stands. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether the next byte to be given out begins a line. */
  get atLineStart(): boolean {
    return this.#begins;
  }

  push(chunk: Buffer): Line[] {
    const fits = this.#heldBytes + chunk.length <= PIECE_BYTES_MAX;
    if (fits && chunk.indexOf(NEWLINE) === -1) {
      this.#hold(chunk);
      return [];
    }
    const bytes = this.#heldBytes === 0 ? chunk : Buffer.concat([...this.#held, chunk]);
    this.#held = [];
    this.#heldBytes = 0;
    return this.#split(bytes);
  }

  /** Gives out what is held, unless it is only the beginning of a character (then null). */
  flush(ends: "partial" | "eof"): Line | null {
    if (this.#heldBytes === 0) return null;
    const bytes = Buffer.concat(this.#held);
    const length = ends === "eof" ? bytes.length : wholeLength(bytes);
    this.#held = [];
    this.#heldBytes = 0;
    const line = length === 0 ? null : this.#take(bytes.subarray(0, length), length, ends);
    if (length < bytes.length) this.#hold(bytes.subarray(length));
    return line;
  }

  #split(bytes: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline === -1 ? bytes.length : newline;
      if (end - start > PIECE_BYTES_MAX) {
        const cut = pieceEnd(bytes, start);
        lines.push(this.#take(bytes.subarray(start, cut), cut - start, "piece"));
        start = cut;
        continue;
      }
      if (newline === -1) break;
      const last = newline > start && bytes[newline - 1] === RETURN ? newline - 1 : newline;
      lines.push(this.#take(bytes.subarray(start, last), newline + 1 - start, "newline"));
      start = newline + 1;
    }
    if (start < bytes.length) this.#hold(bytes.subarray(start));
    return lines;
  }

  #take(bytes: Buffer, length: number, ends: LineEnd): Line {
    const line = { bytes, offset: this.#offset, begins: this.#begins, ends };
    this.#offset += length;
    this.#begins = ends === "newline" || ends === "eof";
    return line;
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }
}

/** Where the piece that begins at `start` ends: at most PIECE_BYTES_MAX on, not inside a character or \r\n. */
function pieceEnd(bytes: Buffer, start: number): number {
  const limit = start + PIECE_BYTES_MAX;
  let end = limit;
  while (limit - end < 4 && isInsideCharacter(bytes[end])) end -= 1;
  if (isInsideCharacter(bytes[end])) end = limit;
  return bytes[end - 1] === RETURN ? end - 1 : end;
}

/** Length of `bytes` without a character, or a carriage return, whose rest may still come. */
function wholeLength(bytes: Buffer): number {
  const length = bytes.length;
  if (bytes[length - 1] === RETURN) return length - 1;
  for (let back = 1; back <= Math.min(3, length); back += 1) {
    const byte = bytes[length - back] ?? 0;
    if (isInsideCharacter(byte)) continue;
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > back ? length - back : length;
  }
  return length;
}

function isInsideCharacter(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
