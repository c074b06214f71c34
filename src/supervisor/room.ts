import { rmSync } from "node:fs";
import { join } from "node:path";
import { EXIT, messageOf, type UserError, userError } from "../errors.ts";
import { listSlots } from "../logs/catalogue.ts";
import { StoredSlot } from "../logs/stored-runs.ts";
import type { ProjectPaths } from "../paths.ts";
import { causeOf, FILES_MIN, fullWords, sizeWords, spaceOf } from "./disk-space.ts";

/** What a supervisor needs to begin with: its lock, its address, its state, the ledgers of the first services. */
const START_BYTES = 64 * 1024;
const LARGEST_MAX = 3;

/**
 * Does what writes to the project's folders. Throws P701 (exit 4) when there is no room, P703 (exit 4) when they may not be
 * written to, and whatever else `action` throws.
 */
export function withRoom<T>(paths: ProjectPaths, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const cause = causeOf(error)?.cause;
    if (cause === "full") throw noRoom(paths, paths.state);
    if (cause === "barred") throw barred(paths, error);
    throw error;
  }
}

/** Throws P701 (exit 4) when there is too little room for a supervisor to start. */
export function refuseWithoutRoom(paths: ProjectPaths): void {
  // What a predecessor kept for bad times, should the machine have ended it.
  if (isFull(paths.state)) rmSync(join(paths.state, "ballast"), { force: true });
  for (const folder of [paths.state, paths.runtime]) {
    if (isFull(folder)) throw noRoom(paths, folder);
  }
}

function barred(paths: ProjectPaths, error: unknown): UserError {
  const isReadOnly = error instanceof Error && "code" in error && error.code === "EROFS";
  const why = isReadOnly ? "its disk can only be read" : "it is not allowed";
  return userError(EXIT.supervisor, "P703", `procs cannot write to ${paths.state}: ${why}`, {
    notes: [messageOf(error)],
    help: ["PROCS_STATE_DIR=DIR procs up    keeps state and logs elsewhere"],
  });
}

function isFull(folder: string): boolean {
  const space = spaceOf(folder);
  return space !== null && (space.freeFiles < FILES_MIN || space.freeBytes < START_BYTES);
}

function noRoom(paths: ProjectPaths, folder: string): UserError {
  const largest = folder === paths.state ? largestServices(paths.runs) : [];
  const [first] = largest;
  const words = fullWords(spaceOf(folder), folder === paths.state ? "logs" : "sockets");
  return userError(EXIT.supervisor, "P701", words, {
    notes: [
      `nothing can be started: what is needed to look after it could not be written to ${folder}`,
      ...(first === undefined
        ? []
        : [
            `largest: ${largest.map(({ name, bytes }) => `${name} ${sizeWords(bytes)}`).join(", ")}`,
          ]),
    ],
    help:
      first === undefined
        ? ["delete something there, and try again"]
        : [`procs logs --clear ${first.name}`, "cap it: log.max_total in procs.yaml"],
  });
}

interface Stored {
  readonly name: string;
  readonly bytes: number;
}

/** The services whose logs take the most, at least a block each. */
function largestServices(runs: string): readonly Stored[] {
  const byName = new Map<string, number>();
  for (const { service, slot } of listSlots(runs)) {
    for (const { archives, rest } of new StoredSlot(runs, service, slot).look(() => false)) {
      const bytes = archives.reduce((sum, one) => sum + one.diskBytes, rest.diskBytes);
      byName.set(service, (byName.get(service) ?? 0) + bytes);
    }
  }
  return [...byName]
    .map(([name, bytes]) => ({ name, bytes }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, LARGEST_MAX);
}
