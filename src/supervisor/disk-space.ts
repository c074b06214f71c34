import { statfsSync } from "node:fs";

/** Why something cannot be stored: there is no room, or the folder cannot be written to. */
export type Cause = "full" | "barred";

/** Why something failed, if it was one of these; null: for another reason. */
export function causeOf(error: unknown): { readonly code: string; readonly cause: Cause } | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  const cause = typeof code === "string" ? CAUSES[code] : undefined;
  return typeof code === "string" && cause !== undefined ? { code, cause } : null;
}

const CAUSES: Readonly<Record<string, Cause>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EROFS: "barred",
  EACCES: "barred",
  EPERM: "barred",
};

/** What a file system has. */
export interface Space {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** How many more files it can hold, however small; Infinity where nobody counts them. */
  readonly freeFiles: number;
  readonly isFull: boolean;
}

/** How much is left where a folder is; null when nobody can tell. */
export function spaceOf(folder: string): Space | null {
  try {
    const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(folder);
    // Root may take the last blocks, which nobody else may.
    const freeBytes = bsize * (process.getuid?.() === 0 ? bfree : bavail);
    // Some file systems do not count files, and say 0 of 0.
    const freeFiles = files === 0 ? Number.POSITIVE_INFINITY : ffree;
    const totalBytes = bsize * blocks;
    return { totalBytes, freeBytes, freeFiles, isFull: freeBytes < bsize || freeFiles === 0 };
  } catch {
    return null;
  }
}

/** So many more files, and the next supervisor could start. */
export const FILES_MIN = 16;

/** P701's words: `no space left on the disk that holds logs (0 KB of 2.0 MB)`. */
export function fullWords(space: Space | null, held: "logs" | "sockets" = "logs"): string {
  if (space === null) return `no space left on the disk that holds ${held}`;
  if (space.freeFiles < FILES_MIN) return `no room for more files on the disk that holds ${held}`;
  const { freeBytes, totalBytes } = space;
  return `no space left on the disk that holds ${held} (${sizeWords(freeBytes)} of ${sizeWords(totalBytes)})`;
}

/** `2.1 MB`, in steps of a thousand, as disks are sold; never less than what it is. */
export function sizeWords(bytes: number): string {
  for (const [unit, size] of UNITS) {
    if (bytes >= size) return `${(bytes / size).toFixed(bytes < 10 * size ? 1 : 0)} ${unit}`;
  }
  return bytes === 0 ? "0" : `${Math.ceil(bytes / 1000)} KB`;
}

const UNITS = [
  ["GB", 1e9],
  ["MB", 1e6],
] as const;
