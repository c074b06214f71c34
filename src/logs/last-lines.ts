import { type StoredStream, streamsOf } from "./catalogue.ts";
import { stripControls } from "./clean.ts";
import { entryText, type LogEntry, toEntry } from "./entry.ts";
import type { RunFiles } from "./layout.ts";
import { mergeEntries } from "./merge.ts";
import { StoredFile } from "./stored-file.ts";

/** Looked at from the end of each file: last words are few. */
const LOOK_BACK_BYTES = 262_144;
/** Enough for last words: nothing is unpacked for more. */
const LIVE_BYTES_MIN = 16_384;
/** A longer line is cut: it stands beside a state, in messages and in JSON. */
const LINE_LENGTH_MAX = 2000;

/**
 * The last words of a run: up to `count` lines of both streams in time order, oldest first, without
 * colours and without empty lines. A run that left nothing, or whose files are gone: none.
 */
export function lastLines(files: RunFiles, count: number): string[] {
  const owner = { service: "", slot: 0, run: 0, files };
  const sources = streamsOf(owner, null).map((source) => {
    const entries = lastEntries(source, count);
    return { startsMs: entries[0]?.timeMs ?? 0, open: () => entries.values() };
  });
  const lines = [...mergeEntries(sources)].map((entry) => toText(entry));
  return count === 0 ? [] : lines.slice(-count);
}

function lastEntries(source: StoredStream, count: number): LogEntry[] {
  const file = new StoredFile(source);
  try {
    const isEnough = file.size - file.liveFrom >= LIVE_BYTES_MIN;
    const from = Math.max(isEnough ? file.liveFrom : file.start, file.size - LOOK_BACK_BYTES);
    const recent = { from, below: file.size };
    const entries: LogEntry[] = [];
    // Empty lines do not count, so a few more are looked at.
    for (const line of file.lines(file.tail(recent, count * 4))) {
      const entry = toEntry(source, line, file.timeAt(line.offset));
      if (line.dropped !== undefined) continue;
      if (line.begins && stripControls(entryText(entry)).trim() !== "") entries.push(entry);
    }
    return entries.slice(-count);
  } finally {
    file.close();
  }
}

function toText(entry: LogEntry): string {
  const text = stripControls(entryText(entry)).trimEnd();
  return text.length > LINE_LENGTH_MAX ? `${text.slice(0, LINE_LENGTH_MAX)}…` : text;
}
