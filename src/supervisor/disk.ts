import { statfsSync } from "node:fs";
import type { ProjectPaths } from "../paths.ts";
import { Ballast } from "./ballast.ts";

export interface DiskOptions {
  readonly paths: Pick<ProjectPaths, "state">;
  /** One line for people: an event of the project. */
  readonly say: (message: string) => void;
  /** Deletes the oldest of what is stored until so many bytes are freed; returns what was freed. */
  readonly free: (bytes: number) => number;
  /** How much there is; null: nobody can tell. */
  readonly space?: () => Space | null;
}

/** Less than this is tight; of a smaller file system a twentieth. */
const RESERVE_BYTES_MAX = 256 * 1024 * 1024;
const SHARE = 20;
/** A flood changes files a hundred times a second: so often it is asked how much is left. */
const LOOK_EVERY_MS = 100;
/** After so long there may be something to delete again. */
const BARREN_MS = 5_000;
/** While nothing can be stored: whether there is room again. */
const RETRY_EVERY_MS = 1_000;
/** Room for a few files beyond the ballast, before it counts as room. */
const SPARE_BYTES = 64 * 1024;
/** Deleted when a quota is used up. */
const QUOTA_BYTES = 4 * 1024 * 1024;

/** Why nothing is stored: there is no room, or the folder cannot be written to. */
type Cause = "full" | "barred";

interface Stopped {
  readonly sinceMs: number;
  readonly cause: Cause;
}

/**
 * The space that a project's logs and books are stored in. Before it gets tight the oldest logs go; when it is full all the
 * same, ballast makes room for the supervisor's own files, and it is said once, and once more when there is room again.
 * Costs nothing while nothing is written.
 */
export class Disk {
  readonly #options: DiskOptions;
  readonly #ballast: Ballast;
  readonly #retries = new Set<() => void>();
  #stopped: Stopped | null = null;
  #isTight = false;
  #isRelieving = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #barrenUntil = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  /** A look that is due. */
  #soon: NodeJS.Timeout | null = null;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#ballast = new Ballast(options.paths.state, this.#space()?.totalBytes ?? 0);
  }

  /** Something has grown: asks how much is left, now or, when that was asked a moment ago, in a moment. */
  grown(): void {
    if (this.#soon !== null) return;
    const waitMs = this.#lookedAt + LOOK_EVERY_MS - performance.now();
    if (waitMs <= 0) this.look();
    else this.#soon = setTimeout(() => this.look(), waitMs).unref();
  }

  /** Asks how much is left, and does what that calls for. */
  look(): void {
    this.#lookedAt = performance.now();
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    const space = this.#space();
    if (space === null) return;
    if (this.#stopped !== null) this.#resume(space, this.#stopped);
    else if (space.isFull) this.#relieve("ENOSPC");
    else this.#tend(space);
  }

  /**
   * A write has failed. True: it was for lack of space and some was made, so trying once more at once may help; false: there is
   * no more to be had, or it failed for another reason.
   */
  full(error: unknown): boolean {
    const code = codeOf(error);
    const cause = code === null ? undefined : CAUSES[code];
    if (code === null || cause === undefined) return false;
    const hasRoom = cause === "full" && this.#ballast.release();
    // Not now: whoever failed is in the middle of something.
    if (this.#stopped === null && !this.#isRelieving) {
      this.#isRelieving = true;
      setImmediate(() => {
        this.#isRelieving = false;
        this.#relieve(code);
      });
    }
    return hasRoom;
  }

  /** Calls `retry` once, a while later, when there is room. Asked twice for the same: called once. */
  later(retry: () => void): void {
    this.#retries.add(retry);
    this.#timer ??= setInterval(() => this.#again(), RETRY_EVERY_MS).unref();
  }

  /** `isLeaving`: the space of the ballast is given back. */
  close(isLeaving: boolean): void {
    this.#rest();
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#stopped = null;
    this.#retries.clear();
    if (isLeaving) this.#ballast.remove();
  }

  #tend(space: Space): void {
    const reserve = reserveOf(space);
    if (space.freeBytes < reserve) this.#makeRoom(reserve - space.freeBytes, space);
    else if (space.freeBytes > reserve * 1.25) this.#isTight = false;
    if (!this.#ballast.isWhole && this.#hasRoom(space)) this.#ballast.fill();
  }

  /** Before it is full: the oldest logs go, also those within their caps. */
  #makeRoom(bytes: number, { freeBytes, totalBytes }: Space): void {
    const freed = this.#free(bytes);
    if (this.#isTight) return;
    this.#isTight = true;
    const left = `the disk that holds logs is nearly full (${sizeWords(freeBytes)} of ${sizeWords(totalBytes)} free)`;
    this.#options.say(freed > 0 ? `${left}: ${goneWords(freed)}` : left);
  }

  /** Nothing fits any more: the oldest logs go, and if that does not help it is said that storing has stopped. */
  #relieve(code: string): void {
    if (this.#stopped !== null) return;
    const cause = CAUSES[code] ?? "full";
    if (cause === "full" && this.#makeSpace(code)) return;
    this.#stopped = { sinceMs: Date.now(), cause };
    this.#timer ??= setInterval(() => this.#again(), RETRY_EVERY_MS).unref();
    this.#options.say(stoppedWords(cause, code, this.#space(), this.#options.paths.state));
  }

  /** Whether deleting logs has made enough of it. */
  #makeSpace(code: string): boolean {
    const before = this.#space();
    if (before === null) return false;
    // The space of a quota is not the file system's: nobody says how much of it is left.
    const enough = Math.max(reserveOf(before), this.#ballast.wantedBytes + 2 * SPARE_BYTES);
    const need = code === "EDQUOT" ? QUOTA_BYTES : enough - before.freeBytes;
    const freed = need > 0 ? this.#free(need) : 0;
    const space = this.#space();
    if (space === null || !this.#hasRoom(space) || !this.#ballast.fill()) return false;
    if (freed > 0) {
      this.#isTight = true;
      this.#options.say(`${fullWords(before)}: ${goneWords(freed)}`);
    }
    return true;
  }

  /** Where nothing was to be had a moment ago, nothing is now: looking takes time. */
  #free(bytes: number): number {
    if (performance.now() < this.#barrenUntil) return 0;
    const freed = this.#options.free(bytes);
    if (freed === 0) this.#barrenUntil = performance.now() + BARREN_MS;
    return freed;
  }

  #again(): void {
    this.look();
    if (this.#stopped !== null) return;
    this.#rest();
    const retries = [...this.#retries];
    this.#retries.clear();
    for (const retry of retries) retry();
  }

  #rest(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #resume(space: Space, { cause, sinceMs }: Stopped): void {
    if (!this.#hasRoom(space) || !this.#ballast.fill(cause === "barred")) return;
    this.#stopped = null;
    this.#isTight = true;
    const seconds = Math.max(1, Math.round((Date.now() - sinceMs) / 1000));
    const what =
      cause === "full"
        ? `there is space again on the disk that holds logs (${sizeWords(space.freeBytes)} free): output is stored`
        : `${this.#options.paths.state} can be written to again`;
    this.#options.say(`${what}, after ${seconds}s`);
  }

  #hasRoom({ freeBytes, freeFiles }: Space): boolean {
    return freeFiles > 0 && freeBytes > this.#ballast.wantedBytes + SPARE_BYTES;
  }

  #space(): Space | null {
    const { space, paths } = this.#options;
    return space === undefined ? spaceOf(paths.state) : space();
  }
}

const CAUSES: Readonly<Record<string, Cause>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EROFS: "barred",
  EACCES: "barred",
  EPERM: "barred",
};

function stoppedWords(cause: Cause, code: string, space: Space | null, folder: string): string {
  if (cause === "full")
    return `${fullWords(space)}: services keep running, but their output is not being stored`;
  return `${folder} cannot be written to (${code}): services keep running, but what procs does is not recorded`;
}

/** What a file system has. */
export interface Space {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** How many more files it can hold, however small; Infinity where nobody counts them. */
  readonly freeFiles: number;
  readonly isFull: boolean;
}

/** How much is left where a folder is; null when nobody can tell. */
export function spaceOf(folder: string): Space | null {
  try {
    const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(folder);
    // Root may take the last blocks, which nobody else may.
    const freeBytes = bsize * (process.getuid?.() === 0 ? bfree : bavail);
    // Some file systems do not count files, and say 0 of 0.
    const freeFiles = files === 0 ? Number.POSITIVE_INFINITY : ffree;
    const totalBytes = bsize * blocks;
    return { totalBytes, freeBytes, freeFiles, isFull: freeBytes < bsize || freeFiles === 0 };
  } catch {
    return null;
  }
}

/** So many more files, and the next supervisor could start. */
export const FILES_MIN = 16;

/** P701's words: `no space left on the disk that holds logs (0 KB of 2.0 MB)`. */
export function fullWords(space: Space | null, held: "logs" | "sockets" = "logs"): string {
  if (space === null) return `no space left on the disk that holds ${held}`;
  if (space.freeFiles < FILES_MIN) return `no room for more files on the disk that holds ${held}`;
  const { freeBytes, totalBytes } = space;
  return `no space left on the disk that holds ${held} (${sizeWords(freeBytes)} of ${sizeWords(totalBytes)})`;
}

function goneWords(bytes: number): string {
  return `the oldest logs were deleted (${sizeWords(bytes)})`;
}

function reserveOf({ totalBytes }: Space): number {
  return Math.min(RESERVE_BYTES_MAX, totalBytes / SHARE);
}

/** `2.1 MB`, in steps of a thousand, as disks are sold; never less than what it is. */
export function sizeWords(bytes: number): string {
  for (const [unit, size] of UNITS) {
    if (bytes >= size) return `${(bytes / size).toFixed(bytes < 10 * size ? 1 : 0)} ${unit}`;
  }
  return bytes === 0 ? "0" : `${Math.ceil(bytes / 1000)} KB`;
}

const UNITS = [
  ["GB", 1e9],
  ["MB", 1e6],
] as const;

/** Whether an operation failed because the disk is full. */
export function isNoSpace(error: unknown): boolean {
  return CAUSES[codeOf(error) ?? ""] === "full";
}

/** Whether it failed because the folder may not be written to. */
export function isBarred(error: unknown): boolean {
  return CAUSES[codeOf(error) ?? ""] === "barred";
}

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}
