import { EXIT } from "../errors.ts";
import { listArchives } from "../logs/archives.ts";
import { chooseRuns, type StoredRun, streamsOf } from "../logs/catalogue.ts";
import type { LogQuery } from "../logs/history.ts";
import type { Context } from "./context.ts";

/** Prints the files of the chosen runs, one a line and oldest bytes first, for `less` or `lnav`: of each instance the last run. */
export function printPaths(context: Context, query: LogQuery): number {
  const runs = chooseRuns(query.runs, query.targets, query.choice);
  const chosen = query.choice.kind === "all" ? lastOfEach(runs) : runs;
  for (const run of chosen) {
    for (const stream of streamsOf(run, query.stream)) {
      const archives = listArchives(stream.path).list.map((archive) => archive.path);
      for (const path of [...archives, stream.path]) {
        if (context.out.mode !== "json") context.out.line(path);
        else context.out.json(describe(run, stream.stream, path));
      }
    }
  }
  return EXIT.ok;
}

function describe(run: StoredRun, stream: string, path: string) {
  const { service, slot, run: number } = run;
  return { v: 1, kind: "log_path", service, instance: slot, run: number, stream, path };
}

/** Runs come by instance, oldest first. */
function lastOfEach(runs: readonly StoredRun[]): readonly StoredRun[] {
  const last = new Map(runs.map((run) => [`${run.service}.${run.slot}`, run]));
  return [...last.values()];
}
