import { mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import type { InstanceId } from "../core/observed.ts";
import { moveStream } from "../logs/archives.ts";
import { runFiles } from "../logs/layout.ts";
import { namesIn } from "../logs/names-in.ts";
import type { ProjectPaths } from "../paths.ts";
import { lifeFifos } from "./life.ts";

/**
 * Gives everything of a run another name: its program has the files open and writes on. The ledger goes last,
 * so that where it is says whether all the rest is there; done twice, it finishes what was begun.
 */
export function moveRunFiles(from: InstanceId, to: InstanceId, paths: ProjectPaths): void {
  const [before, after] = [from, to].map((id) => runFiles(paths.runs, id.service, id.slot, id.run));
  if (before === undefined || after === undefined) return;
  mkdirSync(after.folder, { recursive: true, mode: 0o700 });
  const [fifosBefore, fifosAfter] = [lifeFifos(paths, from), lifeFifos(paths, to)];
  for (const key of ["main", "tree"] as const) move(fifosBefore[key], fifosAfter[key]);
  const ledger = basename(before.ledger);
  // Whoever reads its output meanwhile finds all of it, under the old name or the new one.
  for (const key of ["out", "err"] as const) moveStream(before[key], after[key]);
  // Its indexes and notes: whatever begins with its number.
  for (const name of namesIn(before.folder)) {
    if (!name.startsWith(`${from.run}.`) || name === ledger) continue;
    move(
      join(before.folder, name),
      join(after.folder, `${to.run}.${name.slice(`${from.run}.`.length)}`),
    );
  }
  move(before.ledger, after.ledger);
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // Not there, or moved before.
  }
}
