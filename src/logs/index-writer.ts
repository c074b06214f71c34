import { closeSync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { listArchives } from "./archives.ts";
import { FolderWatch } from "./folder-watch.ts";
import type { RunFiles } from "./layout.ts";
import { thinIndex } from "./thin-index.ts";
import { encodeRecord, RECORD_BYTES, TimeIndex } from "./time-index.ts";

/** Between two records of one stream in a flood: how exactly lines of different files can be ordered. */
const RECORD_EVERY_MS = 10;
/** One megabyte of index. A service that writes all the time for months comes here again and again. */
const RECORDS_MAX = 65_536;

/**
 * Keeps the time index of every run that is watched: the supervisor's only part in the logs. Woken by
 * the files' changes, idle otherwise. It never throws: a log file or a folder that vanished, or a full
 * disk, costs times and nothing else.
 */
export class Indexer {
  readonly #slots = new Map<string, SlotWatch>();
  readonly #onGrown: OnGrown;

  constructor(onGrown: OnGrown = () => {}) {
    this.#onGrown = onGrown;
  }

  /** Starts, or goes on, to index a run; its folder and files should be there by now. */
  watchRun(files: RunFiles): void {
    const slot = this.#slots.get(files.folder) ?? new SlotWatch(files.folder, this.#onGrown);
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

  /** A stream's live file was cut: its first byte now stands at `shift` in the stream. */
  shifted(live: string, shift: number): void {
    this.#slots.get(dirname(live))?.shifted(basename(live), shift);
  }

  /** Writes final records of all runs and lets go of every file. */
  close(): void {
    for (const slot of this.#slots.values()) slot.close();
    this.#slots.clear();
  }
}

/** Called with a stream's live file and the stream's length, whenever it was seen to have grown. */
export type OnGrown = (live: string, end: number) => void;

/** One slot's folder and the streams of its watched runs; in a rolling replacement there are two runs. */
class SlotWatch {
  readonly #streams = new Map<string, StreamIndex>();
  readonly #watch: FolderWatch;
  readonly #onGrown: OnGrown;

  constructor(folder: string, onGrown: OnGrown) {
    this.#onGrown = onGrown;
    const look = (name: string | null) => this.#look(name);
    this.#watch = new FolderWatch(folder, { look, pollMs: RECORD_EVERY_MS });
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  add(files: RunFiles): void {
    if (this.#streams.has(basename(files.out))) return;
    const { out, outIndex, err, errIndex } = files;
    this.#streams.set(basename(out), new StreamIndex(out, outIndex, this.#onGrown));
    this.#streams.set(basename(err), new StreamIndex(err, errIndex, this.#onGrown));
    this.#look(null);
  }

  remove(files: RunFiles): void {
    for (const name of [basename(files.out), basename(files.err)]) {
      this.#streams.get(name)?.close();
      this.#streams.delete(name);
    }
  }

  shifted(name: string, shift: number): void {
    this.#streams.get(name)?.shifted(shift);
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
  readonly #onGrown: OnGrown;
  #fd: number | null = null;
  #count: number;
  #offset: number;
  #timeMs: number;
  #shift: number;

  constructor(log: string, path: string, onGrown: OnGrown) {
    this.#log = log;
    this.#path = path;
    this.#onGrown = onGrown;
    const written = new TimeIndex(path);
    const last = written.last();
    this.#count = written.count;
    written.close();
    this.#offset = last?.offset ?? 0;
    this.#timeMs = last?.timeMs ?? 0;
    this.#shift = listArchives(log).shift;
  }

  shifted(shift: number): void {
    this.#shift = shift;
  }

  /** Adds a record if the log grew; true if it did. */
  record(): boolean {
    try {
      // The time of the last write, not now: right too for what was written while nobody looked.
      const stat = statSync(this.#log, { throwIfNoEntry: false });
      const end = this.#shift + (stat?.size ?? 0);
      if (stat === undefined || end <= this.#offset) return false;
      const timeMs = Math.max(this.#timeMs, Math.min(stat.mtimeMs, Date.now()));
      this.#onGrown(this.#log, end);
      this.#append(end, timeMs);
      this.#offset = end;
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
    if (this.#count >= RECORDS_MAX) this.#thinOut();
    if (this.#fd === null) {
      this.#fd = openSync(this.#path, "a", 0o600);
      dropTornRecord(this.#fd);
    }
    const bytes = encodeRecord({ offset, timeMs });
    if (writeSync(this.#fd, bytes) !== bytes.length) dropTornRecord(this.#fd);
    else this.#count += 1;
  }

  #thinOut(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    // A full disk: it stays as long as it is, and is tried again much later.
    this.#count = RECORDS_MAX / 2;
    try {
      this.#count = thinIndex(this.#path, listArchives(this.#log).list[0]?.from ?? 0);
    } catch {}
  }
}

/** A full disk, or a death in the middle of a write, can leave a part of a record at the end. */
function dropTornRecord(fd: number): void {
  const { size } = fstatSync(fd);
  if (size % RECORD_BYTES !== 0) ftruncateSync(fd, size - (size % RECORD_BYTES));
}
