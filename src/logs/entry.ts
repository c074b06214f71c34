import type { StoredStream } from "./catalogue.ts";
import type { Stream } from "./layout.ts";
import type { Line, LineEnd } from "./lines.ts";

/** One line of a service's output (or one piece of a very long one), with where it comes from. */
export interface LogEntry {
  readonly service: string;
  readonly slot: number;
  readonly run: number;
  readonly stream: Stream;
  /** Byte offset in the stream's file: with service, slot, run and stream it names the line for ever. */
  readonly offset: number;
  /** Wall time by which its first byte had been written. */
  readonly timeMs: number;
  readonly bytes: Buffer;
  readonly begins: boolean;
  readonly ends: LineEnd;
  /** Set: this is no line. So many bytes stood here and were dropped, before this reader came to them. */
  readonly dropped?: number;
}

export function toEntry(source: StoredStream, line: Line, timeMs: number): LogEntry {
  const { service, slot, run } = source.owner;
  const { bytes, offset, begins, ends } = line;
  const entry = { service, slot, run, stream: source.stream, offset, timeMs, bytes, begins, ends };
  return line.dropped === undefined ? entry : { ...entry, dropped: line.dropped };
}

/** The text of an entry; bytes that are not UTF-8 become U+FFFD. Where lines were dropped: words for it. */
export function entryText(entry: LogEntry): string {
  return entry.dropped === undefined ? entry.bytes.toString("utf8") : droppedWords(entry);
}

function droppedWords({ service, slot, dropped = 0 }: LogEntry): string {
  return `(${sizeWords(dropped)} of output of ${service}.${slot} dropped: over its log limits)`;
}

/** `812 bytes`, `3.2 MB`. */
function sizeWords(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const [unit, size] = UNITS.find(([, least]) => bytes >= least) ?? UNITS[2];
  const amount = bytes / size;
  return `${amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount)} ${unit}`;
}

const UNITS = [
  ["GB", 1_000_000_000],
  ["MB", 1_000_000],
  ["kB", 1_000],
] as const;
