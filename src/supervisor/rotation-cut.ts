import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { failpoint } from "../host/failpoint.ts";
import { type Archive, archiveName, cutsPath } from "../logs/archives.ts";
import type { Tools } from "./rotation-tools.ts";
import { whileStopped } from "./rotation-writers.ts";

/** What is left to copy while the program stands still. */
const REST_BYTES_MAX = 262_144;
const ROUNDS_MAX = 4;
const PIECE_BYTES = 65_536;
/** Compared to tell whether a live file was cut. */
const MARK_BYTES = 4096;

/** Path of the note of who was stopped for a cut. */
export function stopNote(live: string): string {
  return `${live}@stop`;
}

/**
 * Archives all of a live file and cuts it to nothing: the way where holes cannot be punched. Most is copied
 * while the program runs; it stands still for the rest, some milliseconds. Returns the end of the archive,
 * or null when the program could not be stopped. Throws what fails; nothing has changed then.
 */
export async function cut(
  live: string,
  { base, shift }: { readonly base: number; readonly shift: number },
  tools: Tools,
  isCancelled: () => boolean,
): Promise<number | null> {
  const unfinished = archivePath(live, base, base + 1, { mark: "t", ending: "tmp" });
  const source = openSync(live, "r");
  let target = openSync(unfinished, "wx+", 0o600);
  try {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const copied = fstatSync(target).size;
      const from = base - shift + copied;
      const length = fstatSync(source).size - from;
      if (length <= REST_BYTES_MAX && round > 0) break;
      if (copied === 0) await tools.copy(source, from, length, target);
      else copyRest(source, from, target, fstatSync(source).size);
      if (isCancelled()) return null;
    }
    return await whileStopped(live, stopNote(live), () => {
      if (isCancelled()) return null;
      const size = fstatSync(source).size;
      copyRest(source, base - shift + fstatSync(target).size, target, size);
      fsyncSync(target);
      closeSync(target);
      target = -1;
      return take(live, { base, end: shift + size }, unfinished);
    });
  } finally {
    closeSync(source);
    if (target !== -1) closeSync(target);
    rmSync(unfinished, { force: true });
  }
}

/** Finishes, or takes back, a cut in whose middle a supervisor died. */
export function finishCut(live: string, archive: Archive, shift: number): void {
  if (isStillThere(live, archive, shift)) rmSync(archive.path);
  else
    renameSync(
      archive.path,
      archivePath(live, archive.from, archive.to, { mark: "t", ending: "" }),
    );
}

/** Synchronous: while the program stands still nothing else is done. */
function take(
  live: string,
  { base, end }: { base: number; end: number },
  unfinished: string,
): number {
  const copied = archivePath(live, base, end, { mark: "cut", ending: "" });
  renameSync(unfinished, copied);
  try {
    failpoint("copy.after");
    failpoint("punch.before");
    appendFileSync(cutsPath(live), ".", { mode: 0o600 });
    truncateSync(live, 0);
  } catch (error) {
    rmSync(copied, { force: true });
    throw error;
  }
  renameSync(copied, archivePath(live, base, end, { mark: "t", ending: "" }));
  failpoint("punch.after");
  return end;
}

function copyRest(source: number, from: number, target: number, size: number): void {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let to = fstatSync(target).size;
  for (let at = from; at < size; ) {
    const got = readSync(source, piece, 0, Math.min(piece.length, size - at), at);
    if (got === 0) throw new Error("a log file is shorter than it was");
    // A disk that gets full writes less than it was given, and only then refuses.
    for (let written = 0; written < got; ) {
      written += writeSync(target, piece, written, got - written, to + written);
    }
    at += got;
    to += got;
  }
}

/** Whether the archive's last bytes stand where they stood in the live file. */
function isStillThere(live: string, { path, from, to }: Archive, shift: number): boolean {
  const length = Math.min(MARK_BYTES, to - from);
  const copied = readAt(path, to - from - length, length);
  return readAt(live, to - shift - length, length).equals(copied);
}

function readAt(path: string, at: number, length: number): Buffer {
  if (at < 0 || !existsSync(path)) return Buffer.alloc(0);
  const bytes = Buffer.alloc(length);
  const fd = openSync(path, "r");
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, length, at));
  } finally {
    closeSync(fd);
  }
}

function archivePath(
  live: string,
  from: number,
  to: number,
  kind: { readonly mark: "t" | "cut"; readonly ending: "" | "tmp" },
): string {
  return join(dirname(live), archiveName({ stream: basename(live), from, to, ...kind }));
}
