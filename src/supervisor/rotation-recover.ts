import { rmSync } from "node:fs";
import { join } from "node:path";
import { listArchives, parseArchiveName } from "../logs/archives.ts";
import { namesIn } from "../logs/names-in.ts";
import { finishCut, stopNote } from "./rotation-cut.ts";
import { continueStopped } from "./rotation-writers.ts";

/**
 * Puts the archives of a project in order after the death of a supervisor: what is unfinished goes, a cut is
 * finished or taken back, who was stopped for it goes on, of a plain archive and its compressed copy the
 * latter stays. Returns the live files of the streams that have plain archives.
 */
export function recoverArchives(runs: string, onFault: (error: unknown) => void): string[] {
  const plain = new Set<string>();
  for (const slot of namesIn(runs)) {
    if (slot.startsWith(".punch-")) rmSync(join(runs, slot), { force: true });
    const folder = join(runs, slot);
    const names = new Set(namesIn(folder));
    for (const name of names) {
      try {
        recover(folder, name, names, plain);
      } catch (error) {
        onFault(error);
      }
    }
  }
  return [...plain];
}

function recover(
  folder: string,
  name: string,
  names: ReadonlySet<string>,
  plain: Set<string>,
): void {
  const path = join(folder, name);
  if (name.endsWith(".idx.tmp")) rmSync(path, { force: true });
  const stopped = /^([1-9]\d*\.(?:out|err))@stop$/.exec(name)?.[1];
  if (stopped !== undefined) resume(join(folder, stopped));
  const parsed = parseArchiveName(name);
  if (parsed === null) return;
  const live = join(folder, parsed.stream);
  const isUnfinished = parsed.ending === "tmp" || parsed.ending === "gz.tmp";
  const isTwice = parsed.ending === "" && names.has(`${name}.gz`);
  if (isUnfinished || isTwice) rmSync(path, { force: true });
  else if (parsed.mark === "cut") resume(live);
  else if (parsed.ending === "") plain.add(live);
}

/** First the bytes, then the program: it must not write to a file of which nobody knows what it holds. */
function resume(live: string): void {
  try {
    const { list, shift } = listArchives(live);
    for (const one of list) if (one.mark === "cut") finishCut(live, one, shift);
  } finally {
    continueStoppedIfAny(stopNote(live));
  }
}

function continueStoppedIfAny(note: string): void {
  try {
    continueStopped(note);
  } catch {
    // Nobody was stopped.
  }
}
