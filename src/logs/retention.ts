import type { LogSettings, Millis, ProjectLogSettings } from "../core/spec.ts";
import type { Stream } from "./layout.ts";

/** One run as it lies on the disk. Sizes are what it takes there. */
export interface KeptRun {
  readonly service: string;
  readonly slot: number;
  readonly run: number;
  /** Something of it lives, or may: its files are being written. */
  readonly isLive: boolean;
  readonly archives: readonly KeptArchive[];
  /** The live files, the indexes, the ledger. */
  readonly rest: {
    readonly diskBytes: number;
    /** Bytes that no archive holds, by stream. */
    readonly unarchived: Readonly<Record<Stream, number>>;
    /** Wall time of its last line. */
    readonly atMs: Millis;
  };
}

/** One archive of one stream of a run. */
export interface KeptArchive {
  readonly stream: Stream;
  /** The position after its last byte. */
  readonly to: number;
  readonly diskBytes: number;
  /** Wall time of its last line. */
  readonly atMs: Millis;
}

export interface RetentionRules {
  /** null: the file has no such service any more, and only the project's caps hold. */
  readonly settings: (service: string) => LogSettings | null;
  readonly project: ProjectLogSettings;
  readonly nowMs: Millis;
  /** Bytes that must be freed whatever the caps say, if there is anything that may go. */
  readonly needBytes: number;
}

export type DropReason = "max_age" | "runs" | "keep" | "max_total" | "project" | "space";

/** What is to go: all archives of a stream up to a position, or a run with everything of it. */
export type Drop = {
  readonly service: string;
  readonly slot: number;
  readonly run: number;
  readonly diskBytes: number;
  readonly reason: DropReason;
} & (
  | { readonly kind: "archives"; readonly stream: Stream; readonly to: number }
  | { readonly kind: "run" }
);

/** Ended runs of one slot that are kept at most: a crash loop makes thousands, and each takes a few files. */
export const RUNS_MAX = 100;
/** The end of a stream that stays whatever the caps say: the last words of what has crashed, or may. */
export const LAST_WORDS_BYTES = 64 * 1024;

/**
 * What has to go so that what is stored is within its caps, oldest first. Never the live files of what runs,
 * and never the end of the last run of a service that is in the file: what is left may be above the caps.
 */
export function dropsOf(runs: readonly KeptRun[], rules: RetentionRules): readonly Drop[] {
  const slots = slotsOf(runs, rules);
  for (const slot of slots) {
    const caps = rules.settings(slot.service);
    const ages = [caps?.max_age ?? null, rules.project.max_age].filter((age) => age !== null);
    if (ages.length > 0) slot.dropOlder(rules.nowMs - Math.min(...ages));
    slot.dropRuns();
    if (caps !== null) slot.dropBeyond(caps.keep, caps.max_size);
  }
  for (const [service, own] of groupBy(slots, (slot) => slot.service)) {
    const total = rules.settings(service)?.max_total ?? null;
    if (total !== null) trim(own, bytesOf(own) - total, "max_total");
  }
  const { max_total } = rules.project;
  if (max_total !== null) trim(slots, bytesOf(slots) - max_total, "project");
  const dropped = slots.reduce((total, slot) => total + slot.droppedBytes, 0);
  trim(slots, rules.needBytes - dropped, "space");
  return slots.flatMap((slot) => slot.drops());
}

/** A part of a slot that goes by itself. */
interface Part {
  readonly run: KeptRun;
  /** null: what is left of the run without its archives. */
  readonly archive: KeptArchive | null;
  readonly diskBytes: number;
  readonly atMs: Millis;
  /** Stays whatever the caps say. */
  readonly isHeld: boolean;
}

/** The parts of one slot in the order in which they go, and those that do. */
class Slot {
  readonly service: string;
  readonly #parts: readonly Part[];
  readonly #dropped = new Map<Part, DropReason>();
  /** Before it nothing is left that may go. */
  #at = 0;

  constructor(runs: readonly KeptRun[], isWanted: boolean) {
    this.service = runs[0]?.service ?? "";
    const sorted = [...runs].sort((a, b) => a.run - b.run);
    const ended = sorted.filter((run) => !run.isLive);
    // One that could not even start has no last words: those of the one before it are wanted then.
    const last = [ended.at(-1), ended.findLast(hasSpoken)];
    this.#parts = sorted.flatMap((run) =>
      partsOf(run, isWanted && (run.isLive || last.includes(run))),
    );
  }

  get droppedBytes(): number {
    return sum([...this.#dropped.keys()]);
  }

  get keptBytes(): number {
    return sum(this.#parts) - this.droppedBytes;
  }

  /** When the oldest that may go had its last line; null: nothing more may go. */
  get oldestMs(): Millis | null {
    return this.#oldest()?.atMs ?? null;
  }

  /** Returns the bytes that this frees. */
  dropOldest(reason: DropReason): number {
    const part = this.#oldest();
    if (part === null) return 0;
    this.#dropped.set(part, reason);
    return part.diskBytes;
  }

  dropOlder(beforeMs: Millis): void {
    for (let at = this.oldestMs; at !== null && at < beforeMs; at = this.oldestMs) {
      this.dropOldest("max_age");
    }
  }

  dropRuns(): void {
    const ended = this.#parts.filter((part) => part.archive === null && !part.run.isLive);
    const oldest = new Set(ended.slice(0, -RUNS_MAX).map((part) => part.run));
    for (const part of this.#parts) if (oldest.has(part.run)) this.#drop(part, "runs");
  }

  /** Counted from the newest: an archive is one, what an ended run left is as much as it is of an archive. */
  dropBeyond(keep: number, maxSize: number): void {
    const kept: Record<Stream, number> = { stdout: 0, stderr: 0 };
    let isOver = false;
    for (const part of this.#parts.toReversed()) {
      const { archive, run } = part;
      if (archive !== null) {
        kept[archive.stream] += 1;
        if (isOver || kept[archive.stream] > keep) this.#drop(part, "keep");
      } else if (!run.isLive) {
        kept.stdout += run.rest.unarchived.stdout / maxSize;
        kept.stderr += run.rest.unarchived.stderr / maxSize;
        // A run that goes takes along all that is older, so that what is kept has no gaps.
        isOver ||= !part.isHeld && Math.max(kept.stdout, kept.stderr) > keep;
        if (isOver) this.#drop(part, "keep");
      }
    }
  }

  drops(): readonly Drop[] {
    const ofRun = groupBy(this.#dropped.keys(), (part) => part.run);
    return [...ofRun]
      .sort(([a], [b]) => a.run - b.run)
      .flatMap(([run, parts]) => this.#dropsOf(run, parts));
  }

  #dropsOf(run: KeptRun, parts: readonly Part[]): readonly Drop[] {
    const { service, slot } = run;
    const drop = (some: readonly Part[]) => {
      const [first] = some;
      const reason = (first && this.#dropped.get(first)) ?? "keep";
      return { service, slot, run: run.run, diskBytes: sum(some), reason };
    };
    const rest = parts.find((part) => part.archive === null);
    if (rest !== undefined) {
      return [{ kind: "run", ...drop([rest, ...parts.filter((part) => part !== rest)]) }];
    }
    return STREAMS.flatMap((stream): Drop[] => {
      const own = parts.filter((part) => part.archive?.stream === stream);
      const to = Math.max(...own.map((part) => part.archive?.to ?? 0));
      return own.length === 0 ? [] : [{ kind: "archives", stream, to, ...drop(own) }];
    });
  }

  #oldest(): Part | null {
    for (; this.#at < this.#parts.length; this.#at += 1) {
      const part = this.#parts[this.#at];
      if (part !== undefined && !part.isHeld && !this.#dropped.has(part)) return part;
    }
    return null;
  }

  #drop(part: Part, reason: DropReason): void {
    if (!part.isHeld && !this.#dropped.has(part)) this.#dropped.set(part, reason);
  }
}

function hasSpoken({ archives, rest }: KeptRun): boolean {
  return archives.length > 0 || rest.unarchived.stdout + rest.unarchived.stderr > 0;
}

const STREAMS: readonly Stream[] = ["stdout", "stderr"];

/** `isLastWords`: the end of each of its streams stays. */
function partsOf(run: KeptRun, isLastWords: boolean): readonly Part[] {
  const archives = [...run.archives].sort((a, b) => a.atMs - b.atMs || a.to - b.to);
  const last = STREAMS.map((stream) =>
    run.rest.unarchived[stream] < LAST_WORDS_BYTES
      ? Math.max(0, ...archives.filter((one) => one.stream === stream).map((one) => one.to))
      : null,
  );
  const parts = archives.map((archive): Part => {
    const isHeld = isLastWords && archive.to === last[STREAMS.indexOf(archive.stream)];
    return { run, archive, diskBytes: archive.diskBytes, atMs: archive.atMs, isHeld };
  });
  const { diskBytes, atMs } = run.rest;
  return [...parts, { run, archive: null, diskBytes, atMs, isHeld: run.isLive || isLastWords }];
}

/** Drops the oldest of all of them until so much is freed, or nothing more may go. */
function trim(slots: readonly Slot[], bytes: number, reason: DropReason): void {
  for (let left = bytes; left > 0; ) {
    let oldest: Slot | null = null;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const slot of slots) {
      const at = slot.oldestMs;
      if (at !== null && at < oldestMs) [oldest, oldestMs] = [slot, at];
    }
    if (oldest === null) return;
    left -= oldest.dropOldest(reason);
  }
}

function slotsOf(runs: readonly KeptRun[], rules: RetentionRules): readonly Slot[] {
  const bySlot = groupBy(runs, ({ service, slot }) => `${service}.${slot}`);
  return [...bySlot.values()].map(
    (own) => new Slot(own, rules.settings(own[0]?.service ?? "") !== null),
  );
}

function bytesOf(slots: readonly Slot[]): number {
  return slots.reduce((total, slot) => total + slot.keptBytes, 0);
}

function sum(parts: readonly { readonly diskBytes: number }[]): number {
  return parts.reduce((total, part) => total + part.diskBytes, 0);
}

function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
