import { isUtf8 } from "node:buffer";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import type { Diagnostic, Range } from "../errors.ts";

/** A file that was read, with what is needed to point into it. */
export interface SourceFile {
  /** Absolute, as found. */
  readonly path: string;
  /** As the user would type it: relative to the working folder when below it. */
  readonly shown: string;
  /** Real path of its folder: what relative paths inside it start from. */
  readonly folder: string;
  readonly text: string;
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[];
}

/** Characters from `start` up to, not including, `end`. */
export interface Place {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

export type Reading =
  | { readonly kind: "file"; readonly file: SourceFile }
  | { readonly kind: "absent" }
  | { readonly kind: "bad"; readonly diagnostic: Diagnostic };

/** A procs.yaml or env file above this size is a mistake, and would take long to read. */
const FILE_BYTES_MAX = 1_000_000;

/** Reads a text file that people write. Never throws: what is wrong with it comes back as a diagnostic. */
export function readSource(path: string, cwd: string): Reading {
  const shown = shownPath(path, cwd);
  let bytes: Buffer;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return bad("P100", shown, `${shown} is a folder, not a file`);
    // A pipe or a device could block for ever or never end.
    if (!stat.isFile()) return bad("P100", shown, `${shown} is not a regular file`);
    if (stat.size > FILE_BYTES_MAX) return tooBig(shown, stat.size);
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent" };
    return bad("P100", shown, `${shown} cannot be read`, [REASONS[code] ?? code]);
  }
  if (bytes.length > FILE_BYTES_MAX) return tooBig(shown, bytes.length);
  const decoded = decode(bytes);
  if (decoded.text === null)
    return bad("P108", shown, `${shown} ${decoded.problem}`, [], decoded.help);
  return { kind: "file", file: createSource(path, shown, realFolder(path), decoded.text) };
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "you may not read it",
  EPERM: "you may not read it",
  ELOOP: "its links go in a circle",
  ENAMETOOLONG: "its name is too long",
};

export function createSource(
  path: string,
  shown: string,
  folder: string,
  text: string,
): SourceFile {
  const lineStarts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
    lineStarts.push(at + 1);
  }
  return { path, shown, folder, text, lineStarts };
}

/** Relative to `cwd` when below it, else absolute. */
export function shownPath(path: string, cwd: string): string {
  const below = relative(cwd, path);
  const isBelow = below !== "" && below !== ".." && !below.startsWith(`..${sep}`);
  return isBelow && !isAbsolute(below) ? below : path;
}

/** Real path of the folder of a file; the folder as it is where it cannot be resolved. */
export function realFolder(path: string): string {
  const folder = dirname(resolve(path));
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

/** 1-based line of an offset. */
export function lineAt(file: SourceFile, offset: number): number {
  let [low, high] = [0, file.lineStarts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((file.lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

/** The text of a 1-based line, without its line break; undefined beyond the end. */
export function lineText(file: SourceFile, line: number): string | undefined {
  const start = file.lineStarts[line - 1];
  if (start === undefined) return undefined;
  const next = file.lineStarts[line];
  const text = file.text.slice(start, next === undefined ? undefined : next - 1);
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

/** The place as lines and columns, cut at the end of its first line: a frame points at one line. */
export function rangeOf(place: Place): Range {
  const line = lineAt(place.file, place.start);
  const lineStart = place.file.lineStarts[line - 1] ?? 0;
  const lineEnd = lineStart + (lineText(place.file, line) ?? "").length;
  const column = place.start - lineStart + 1;
  const end = Math.max(Math.min(place.end, lineEnd) - lineStart + 1, column + 1);
  return { start: { line, column }, end: { line, column: end } };
}

interface Decoded {
  readonly text: string | null;
  readonly problem?: string;
  readonly help?: string;
}

function decode(bytes: Buffer): Decoded {
  const help = "save it as UTF-8";
  const [a, b, c, d] = bytes;
  const isUtf16 = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  // Without a mark: every other byte of plain English is zero.
  if (isUtf16 || (a !== 0 && b === 0 && c !== 0 && d === 0) || (a === 0 && b !== 0 && c === 0)) {
    return { text: null, problem: "is written in UTF-16", help };
  }
  const nul = bytes.indexOf(0);
  if (nul !== -1) {
    const line = bytes.subarray(0, nul).filter((byte) => byte === 10).length + 1;
    const problem = `contains a NUL byte (line ${line}), so it is not a text file`;
    return { text: null, problem, help: "is it the right file? If so, delete the byte" };
  }
  if (!isUtf8(bytes)) {
    return { text: null, problem: `is not UTF-8 (line ${lineOfBadByte(bytes)})`, help };
  }
  const text = bytes.toString("utf8");
  return { text: text.startsWith("\ufeff") ? text.slice(1) : text };
}

function lineOfBadByte(bytes: Buffer): number {
  let [start, line] = [0, 1];
  for (;;) {
    const end = bytes.indexOf(10, start);
    if (end === -1) return line;
    const part = bytes.subarray(start, end);
    if (!Buffer.from(part.toString("utf8"), "utf8").equals(part)) return line;
    start = end + 1;
    line += 1;
  }
}

function tooBig(shown: string, size: number): Reading {
  const megabytes = (size / 1_000_000).toFixed(1);
  return bad(
    "P108",
    shown,
    `${shown} is too big: ${megabytes} MB, at most 1 MB is read`,
    [],
    "split it up with include, or check that it is the right file",
  );
}

function bad(
  code: string,
  file: string,
  message: string,
  notes: readonly string[] = [],
  help?: string,
): Reading {
  const diagnostic: Diagnostic = {
    code,
    severity: "error",
    message,
    file,
    ...(notes.length > 0 && { notes }),
    ...(help !== undefined && { help: [help] }),
  };
  return { kind: "bad", diagnostic };
}
