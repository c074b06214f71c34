import { join } from "node:path";
import { type RunFiles, runFiles, type Stream } from "./layout.ts";
import { namesIn } from "./names-in.ts";

/** One run whose files are on the disk. */
export interface StoredRun {
  readonly service: string;
  readonly slot: number;
  readonly run: number;
  readonly files: RunFiles;
}

/** What a person chose: a service, or one instance of it (`slot` null: all of them). */
export interface LogTarget {
  readonly service: string;
  readonly slot: number | null;
}

/** Which runs of each instance. `previous`: the one before the last. */
export type RunChoice =
  | { readonly kind: "all" }
  | { readonly kind: "previous" }
  | { readonly kind: "number"; readonly run: number };

/** One of the two files of a run. */
export interface StoredStream {
  readonly owner: StoredRun;
  readonly stream: Stream;
  readonly path: string;
  readonly indexPath: string;
}

/** `api.2` of a folder name `<service>.<slot>`; null for anything else. */
export function parseSlotName(name: string): { service: string; slot: number } | null {
  const match = /^(.+)\.([1-9]\d*)$/.exec(name);
  return match === null ? null : { service: match[1] ?? "", slot: Number(match[2]) };
}

/** Every slot that has a folder: by service name, then slot. */
export function listSlots(runs: string): { service: string; slot: number }[] {
  const slots = namesIn(runs).flatMap((name) => parseSlotName(name) ?? []);
  return slots.sort((a, b) => compareText(a.service, b.service) || a.slot - b.slot);
}

/** The runs of one slot that have files, oldest first. */
export function listSlotRuns(runs: string, service: string, slot: number): StoredRun[] {
  const numbers = new Set<number>();
  for (const name of namesIn(join(runs, `${service}.${slot}`))) {
    const match = /^([1-9]\d*)\.(?:out|err)$/.exec(name);
    if (match !== null) numbers.add(Number(match[1]));
  }
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted.map((run) => ({ service, slot, run, files: runFiles(runs, service, slot, run) }));
}

/** The chosen runs of the chosen targets (null: of everything that has logs), by name, slot and run. */
export function chooseRuns(
  runs: string,
  targets: readonly LogTarget[] | null,
  choice: RunChoice,
): StoredRun[] {
  const slots = listSlots(runs).filter((slot) => isTarget(targets, slot));
  return slots.flatMap(({ service, slot }) => pickRuns(listSlotRuns(runs, service, slot), choice));
}

export function isTarget(
  targets: readonly LogTarget[] | null,
  { service, slot }: { readonly service: string; readonly slot: number },
): boolean {
  if (targets === null) return true;
  return targets.some((one) => one.service === service && (one.slot ?? slot) === slot);
}

/** The files of a run; `stream` null: both. */
export function streamsOf(owner: StoredRun, stream: Stream | null): StoredStream[] {
  const { out, outIndex, err, errIndex } = owner.files;
  const both: StoredStream[] = [
    { owner, stream: "stdout", path: out, indexPath: outIndex },
    { owner, stream: "stderr", path: err, indexPath: errIndex },
  ];
  return both.filter((one) => stream === null || one.stream === stream);
}

function pickRuns(stored: readonly StoredRun[], choice: RunChoice): readonly StoredRun[] {
  if (choice.kind === "all") return stored;
  if (choice.kind === "previous") return stored.slice(-2, -1);
  return stored.filter((one) => one.run === choice.run);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
