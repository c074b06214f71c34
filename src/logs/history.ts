import { statSync } from "node:fs";
import {
  chooseRuns,
  type LogTarget,
  type RunChoice,
  type StoredRun,
  type StoredStream,
  streamsOf,
} from "./catalogue.ts";
import { type LogEntry, toEntry } from "./entry.ts";
import type { LineFilter } from "./filter.ts";
import type { Stream } from "./layout.ts";
import { readLedger } from "./ledger.ts";
import { type MergeSource, mergeEntries } from "./merge.ts";
import { type Span, StoredFile } from "./stored-file.ts";

/** Entries handed over at once, at most; and how long the event loop may wait for a batch. */
const BATCH_ENTRIES_MAX = 1024;
const TURN_MS_MAX = 20;

/** Which lines of the past are wanted. */
export interface LogQuery {
  /** The project's folder of runs: `<runs>/<service>.<slot>/<run>.out`. */
  readonly runs: string;
  /** null: everything that has logs. */
  readonly targets: readonly LogTarget[] | null;
  readonly choice: RunChoice;
  readonly stream: Stream | null;
  /** Wall time, milliseconds; null: no bound. Both ends belong to it. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  /** Only the last so many lines of the answer; null: all. */
  readonly last: number | null;
  readonly filter: LineFilter | null;
  /** Whether a follower goes on from the positions: unfinished lines of living programs are left to it. */
  readonly isFollowed: boolean;
}

/** Path of a log file -> the byte from which a follower goes on. */
export type Positions = ReadonlyMap<string, number>;

export interface History {
  /**
   * The lines in time order. Nothing is read before it is asked for; a slow reader holds nothing up. A
   * batch may be empty: a long search without a match gives its reader the chance to end it.
   */
  readonly batches: AsyncGenerator<readonly LogEntry[]>;
  /** Where each file of the targets ended when the query was made; later files are not in it. */
  readonly positions: Positions;
}

/** Answers a query over the files as they are now, in bounded memory. */
export function openHistory(query: LogQuery): History {
  const everything = chooseRuns(query.runs, query.targets, { kind: "all" });
  const positions = new Map<string, number>();
  for (const run of everything) notePositions(positions, run, query);
  const chosen = chooseRuns(query.runs, query.targets, query.choice);
  const streams = chosen.flatMap((run) => streamsOf(run, query.stream));
  const parts = streams.flatMap((source) => findPart(source, query, positions));
  return { batches: answer(parts, query), positions };
}

/** Where the files of all chosen targets end now: for a follower that shows nothing of the past. */
export function endPositions(query: Pick<LogQuery, "runs" | "targets" | "stream">): Positions {
  const positions = new Map<string, number>();
  for (const run of chooseRuns(query.runs, query.targets, { kind: "all" })) {
    notePositions(positions, run, { stream: query.stream, isFollowed: true });
  }
  return positions;
}

/** What one file can add to the answer. */
interface Part {
  readonly source: StoredStream;
  readonly sizeMax: number;
  readonly startsMs: number;
  readonly endsMs: number;
}

function notePositions(
  positions: Map<string, number>,
  run: StoredRun,
  query: Pick<LogQuery, "stream" | "isFollowed">,
): void {
  // Of a run that has ended no line is unfinished: what has no newline now will never get one.
  const isWhole = !query.isFollowed || readLedger(run.files.ledger).status !== null;
  for (const source of streamsOf(run, query.stream)) {
    const file = new StoredFile(source);
    positions.set(source.path, isWhole ? file.size : file.wholeEnd());
    file.close();
  }
}

/** Nothing for a file that is empty or wholly outside the times asked for. */
function findPart(source: StoredStream, query: LogQuery, positions: Positions): Part[] {
  const sizeMax = positions.get(source.path) ?? 0;
  if (sizeMax === 0) return [];
  const { sinceMs, untilMs } = query;
  if (sinceMs !== null && lastChangeMs(source.path) < sinceMs) return [];
  const file = new StoredFile(source, sizeMax);
  const startsMs = file.timeAt(file.start);
  const endsMs = file.lastTimeMs;
  file.close();
  if (file.start >= file.size) return [];
  if (untilMs !== null && startsMs > untilMs) return [];
  return [{ source, sizeMax, startsMs, endsMs }];
}

function lastChangeMs(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

async function* answer(
  parts: readonly Part[],
  query: LogQuery,
): AsyncGenerator<readonly LogEntry[]> {
  const { filter, last } = query;
  if (filter === null) {
    const spans = last === null ? null : lastSpans(parts, query, last);
    yield* inTurns(mergeEntries(toSources(parts, query, spans)), (entry) => [entry]);
    return;
  }
  const all = mergeEntries(toSources(parts, query, null));
  const matching = (entry: LogEntry) => filter.push(entry);
  if (last === null) yield* inTurns(all, matching);
  else yield* onlyLast(inTurns(all, matching), last);
}

/** Hands over batches, and lets the event loop run: signals are heard during a search of gigabytes. */
async function* inTurns(
  entries: Iterable<LogEntry>,
  pick: (entry: LogEntry) => readonly LogEntry[],
): AsyncGenerator<readonly LogEntry[]> {
  let batch: LogEntry[] = [];
  let turnEndsAt = performance.now() + TURN_MS_MAX;
  let count = 0;
  for (const entry of entries) {
    for (const picked of pick(entry)) batch.push(picked);
    count += 1;
    const isLate = count % BATCH_ENTRIES_MAX === 0 && performance.now() > turnEndsAt;
    if (batch.length < BATCH_ENTRIES_MAX && !isLate) continue;
    yield batch;
    batch = [];
    if (!isLate) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    turnEndsAt = performance.now() + TURN_MS_MAX;
  }
  if (batch.length > 0) yield batch;
}

async function* onlyLast(
  batches: AsyncIterable<readonly LogEntry[]>,
  last: number,
): AsyncGenerator<readonly LogEntry[]> {
  let kept: LogEntry[] = [];
  for await (const batch of batches) {
    // Copies: a few kept lines must not hold on to the blocks that they were read in.
    for (const entry of batch) kept.push({ ...entry, bytes: Buffer.from(entry.bytes) });
    if (kept.length > 2 * last + BATCH_ENTRIES_MAX) kept = lastOf(kept, last);
    yield [];
  }
  yield lastOf(kept, last);
}

function lastOf<T>(list: readonly T[], count: number): T[] {
  return count === 0 ? [] : list.slice(-count);
}

function toSources(
  parts: readonly Part[],
  query: LogQuery,
  spans: ReadonlyMap<Part, Span> | null,
): MergeSource[] {
  const wanted = spans === null ? parts : parts.filter((part) => spans.has(part));
  return wanted.map((part) => ({
    startsMs: Math.max(part.startsMs, query.sinceMs ?? part.startsMs),
    open: () => entriesOf(part, query, spans?.get(part) ?? null),
  }));
}

function* entriesOf(part: Part, query: LogQuery, span: Span | null): Generator<LogEntry> {
  const file = new StoredFile(part.source, part.sizeMax);
  try {
    let timeMs = 0;
    for (const line of file.lines(span ?? file.span(query.sinceMs, query.untilMs))) {
      // A piece has the time of its line, so that nothing is sorted in between.
      if (line.begins) timeMs = Math.max(timeMs, file.timeAt(line.offset));
      yield toEntry(part.source, line, timeMs);
    }
  } finally {
    file.close();
  }
}

/**
 * The parts that hold the last `count` lines of all, found from the ends: files are opened latest first
 * until no other can have one of them, and of each only its own last lines are looked at.
 */
function lastSpans(parts: readonly Part[], query: LogQuery, count: number): Map<Part, Span> {
  const spans = new Map<Part, Span>();
  let kept: { timeMs: number; order: number; offset: number; part: Part }[] = [];
  const latestFirst = parts.map((part, order) => ({ part, order }));
  latestFirst.sort((a, b) => b.part.endsMs - a.part.endsMs);
  for (const { part, order } of latestFirst) {
    if (kept.length >= count && (kept[0]?.timeMs ?? 0) > part.endsMs) break;
    const file = new StoredFile(part.source, part.sizeMax);
    const span = file.tail(file.span(query.sinceMs, query.untilMs), count);
    spans.set(part, span);
    let timeMs = 0;
    for (const line of file.lines(span)) {
      if (!line.begins || line.dropped !== undefined) continue;
      timeMs = Math.max(timeMs, file.timeAt(line.offset));
      kept.push({ timeMs, order, offset: line.offset, part });
    }
    file.close();
    kept.sort((a, b) => a.timeMs - b.timeMs || a.order - b.order || a.offset - b.offset);
    kept = lastOf(kept, count);
  }
  return narrowSpans(spans, kept);
}

/** Each part from its first kept line on: what is kept of a file is always the end of its span. */
function narrowSpans(
  spans: ReadonlyMap<Part, Span>,
  kept: readonly { readonly part: Part; readonly offset: number }[],
): Map<Part, Span> {
  const narrowed = new Map<Part, Span>();
  for (const { part, offset } of kept) {
    const span = narrowed.get(part) ?? spans.get(part);
    if (span === undefined) continue;
    const from = narrowed.has(part) ? Math.min(span.from, offset) : offset;
    narrowed.set(part, { from, below: span.below });
  }
  return narrowed;
}
