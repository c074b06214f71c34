import type { ProjectPaths } from "../paths.ts";
import { Ballast } from "./ballast.ts";
import { type Cause, causeOf, fullWords, type Space, sizeWords, spaceOf } from "./disk-space.ts";

export interface DiskOptions {
  readonly paths: Pick<ProjectPaths, "state">;
  /** One line for people: an event of the project. */
  readonly say: (message: string) => void;
  /** Deletes the oldest of what is stored until so many bytes are freed; returns what was freed. */
  readonly free: (bytes: number) => number;
  /** How much there is; null: nobody can tell. */
  readonly space?: () => Space | null;
  /** What changes back and forth within this time, in ms, is told once. */
  readonly calmMs?: number;
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
/** In a flood there is room in one moment and none in the next: neither is news. */
const CALM_MS = 60_000;
/** Room for a few files beyond the ballast, before it counts as room. */
const SPARE_BYTES = 64 * 1024;
/** Deleted when a quota is used up. */
const QUOTA_BYTES = 4 * 1024 * 1024;

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
  /** When it was last tight. */
  #tightAt = Number.NEGATIVE_INFINITY;
  #hasToldOfLogs = false;
  /** When there was room again, as long as there is. */
  #roomAt: number | null = null;
  /** How long there must be room before that is believed: longer with each time that it was not so. */
  #patienceMs = 0;
  #resumedAt = Number.NEGATIVE_INFINITY;
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
    else if (space.isFull) this.#relieve({ code: "ENOSPC", cause: "full" });
    else this.#tend(space);
  }

  /**
   * A write has failed. True: it was for lack of space and some was made, so trying once more at once may help; false: there is
   * no more to be had, or it failed for another reason.
   */
  full(error: unknown): boolean {
    const known = causeOf(error);
    if (known === null) return false;
    const hasRoom = known.cause === "full" && this.#ballast.release();
    // Not now: whoever failed is in the middle of something.
    if (this.#stopped === null && !this.#isRelieving) {
      this.#isRelieving = true;
      setImmediate(() => {
        this.#isRelieving = false;
        this.#relieve(known);
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
    if (!this.#ballast.isWhole && this.#hasRoom(space)) this.#ballast.fill();
  }

  /** Before it is full: the oldest logs go, also those within their caps. */
  #makeRoom(bytes: number, { freeBytes, totalBytes }: Space): void {
    const freed = this.#free(bytes);
    const left = `the disk that holds logs is nearly full (${sizeWords(freeBytes)} of ${sizeWords(totalBytes)} free)`;
    this.#tell(left, freed, true);
  }

  /** Nothing fits any more: the oldest logs go, and if that does not help it is said that storing has stopped. */
  #relieve({ code, cause }: { readonly code: string; readonly cause: Cause }): void {
    if (this.#stopped !== null) return;
    const before = this.#space();
    if (cause === "full" && before !== null) {
      // The space of a quota is not the file system's: nobody says how much of it is left.
      const freed = code === "EDQUOT" ? this.#free(QUOTA_BYTES) : this.#freeEnough(before);
      const space = this.#space();
      if (space !== null && this.#hasRoom(space) && this.#ballast.fill()) {
        this.#tell(fullWords(before), freed, false);
        return;
      }
    }
    this.#stop(cause, code);
  }

  #stop(cause: Cause, code: string): void {
    const now = performance.now();
    const isSoon = now - this.#resumedAt < this.#calmMs;
    this.#patienceMs = isSoon ? Math.min(CALM_MS, Math.max(1_000, this.#patienceMs * 2)) : 0;
    this.#roomAt = null;
    this.#tightAt = now;
    this.#stopped = { sinceMs: Date.now(), cause };
    this.#timer ??= setInterval(() => this.#again(), RETRY_EVERY_MS).unref();
    this.#options.say(stoppedWords(cause, code, this.#space(), this.#options.paths.state));
  }

  /** Nothing could be stored: whether it can be now, and for long enough to say so. */
  #resume(space: Space, { cause, sinceMs }: Stopped): void {
    const now = performance.now();
    if (cause === "full") this.#freeEnough(space);
    if (!this.#hasRoom(this.#space() ?? space) || !this.#ballast.fill(cause === "barred")) {
      this.#roomAt = null;
      return;
    }
    this.#roomAt ??= now;
    if (now - this.#roomAt < this.#patienceMs) return;
    this.#stopped = null;
    this.#resumedAt = now;
    this.#tightAt = now;
    const seconds = Math.max(1, Math.round((Date.now() - sinceMs) / 1000));
    const what =
      cause === "full"
        ? `there is space again on the disk that holds logs (${sizeWords(space.freeBytes)} free): output is stored`
        : `${this.#options.paths.state} can be written to again`;
    this.#options.say(`${what}, after ${seconds}s`);
  }

  /** Frees what is missing to what there should be; returns what was freed. */
  #freeEnough(space: Space): number {
    const enough = Math.max(reserveOf(space), this.#ballast.wantedBytes + 2 * SPARE_BYTES);
    return enough > space.freeBytes ? this.#free(enough - space.freeBytes) : 0;
  }

  /** Says once that it is tight, and once that logs were deleted for it, until it has not been so for a while. */
  #tell(what: string, freed: number, isNews: boolean): void {
    const now = performance.now();
    const isAnew = now - this.#tightAt >= this.#calmMs;
    if (isAnew) this.#hasToldOfLogs = false;
    this.#tightAt = now;
    if (freed > 0 && !this.#hasToldOfLogs) {
      this.#hasToldOfLogs = true;
      this.#options.say(`${what}: ${goneWords(freed)}`);
    } else if (isNews && isAnew) this.#options.say(what);
  }

  get #calmMs(): number {
    return this.#options.calmMs ?? CALM_MS;
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
    if (this.#stopped === null) this.#rest();
    else if (this.#roomAt === null) return;
    const retries = [...this.#retries];
    this.#retries.clear();
    for (const retry of retries) retry();
  }

  #rest(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #hasRoom({ freeBytes, freeFiles }: Space): boolean {
    return freeFiles > 0 && freeBytes > this.#ballast.wantedBytes + SPARE_BYTES;
  }

  #space(): Space | null {
    const { space, paths } = this.#options;
    return space === undefined ? spaceOf(paths.state) : space();
  }
}

function stoppedWords(cause: Cause, code: string, space: Space | null, folder: string): string {
  if (cause === "full")
    return `${fullWords(space)}: services keep running, but their output is not being stored`;
  return `${folder} cannot be written to (${code}): services keep running, but what procs does is not recorded`;
}

function goneWords(bytes: number): string {
  return `the oldest logs were deleted (${sizeWords(bytes)})`;
}

function reserveOf({ totalBytes }: Space): number {
  return Math.min(RESERVE_BYTES_MAX, totalBytes / SHARE);
}
