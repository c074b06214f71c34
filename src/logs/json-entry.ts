import { stripControls } from "./clean.ts";
import { entryText, type LogEntry } from "./entry.ts";
import type { Stream } from "./layout.ts";
import { type Level, levelOf } from "./level.ts";
import { isoTime } from "./print.ts";

/** One line of `procs logs --json`. Only additive changes inside `v: 1`. */
export interface JsonEntry {
  readonly v: 1;
  readonly kind: "log";
  readonly time: string;
  readonly service: string;
  readonly instance: number;
  readonly run: number;
  readonly stream: Stream;
  /** By the line's own words; null: it gives none, and counts as info. */
  readonly level: Level | null;
  readonly line: string;
  /** Byte offset in the stream of the run: grows, and names the line for ever. */
  readonly seq: number;
  /** The line goes on in the next object of the same stream. */
  readonly partial?: true;
}

export const JSON_FIELDS: readonly (keyof JsonEntry)[] = [
  ...(["time", "service", "instance", "run", "stream"] as const),
  ...(["level", "line", "seq", "partial"] as const),
];

/** Stands in `procs logs --json` where lines were dropped before they could be read. */
export interface JsonGap {
  readonly v: 1;
  readonly kind: "log_gap";
  readonly time: string;
  readonly service: string;
  readonly instance: number;
  readonly run: number;
  readonly stream: Stream;
  /** Where the first dropped byte stood. */
  readonly seq: number;
  readonly bytes: number;
}

/** An entry for programs; `raw` keeps colours and controls. */
export function toJsonEntry(entry: LogEntry, raw: boolean): JsonEntry | JsonGap {
  if (entry.dropped !== undefined) return toJsonGap(entry, entry.dropped);
  const text = entryText(entry);
  const plain = stripControls(text);
  const goesOn = entry.ends === "piece" || entry.ends === "partial";
  return {
    v: 1,
    kind: "log",
    time: isoTime(entry.timeMs),
    service: entry.service,
    instance: entry.slot,
    run: entry.run,
    stream: entry.stream,
    level: levelOf(plain),
    line: raw ? text : plain,
    seq: entry.offset,
    ...(goesOn ? { partial: true as const } : {}),
  };
}

function toJsonGap(entry: LogEntry, bytes: number): JsonGap {
  const { service, slot, run, stream, offset } = entry;
  const time = isoTime(entry.timeMs);
  return { v: 1, kind: "log_gap", time, service, instance: slot, run, stream, seq: offset, bytes };
}
