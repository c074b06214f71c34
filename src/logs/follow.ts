import { existsSync } from "node:fs";
import { isTarget, type LogTarget, listSlots, parseSlotName } from "./catalogue.ts";
import type { LogEntry } from "./entry.ts";
import type { LineFilter } from "./filter.ts";
import { FolderWatch } from "./folder-watch.ts";
import { endPositions, type Positions } from "./history.ts";
import { type Stream, slotFolder } from "./layout.ts";
import { mergeEntries } from "./merge.ts";
import { SlotFollower } from "./slot-follower.ts";
import type { Tail } from "./tail.ts";

/** How long an unfinished line is held before it is shown as it is. */
const PARTIAL_MS = 200;
/** In a flood: below the 20 ms within which a line is to be seen. */
const POLL_MS = 10;
/** Files read in one turn: bounds what is held in memory when thousands of runs are followed at once. */
const TURN_FILES_MAX = 64;
/** Turns taken for the last words: some tens of megabytes. */
const LAST_TURNS_MAX = 1_000;
/** While the project has no folder of runs: it has never run. */
const ABSENT_POLL_MS = 250;

export interface FollowOptions {
  readonly runs: string;
  /** null: every service, also those that are added later. */
  readonly targets: readonly LogTarget[] | null;
  readonly stream: Stream | null;
  /** Only this run of each instance; null: all, also later ones. */
  readonly run: number | null;
  /** `end`: only what is written from now on; or the positions at which a query ended. */
  readonly from: "start" | "end" | Positions;
  readonly filter: LineFilter | null;
  /** Gets lines as they come; while its promise is pending nothing more is read. */
  readonly onLines: (entries: readonly LogEntry[]) => void | Promise<void>;
  readonly signal: AbortSignal;
  /** When it aborts, whatever has been written by then is still delivered: the last words of what was stopped. */
  readonly lastWords?: boolean;
}

/**
 * Follows all runs of the targets: the living ones and those that start later, instances and services
 * that are added later too. Resolves when `signal` aborts. Each line comes once, in its file's order.
 */
export async function followLogs(options: FollowOptions): Promise<void> {
  const follower = new Follower(options);
  try {
    await follower.run();
  } finally {
    follower.close();
  }
}

class Follower {
  readonly #options: FollowOptions;
  readonly #positions: Positions;
  readonly #slots = new Map<string, SlotFollower>();
  readonly #dirty = new Set<Tail>();
  /** Where unfinished lines begin, and when they are to be shown as they are. */
  readonly #unfinished = new Map<Tail, { readonly offset: number; readonly dueAt: number }>();
  #root: FolderWatch | null = null;
  #wake: () => void = () => {};

  constructor(options: FollowOptions) {
    this.#options = options;
    const { from } = options;
    this.#positions = from === "end" ? endPositions(options) : from === "start" ? new Map() : from;
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      if (this.#root === null) this.#openRoot();
      const lines = [...this.#readDirty(), ...this.#flushOverdue()];
      if (lines.length > 0) await this.#deliver(lines);
      // Also lets signals and timers in between the turns of a long backlog.
      else if (this.#dirty.size === 0) await this.#sleep();
      if (this.#dirty.size > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    if (this.#options.lastWords === true) await this.#readLastWords();
  }

  /** News may still be on its way from the kernel, so every file is looked at. Bounded: something may flood on. */
  async #readLastWords(): Promise<void> {
    this.#lookAtSlots(null);
    for (const slot of this.#slots.values()) slot.look(null);
    for (let turn = 0; turn < LAST_TURNS_MAX && this.#dirty.size > 0; turn++) {
      await this.#deliver(this.#readDirty());
    }
  }

  close(): void {
    this.#root?.close();
    for (const slot of this.#slots.values()) slot.close();
    this.#slots.clear();
  }

  async #deliver(lines: readonly LogEntry[]): Promise<void> {
    const { filter, onLines } = this.#options;
    const picked = filter === null ? lines : lines.flatMap((entry) => filter.push(entry));
    if (picked.length > 0) await onLines(picked);
  }

  /** Ends with the next news, the abort, or the time of an unfinished line. */
  async #sleep(): Promise<void> {
    const dueAt = Math.min(...[...this.#unfinished.values()].map((one) => one.dueAt));
    const waitMs = this.#root === null ? ABSENT_POLL_MS : dueAt - performance.now();
    let timer: NodeJS.Timeout | null = null;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#options.signal.aborted) resolve();
      if (Number.isFinite(waitMs)) timer = setTimeout(resolve, Math.max(0, waitMs));
    });
    if (timer !== null) clearTimeout(timer);
    this.#wake = () => {};
  }

  /** One turn of every file with news, merged by time. */
  #readDirty(): LogEntry[] {
    const batches: LogEntry[][] = [];
    const turn = [...this.#dirty].slice(0, TURN_FILES_MAX).sort(byRun);
    for (const tail of turn) {
      this.#dirty.delete(tail);
      const lines = tail.read();
      batches.push(lines);
      if (tail.hasMore) {
        // At the end of the line: with many files in flood, each has its turn.
        this.#dirty.add(tail);
        continue;
      }
      if (tail.isEnded) {
        lines.push(...tail.flush("eof"));
        tail.close();
      }
      this.#noteUnfinished(tail);
    }
    if (batches.length === 1) return batches[0] ?? [];
    const sources = batches.map((batch) => ({
      startsMs: batch[0]?.timeMs ?? 0,
      open: () => batch.values(),
    }));
    return [...mergeEntries(sources)];
  }

  #flushOverdue(): LogEntry[] {
    const lines: LogEntry[] = [];
    for (const [tail, { dueAt }] of this.#unfinished) {
      if (this.#dirty.has(tail) || dueAt > performance.now()) continue;
      this.#unfinished.delete(tail);
      lines.push(...tail.flush("partial"));
    }
    return lines;
  }

  /** The time runs from the line's first byte: a row of dots is seen while it grows. */
  #noteUnfinished(tail: Tail): void {
    const offset = tail.unfinishedAt;
    if (offset === null) this.#unfinished.delete(tail);
    else if (this.#unfinished.get(tail)?.offset !== offset) {
      this.#unfinished.set(tail, { offset, dueAt: performance.now() + PARTIAL_MS });
    }
  }

  #openRoot(): void {
    const { runs } = this.#options;
    if (!existsSync(runs)) return;
    this.#root = new FolderWatch(runs, {
      look: (name) => this.#lookAtSlots(name),
      pollMs: POLL_MS,
    });
    this.#lookAtSlots(null);
  }

  /** A folder of a slot came, or was replaced by another of the same name. */
  #lookAtSlots(name: string | null): boolean {
    const { runs, targets } = this.#options;
    let news = false;
    const found = name === null ? listSlots(runs) : [parseSlotName(name)];
    for (const slot of found) {
      if (slot === null || !isTarget(targets, slot)) continue;
      news = this.#openSlot(slot) || news;
    }
    return news;
  }

  #openSlot(slot: { readonly service: string; readonly slot: number }): boolean {
    const key = `${slot.service}.${slot.slot}`;
    const known = this.#slots.get(key);
    if (known?.isCurrent === true) return false;
    known?.close();
    this.#slots.delete(key);
    const { runs, stream, run } = this.#options;
    if (!existsSync(slotFolder(runs, slot.service, slot.slot))) return false;
    const follower = new SlotFollower({
      ...{ runs, ...slot, stream, run },
      positions: this.#positions,
      pollMs: POLL_MS,
      takeOver: (inode) => this.#takeOver(inode),
      onNews: (tail) => {
        this.#dirty.add(tail);
        this.#wake();
      },
    });
    this.#slots.set(key, follower);
    follower.look(null);
    return true;
  }

  #takeOver(inode: number): number | null {
    for (const slot of this.#slots.values()) {
      const offset = slot.handOver(inode);
      if (offset !== null) return offset;
    }
    return null;
  }
}

function byRun(a: Tail, b: Tail): number {
  return a.source.owner.run - b.source.owner.run;
}
