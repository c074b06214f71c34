import { closeSync, fstatSync, readSync, type Stats } from "node:fs";
import { currentArchives, knownArchives } from "./archive-folder.ts";
import { type ArchiveReader, openArchive } from "./archive-reader.ts";
import { type Archive, cutsPath, type StreamArchives } from "./archives.ts";
import { openPlain, statOrNull } from "./plain-file.ts";

/** Looks at the names before giving up on an archive that is there and cannot be opened. */
const TRIES_MAX = 3;

/** What there is at a position. */
export type Chunk =
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  /** Nothing is left of what was here; `to`: the first byte after it. */
  | { readonly kind: "dropped"; readonly to: number }
  /** Nothing, as yet. */
  | { readonly kind: "end" };

/**
 * All bytes of one stream by their permanent positions, wherever they lie: archives, compressed or not, and
 * the live file. That a rotation, a compression or a drop comes in between is not seen: what was read is
 * only believed when the names still say the same, and a hole of the live file is never taken for bytes.
 * Reading is synchronous. A stream that is not there yet, or no longer, has nothing.
 */
export class StreamBytes {
  readonly #path: string;
  #archives: StreamArchives;
  #fd: number | null = null;
  #opened: { readonly archive: Archive; readonly reader: ArchiveReader } | null = null;
  /** The file that is open goes by another name, or by none: what it holds is read under that name. */
  #hasGone = false;

  constructor(path: string) {
    this.#path = path;
    this.#archives = knownArchives(path);
  }

  /** The first byte that is left. */
  get start(): number {
    return this.#archives.list[0]?.from ?? this.#archives.base;
  }

  /** From here on the bytes are in the live file, which is the cheapest to read. */
  get liveFrom(): number {
    return this.#archives.base;
  }

  /** The first byte that is not written yet. */
  get end(): number {
    if (this.#hasGone) return 0;
    for (;;) {
      const cuts = this.#countCuts();
      const { base, shift, isBeingCut } = this.#archives;
      if (isBeingCut) return base;
      const end = Math.max(base, shift + (this.stat()?.size ?? 0));
      if (cuts === this.#countCuts()) return end;
    }
  }

  /** Opens the live file, so that it can be told apart whatever its name becomes. */
  hold(): void {
    this.#open();
  }

  /** Of the live file, open or not; null: it is not there. */
  stat(): Stats | null {
    if (this.#fd !== null) return fstatSync(this.#fd);
    return statOrNull(this.#path);
  }

  /** Names the live file whatever its path; null while it is not open, when the number may be another's. */
  get inode(): number | null {
    return this.#fd === null ? null : fstatSync(this.#fd).ino;
  }

  /** Up to `length` bytes from `at`; fewer where a file ends. */
  read(at: number, length: number): Chunk {
    for (let tries = 0; ; tries += 1) {
      const archive = this.#archives.list.find((one) => at >= one.from && at < one.to);
      const found =
        archive === undefined ? this.#readRest(at, length) : this.#readArchive(archive, at, length);
      if (found !== null) return found;
      this.#archives = currentArchives(this.#path);
      if (tries < TRIES_MAX || archive === undefined) continue;
      // Neither gone nor readable: as good as dropped.
      return { kind: "dropped", to: archive.to };
    }
  }

  /** Lets go of the files; a later `read` opens them again. */
  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#opened?.reader.close();
    this.#opened = null;
  }

  /** null: the archive has gone, perhaps to come back compressed. */
  #readArchive(archive: Archive, at: number, length: number): Chunk | null {
    if (this.#opened?.archive.from !== archive.from || this.#opened.archive.to !== archive.to) {
      this.#opened?.reader.close();
      this.#opened = null;
      const reader = openArchive(archive);
      if (reader === null) return null;
      this.#opened = { archive, reader };
    }
    const wanted = Math.min(length, archive.to - at);
    const bytes = this.#opened.reader.read(at - archive.from, wanted);
    if (bytes.length > 0) return { kind: "bytes", bytes };
    this.#opened.reader.close();
    this.#opened = null;
    return null;
  }

  /** What is in no archive; null: look at the names again. */
  #readRest(at: number, length: number): Chunk | null {
    const { base, list } = this.#archives;
    if (at < base) return { kind: "dropped", to: list.find((one) => one.from > at)?.from ?? base };
    this.#opened?.reader.close();
    this.#opened = null;
    const fd = this.#open();
    if (fd === null || this.#hasGone) return { kind: "end" };
    const cuts = this.#countCuts();
    const { shift, isBeingCut } = this.#archives;
    if (isBeingCut || at < this.#archives.base) return isBeingCut ? { kind: "end" } : null;
    const bytes = Buffer.allocUnsafe(length);
    const got = readSync(fd, bytes, 0, length, at - shift);
    if (cuts !== this.#countCuts()) return null;
    return got === 0 ? { kind: "end" } : this.#checked(at, fd, bytes.subarray(0, got));
  }

  /** A zero byte is the program's own, or of a hole that was punched while we read. */
  #checked(at: number, fd: number, bytes: Buffer): Chunk | null {
    const isSuspect = bytes.includes(0) || this.#archives.shift > 0;
    if (!isSuspect) return { kind: "bytes", bytes };
    this.#archives = currentArchives(this.#path);
    if (at < this.#archives.base) return null;
    const named = statOrNull(this.#path);
    if (named?.ino === fstatSync(fd).ino) return { kind: "bytes", bytes };
    this.#hasGone = true;
    return { kind: "end" };
  }

  /** Looks at the names too where the live file is cut, not punched: its positions move with each cut. */
  #countCuts(): number {
    const cuts = statOrNull(cutsPath(this.#path))?.size ?? 0;
    if (cuts > 0) this.#archives = currentArchives(this.#path);
    return cuts;
  }

  #open(): number | null {
    try {
      this.#fd ??= openPlain(this.#path);
    } catch {
      // Not there: it may come.
    }
    return this.#fd;
  }
}
