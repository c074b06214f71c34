import { basename } from "node:path";
import { listSlotRuns, type StoredRun, type StoredStream, streamsOf } from "./catalogue.ts";
import { FolderWatch } from "./folder-watch.ts";
import type { Positions } from "./history.ts";
import { runFiles, type Stream, slotFolder } from "./layout.ts";
import { readLedger } from "./ledger.ts";
import { statOrNull } from "./plain-file.ts";
import { Tail } from "./tail.ts";

/** File systems keep times this coarsely: a folder that changed just now may change unseen. */
const FOLDER_TIME_MS = 50;

export interface SlotFollowerOptions {
  readonly runs: string;
  readonly service: string;
  readonly slot: number;
  readonly stream: Stream | null;
  readonly run: number | null;
  /** Where to go on in files that are known; all others from their beginning. */
  readonly positions: Positions;
  readonly pollMs: number;
  /** Takes a file over from its old name: a run whose service is renamed takes its files along. */
  readonly takeOver: (inode: number) => number | null;
  /** There is something to read in a file, or its run has ended. */
  readonly onNews: (tail: Tail) => void;
}

/** Watches the folder of one slot, and says which of its files have news. */
export class SlotFollower {
  readonly #options: SlotFollowerOptions;
  readonly #folder: string;
  readonly #tails = new Map<string, Tail>();
  /** Runs that have ended and were read to their end; only a notice by name wakes their files again. */
  readonly #settled = new Set<number>();
  readonly #inode: number;
  readonly #watch: FolderWatch;
  #known: readonly StoredRun[] = [];
  #listedMs = 0;

  constructor(options: SlotFollowerOptions) {
    this.#options = options;
    this.#folder = slotFolder(options.runs, options.service, options.slot);
    this.#inode = statOrNull(this.#folder)?.ino ?? 0;
    const look = (name: string | null) => this.look(name);
    this.#watch = new FolderWatch(this.#folder, { look, pollMs: options.pollMs });
  }

  /** False once the folder has gone, or is another one of the same name. */
  get isCurrent(): boolean {
    return statOrNull(this.#folder)?.ino === this.#inode;
  }

  /** Looks at one file, or at all (null) but the settled ones; true when there was news. */
  look(name: string | null): boolean {
    if (name === null) return this.#lookAtAll();
    const match = /^([1-9]\d*)\.(out|err|ledger)$/.exec(name);
    if (match === null) return false;
    const number = Number(match[1]);
    const { runs, service, slot, run } = this.#options;
    if (run !== null && run !== number) return false;
    const files = runFiles(runs, service, slot, number);
    const stored: StoredRun = { service, slot, run: number, files };
    if (match[2] === "ledger") return this.#lookForEnd(stored);
    return this.#streams(stored).some(
      (source) => basename(source.path) === name && this.#lookAtStream(source),
    );
  }

  /** Gives up the file with this inode, and says where it was read to; null: it is none of ours. */
  handOver(inode: number): number | null {
    const tail = [...this.#tails.values()].find((one) => one.inode === inode);
    if (tail === undefined) return null;
    const { offset } = tail;
    tail.abandon();
    this.#tails.delete(tail.source.path);
    return offset;
  }

  close(): void {
    this.#watch.close();
    for (const tail of this.#tails.values()) tail.close();
  }

  #lookAtAll(): boolean {
    let news = false;
    for (const stored of this.#list()) {
      if (this.#settled.has(stored.run)) continue;
      if (this.#lookForEnd(stored)) news = true;
      else for (const source of this.#streams(stored)) news = this.#lookAtStream(source) || news;
    }
    return news;
  }

  #lookAtStream(source: StoredStream): boolean {
    const tail = this.#tails.get(source.path) ?? this.#open(source);
    // Living runs may be renamed. Of ended ones there can be thousands: too many to hold open.
    if (!this.#settled.has(source.owner.run)) tail.hold();
    if (!tail.hasMore) return false;
    this.#options.onNews(tail);
    return true;
  }

  /** An ended run's files are read once more, now that nothing is unfinished any longer. */
  #lookForEnd(stored: StoredRun): boolean {
    if (this.#settled.has(stored.run)) return false;
    if (readLedger(stored.files.ledger).status === null) return false;
    this.#settled.add(stored.run);
    for (const source of this.#streams(stored)) {
      const tail = this.#tails.get(source.path) ?? this.#open(source);
      tail.isEnded = true;
      if (tail.hasMore || tail.unfinishedAt !== null) this.#options.onNews(tail);
      else tail.close();
    }
    return true;
  }

  #open(source: StoredStream): Tail {
    const { positions, takeOver } = this.#options;
    const tail = new Tail(source, positions.get(source.path) ?? renamedAt(source, takeOver));
    this.#tails.set(source.path, tail);
    return tail;
  }

  #streams(stored: StoredRun): StoredStream[] {
    return streamsOf(stored, this.#options.stream);
  }

  /** The runs in the folder, listed again only when it changed: a crash loop leaves thousands. */
  #list(): readonly StoredRun[] {
    const changedMs = statOrNull(this.#folder)?.mtimeMs ?? 0;
    if (changedMs + FOLDER_TIME_MS < this.#listedMs) return this.#known;
    const { runs, service, slot, run } = this.#options;
    this.#listedMs = Date.now();
    this.#known = listSlotRuns(runs, service, slot).filter(
      (one) => run === null || one.run === run,
    );
    return this.#known;
  }
}

function renamedAt(source: StoredStream, takeOver: (inode: number) => number | null): number {
  const inode = statOrNull(source.path)?.ino;
  return (inode === undefined ? null : takeOver(inode)) ?? 0;
}
