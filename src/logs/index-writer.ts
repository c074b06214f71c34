import { closeSync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { FolderWatch } from "./folder-watch.ts";
import type { RunFiles } from "./layout.ts";
import { encodeRecord, RECORD_BYTES, TimeIndex } from "./time-index.ts";

/** Between two records of one stream in a flood: how exactly lines of different files can be ordered. */
const RECORD_EVERY_MS = 10;

/**
 * Keeps the time index of every run that is watched: the supervisor's only part in the logs. Woken by
 * the files' changes, idle otherwise. It never throws: a log file or a folder that vanished, or a full
 * disk, costs times and nothing else.
 */
export class Indexer {
  readonly #slots = new Map<string, SlotWatch>();

  /** Starts, or goes on, to index a run; its folder and files should be there by now. */
  watchRun(files: RunFiles): void {
    const slot = this.#slots.get(files.folder) ?? new SlotWatch(files.folder);
    this.#slots.set(files.folder, slot);
    slot.add(files);
  }

  /** Writes the final records of a run and forgets it. */
  endRun(files: RunFiles): void {
    const slot = this.#slots.get(files.folder);
    if (slot === undefined) return;
    slot.remove(files);
    if (!slot.isEmpty) return;
    slot.close();
    this.#slots.delete(files.folder);
  }

  /** Writes final records of all runs and lets go of every file. */
  close(): void {
    for (const slot of this.#slots.values()) slot.close();
    this.#slots.clear();
  }
}

/** One slot's folder and the streams of its watched runs; in a rolling replacement there are two runs. */
class SlotWatch {
  readonly #streams = new Map<string, StreamIndex>();
  readonly #watch: FolderWatch;

  constructor(folder: string) {
    const look = (name: string | null) => this.#look(name);
    this.#watch = new FolderWatch(folder, { look, pollMs: RECORD_EVERY_MS });
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  add(files: RunFiles): void {
    if (this.#streams.has(basename(files.out))) return;
    this.#streams.set(basename(files.out), new StreamIndex(files.out, files.outIndex));
    this.#streams.set(basename(files.err), new StreamIndex(files.err, files.errIndex));
    this.#look(null);
  }

  remove(files: RunFiles): void {
    for (const name of [basename(files.out), basename(files.err)]) {
      this.#streams.get(name)?.close();
      this.#streams.delete(name);
    }
  }

  close(): void {
    this.#watch.close();
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  #look(name: string | null): boolean {
    if (name !== null) return this.#streams.get(name)?.record() ?? false;
    let news = false;
    for (const stream of this.#streams.values()) news = stream.record() || news;
    return news;
  }
}

/** The index of one stream, being written. */
class StreamIndex {
  readonly #log: string;
  readonly #path: string;
  #fd: number | null = null;
  #offset: number;
  #timeMs: number;

  constructor(log: string, path: string) {
    this.#log = log;
    this.#path = path;
    const written = new TimeIndex(path);
    const last = written.last();
    written.close();
    this.#offset = last?.offset ?? 0;
    this.#timeMs = last?.timeMs ?? 0;
  }

  /** Adds a record if the log grew; true if it did. */
  record(): boolean {
    try {
      // The time of the last write, not now: right too for what was written while nobody looked.
      const { size, mtimeMs } = statSync(this.#log);
      if (size <= this.#offset) return false;
      const timeMs = Math.max(this.#timeMs, Math.min(mtimeMs, Date.now()));
      this.#append(size, timeMs);
      this.#offset = size;
      this.#timeMs = timeMs;
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.record();
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** A quiet stream holds no descriptor: the index is opened by its first record. */
  #append(offset: number, timeMs: number): void {
    if (this.#fd === null) {
      this.#fd = openSync(this.#path, "a", 0o600);
      dropTornRecord(this.#fd);
    }
    const bytes = encodeRecord({ offset, timeMs });
    if (writeSync(this.#fd, bytes) !== bytes.length) dropTornRecord(this.#fd);
  }
}

/** A full disk, or a death in the middle of a write, can leave a part of a record at the end. */
function dropTornRecord(fd: number): void {
  const { size } = fstatSync(fd);
  if (size % RECORD_BYTES !== 0) ftruncateSync(fd, size - (size % RECORD_BYTES));
}
