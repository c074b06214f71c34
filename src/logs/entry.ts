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
}

export function toEntry(source: StoredStream, line: Line, timeMs: number): LogEntry {
  const { service, slot, run } = source.owner;
  const { bytes, offset, begins, ends } = line;
  return { service, slot, run, stream: source.stream, offset, timeMs, bytes, begins, ends };
}

/** The text of an entry; bytes that are not UTF-8 become U+FFFD. */
export function entryText(entry: { readonly bytes: Buffer }): string {
  return entry.bytes.toString("utf8");
}
