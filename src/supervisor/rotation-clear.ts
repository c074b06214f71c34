import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { LogSettings } from "../core/spec.ts";
import { archiveName, dropArchives } from "../logs/archives.ts";
import { endOf, type Place } from "./rotation-place.ts";

/** How far back a newline is looked for: an archive ends with a whole line, if lines are not longer. */
const LINE_BYTES_MAX = 1_048_576;
const PIECE_BYTES = 65_536;

/** Somebody waits for a stream to be cleared. */
export interface Asked {
  resolve(): void;
  reject(error: unknown): void;
}

/** Tells all who wait why it was not done. */
export function refuse(asked: Asked[], error: unknown): void {
  for (const one of asked.splice(0)) one.reject(error);
}

/**
 * Has what is stored of a stream so far, up to its last whole line, count as dropped, and deletes its archives. The bytes in
 * the live file are left to be punched. Returns where what is left begins. Throws what the file system says.
 */
export function buryBelow(
  live: string,
  { base, shift }: { readonly base: number; readonly shift: number },
): number {
  if (!existsSync(live)) return base;
  const source = openSync(live, "r");
  try {
    const to = lineEnd(source, base - shift, fstatSync(source).size) + shift;
    if (to === 0) return base;
    bury(live, to);
    return Math.max(base, to);
  } finally {
    closeSync(source);
  }
}

/**
 * Has what would be dropped as soon as it was archived count as dropped at once: a program may print faster
 * than a disk can copy. Returns whether there was that much. Throws what the file system says.
 */
export function burySurplus(
  place: Place,
  { keep, max_size }: Pick<LogSettings, "keep" | "max_size">,
): boolean {
  const { live, base, shift } = place;
  const surplus = endOf(place) - base - (keep + 1) * max_size;
  if (surplus <= max_size) return false;
  const source = openSync(live, "r");
  try {
    place.base = lineEnd(source, base - shift, base - shift + surplus) + shift;
    bury(live, place.base);
    return true;
  } finally {
    closeSync(source);
  }
}

/** Has what a stream holds before a position count as dropped, and deletes its archives. Throws what the file system says. */
export function bury(live: string, to: number): void {
  const name = { stream: basename(live), from: 0, to, mark: "hole", ending: "gone" } as const;
  // An empty file: it needs no space where there is none.
  closeSync(openSync(join(dirname(live), archiveName(name)), "a", 0o600));
  dropArchives(live, to);
}

/** After the last newline before `limit`; `limit` itself in the middle of a very long line. */
export function lineEnd(fd: number, from: number, limit: number): number {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const lowest = Math.max(from, limit - LINE_BYTES_MAX);
  for (let end = limit; end > lowest; ) {
    const start = Math.max(lowest, end - PIECE_BYTES);
    const got = readSync(fd, piece, 0, end - start, start);
    const newline = piece.subarray(0, got).lastIndexOf(10);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return limit;
}
