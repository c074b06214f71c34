import type { LogEntry } from "./entry.ts";

/** One file's lines to be merged; opened only when the merge has come to its time. */
export interface MergeSource {
  /** No entry of it is earlier. */
  readonly startsMs: number;
  readonly open: () => Iterator<LogEntry>;
}

interface Head {
  readonly entries: Iterator<LogEntry>;
  readonly order: number;
  entry: LogEntry;
}

/**
 * All entries in time order; at the same time, in the order of the sources. The order inside a source is
 * kept exactly. Holds one entry a source, and only the files open whose time has come.
 */
export function* mergeEntries(sources: readonly MergeSource[]): Generator<LogEntry> {
  const waiting = sources.map((source, order) => ({ source, order }));
  waiting.sort((a, b) => a.source.startsMs - b.source.startsMs || a.order - b.order);
  const heads: Head[] = [];
  let next = 0;
  try {
    for (;;) {
      let best = earliest(heads, null);
      for (;;) {
        const coming = waiting[next];
        if (coming === undefined) break;
        if (best !== null && coming.source.startsMs > best.entry.timeMs) break;
        next += 1;
        openHead(heads, coming.source.open(), coming.order);
        best = earliest(heads, null);
      }
      if (best === null) return;
      const limitMs = waiting[next]?.source.startsMs ?? Number.POSITIVE_INFINITY;
      yield* drain(heads, best, limitMs);
    }
  } finally {
    for (const head of heads) head.entries.return?.();
  }
}

/** Gives out `best` for as long as no other source comes first. */
function* drain(heads: Head[], best: Head, limitMs: number): Generator<LogEntry> {
  const rival = earliest(heads, best);
  do {
    yield best.entry;
    const step = best.entries.next();
    if (step.done === true) {
      heads.splice(heads.indexOf(best), 1);
      return;
    }
    best.entry = step.value;
  } while (best.entry.timeMs < limitMs && (rival === null || isBefore(best, rival)));
}

function openHead(heads: Head[], entries: Iterator<LogEntry>, order: number): void {
  const step = entries.next();
  if (step.done !== true) heads.push({ entries, order, entry: step.value });
}

function earliest(heads: readonly Head[], except: Head | null): Head | null {
  let best: Head | null = null;
  for (const head of heads) {
    if (head !== except && (best === null || isBefore(head, best))) best = head;
  }
  return best;
}

function isBefore(a: Head, b: Head): boolean {
  if (a.entry.timeMs !== b.entry.timeMs) return a.entry.timeMs < b.entry.timeMs;
  return a.order < b.order;
}
