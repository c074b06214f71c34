import { existsSync, linkSync, renameSync, rmSync, truncateSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { namesIn } from "./names-in.ts";

/**
 * A stream's bytes may lie in several files, each named by the range of bytes it holds:
 *
 *     3.out                  the live file; the program appends to it
 *     3.out@0-10485760.gz    an archive, compressed; without `.gz` it is plain
 *     3.out@0-10485760.gone  what is left of archives that were dropped: where they ended
 *     3.out@….tmp            unfinished, worth nothing
 *
 * A byte offset is a permanent position: it names the same byte for ever, wherever that byte lies. After a
 * rotation the live file keeps its length and has a hole where the archived bytes were, so its positions
 * stay what they are. Where holes cannot be punched it is cut to nothing instead, while the program is
 * stopped: `.cut` says that the bytes are copied and the live file is about to be cut, `.t` that it was, so
 * that the live file begins at the largest end of these. `3.out@cuts` has a byte for each cut: whoever reads
 * the live file can tell that none came in between.
 */
export interface Archive {
  readonly from: number;
  /** The first byte after it. */
  readonly to: number;
  readonly path: string;
  readonly isCompressed: boolean;
  readonly mark: ArchiveMark;
}

/** How the archived bytes left the live file: by a hole; not yet, it is to be cut; by a cut. */
export type ArchiveMark = "hole" | "cut" | "t";

/** What is archived of one stream. */
export interface StreamArchives {
  /** By position, without overlaps. What is missing between two was dropped. */
  readonly list: readonly Archive[];
  /** Everything below is archived or dropped; from here on bytes are in the live file only. */
  readonly base: number;
  /** Position in the live file = position in the stream - shift. */
  readonly shift: number;
  /** The live file is being cut: until it is known whether it was, only archives can be read. */
  readonly isBeingCut: boolean;
}

export interface ArchiveName {
  /** `3.out` */
  readonly stream: string;
  readonly from: number;
  readonly to: number;
  readonly mark: ArchiveMark;
  readonly ending: "" | "gz" | "tmp" | "gz.tmp" | "gone";
}

/** Of a stream that was never rotated. */
export const NO_ARCHIVES: StreamArchives = { list: [], base: 0, shift: 0, isBeingCut: false };

const NAME = /^([1-9]\d*\.(?:out|err))@(\d+)-(\d+)(?:\.(cut|t))?(?:\.(gz|tmp|gz\.tmp|gone))?$/;

/** What an archive's name says; null for any other name. */
export function parseArchiveName(name: string): ArchiveName | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  const [, stream = "", from, to, mark, ending] = match;
  return {
    stream,
    from: Number(from),
    to: Number(to),
    mark: mark === "cut" || mark === "t" ? mark : "hole",
    ending:
      ending === "gz" || ending === "tmp" || ending === "gone" || ending === "gz.tmp" ? ending : "",
  };
}

export function archiveName({ stream, from, to, mark, ending }: ArchiveName): string {
  const words = [mark === "hole" ? "" : `.${mark}`, ending === "" ? "" : `.${ending}`];
  return `${stream}@${from}-${to}${words.join("")}`;
}

/** Path of the file that has a byte for each time the live file was cut. */
export function cutsPath(live: string): string {
  return `${live}@cuts`;
}

/** The archives of the stream whose live file this is, as the folder says now; without a folder: none. */
export function listArchives(live: string): StreamArchives {
  const stream = basename(live);
  const names = namesIn(dirname(live)).filter((name) => name.startsWith(`${stream}@`));
  return archivesOf(dirname(live), names);
}

/** The archives that the given names of one stream stand for. */
export function archivesOf(folder: string, names: readonly string[]): StreamArchives {
  const list: Archive[] = [];
  let base = 0;
  let shift = 0;
  let isBeingCut = false;
  for (const name of names) {
    const parsed = parseArchiveName(name);
    if (parsed === null || parsed.ending === "tmp" || parsed.ending === "gz.tmp") continue;
    base = Math.max(base, parsed.to);
    if (parsed.mark === "t") shift = Math.max(shift, parsed.to);
    if (parsed.mark === "cut") isBeingCut = true;
    if (parsed.ending === "gone") continue;
    const { from, to, mark } = parsed;
    const isCompressed = parsed.ending === "gz";
    list.push({ from, to, mark, isCompressed, path: join(folder, name) });
  }
  return { list: inOrder(list), base, shift, isBeingCut };
}

/**
 * Every file of a stream but the live one and its index: archives, what is unfinished, what is left of
 * dropped ones. Paths.
 */
export function streamFiles(live: string): string[] {
  const folder = dirname(live);
  const stream = `${basename(live)}@`;
  return namesIn(folder)
    .filter((name) => name.startsWith(stream))
    .map((name) => join(folder, name));
}

/**
 * Gives a stream's archives and its live file another name; its index, which the caller moves, stays. The
 * archives have both names until the live file has its new one, so that a reader under either finds all.
 * Done twice, it finishes what was begun. Never throws: what cannot be moved stays.
 */
export function moveStream(from: string, to: string): void {
  const old = streamFiles(from);
  for (const path of old) {
    if (path.endsWith(".tmp")) continue;
    linkOrMove(
      path,
      join(dirname(to), `${basename(to)}${basename(path).slice(basename(from).length)}`),
    );
  }
  renameOrNothing(from, to);
  if (!existsSync(to)) return;
  for (const path of old) rmSync(path, { force: true });
}

/**
 * Drops all archives of a stream that end at `to` or before, to make space. Needs no space itself: the last
 * of them becomes, by a rename, the empty file that tells where they ended. Throws what the file system
 * says; what was done by then is in order.
 */
export function dropArchives(live: string, to: number): void {
  const files = streamFiles(live).flatMap((path) => {
    const parsed = parseArchiveName(basename(path));
    const isIn = parsed !== null && parsed.to <= to && !parsed.ending.endsWith("tmp");
    return isIn && parsed.mark !== "cut" ? [{ path, parsed }] : [];
  });
  const last = lastOf(files);
  if (last === null) return;
  // Where the live file begins must stay known, too, when more was archived since it was cut.
  const cut = lastOf(files.filter(({ parsed }) => parsed.mark === "t"));
  const kept = [last, ...(cut === null || cut === last ? [] : [cut])].map((one) =>
    emptied(live, one),
  );
  for (const { path } of files) if (!kept.includes(path)) rmSync(path, { force: true });
}

interface NamedFile {
  readonly path: string;
  readonly parsed: ArchiveName;
}

function lastOf(files: readonly NamedFile[]): NamedFile | null {
  return files.reduce<NamedFile | null>(
    (best, one) => (best === null || one.parsed.to >= best.parsed.to ? one : best),
    null,
  );
}

/** Makes an archive the empty file that tells where what was dropped ended. Its path. */
function emptied(live: string, { path, parsed }: NamedFile): string {
  const name = archiveName({ ...parsed, from: 0, ending: "gone" });
  const tombstone = join(dirname(live), name);
  if (path !== tombstone) renameSync(path, tombstone);
  truncateSync(tombstone, 0);
  return tombstone;
}

/** By position. A plain archive and its compressed copy may be there at once: either will do. */
function inOrder(list: readonly Archive[]): Archive[] {
  const sorted = [...list].sort((a, b) => a.from - b.from || b.to - a.to || order(a) - order(b));
  const kept: Archive[] = [];
  for (const one of sorted) {
    if (one.from >= (kept.at(-1)?.to ?? 0)) kept.push(one);
  }
  return kept;
}

function order(archive: Archive): number {
  return archive.isCompressed ? 1 : 0;
}

function linkOrMove(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    renameOrNothing(from, to);
  }
}

/** For a file system without links. */
function renameOrNothing(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // It was dropped, or compressed, in this very moment; or it has moved already.
  }
}
