import { join } from "node:path";
import type { InstanceId } from "../core/observed.ts";
import { namesIn } from "../logs/names-in.ts";
import type { ProjectPaths } from "../paths.ts";

/** The two fifos of a run: its shim holds the write end of `main`, and all that it starts that of `tree`. */
export function lifeFifos(paths: ProjectPaths, id: InstanceId) {
  const stem = join(paths.life, `${id.service}.${id.slot}.${id.run}`);
  return { main: `${stem}.main`, tree: `${stem}.tree` };
}

/** The runs that have a tree fifo, whether somebody holds it or not. */
export function fifoRuns(paths: ProjectPaths): readonly InstanceId[] {
  return namesIn(paths.life).flatMap((name) => readFifoName(name) ?? []);
}

/** The run whose tree fifo has this file name. */
export function readFifoName(name: string): InstanceId | null {
  const [, service, slot, run] = /^(.+)\.(\d+)\.(\d+)\.tree$/.exec(name) ?? [];
  return service === undefined ? null : { service, slot: Number(slot), run: Number(run) };
}
