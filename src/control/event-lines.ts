import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { EventItem } from "./protocol.ts";

/** Both generations of a project's events together stay below this; what is longer is not ours. */
const BYTES_MAX = 16 * 1024 * 1024;

/**
 * The events in the last `bytesMax` of a file, oldest first. A line that is torn, that somebody edited, or that
 * means something else to another version is left out. Never throws: what cannot be read holds no events.
 */
export function readEvents(path: string, bytesMax = BYTES_MAX): readonly EventItem[] {
  return readTail(path, bytesMax).toString("utf8").split("\n").flatMap(readEvent);
}

/** The last `bytesMax` of a regular file; nothing of what is none. Waits for nobody. */
function readTail(path: string, bytesMax: number): Buffer {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return Buffer.alloc(0);
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) return Buffer.alloc(0);
    const bytes = Buffer.alloc(Math.min(stats.size, bytesMax));
    const read = readSync(file, bytes, 0, bytes.length, stats.size - bytes.length);
    return bytes.subarray(0, read);
  } catch {
    return Buffer.alloc(0);
  } finally {
    closeSync(file);
  }
}

function readEvent(line: string): readonly EventItem[] {
  if (!line.startsWith("{")) return [];
  try {
    const item: unknown = JSON.parse(line);
    return isEvent(item) ? [item] : [];
  } catch {
    return [];
  }
}

/** What those who show events and number them go by; the rest may be more than we know. */
function isEvent(value: unknown): value is EventItem {
  if (typeof value !== "object" || value === null) return false;
  // An object that is not null may be asked for any key.
  const { v, kind, seq, time, type, message, service, instance, by } = value as Record<
    string,
    unknown
  >;
  const isNumbered = Number.isSafeInteger(seq) && Number(seq) > 0 && Number(seq) < SEQ_MAX;
  if (v !== 1 || kind !== "event" || !isNumbered) return false;
  if (typeof type !== "string" || typeof message !== "string") return false;
  if (typeof time !== "string" || Number.isNaN(Date.parse(time))) return false;
  if (service !== undefined && typeof service !== "string") return false;
  if (instance !== undefined && typeof instance !== "number") return false;
  return by === undefined || isBy(by);
}

/** Ten a second for three million years; a number above was written by somebody else. */
const SEQ_MAX = 1e15;

function isBy(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  // As above.
  const { user, via } = value as Record<string, unknown>;
  return typeof user === "string" && typeof via === "string";
}
