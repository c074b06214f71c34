import { rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { archivesOf, parseArchiveName, streamFiles } from "./archives.ts";
import { type RunFiles, runFiles, type Stream } from "./layout.ts";
import { namesIn } from "./names-in.ts";
import { statOrNull } from "./plain-file.ts";
import type { KeptArchive, KeptRun } from "./retention.ts";

/** What one slot has on the disk, kept between two looks: only what has changed is asked for again. */
export class StoredSlot {
  readonly #runs: string;
  readonly service: string;
  readonly slot: number;
  #known: ReadonlyMap<number, Known> = new Map();

  constructor(runs: string, service: string, slot: number) {
    this.#runs = runs;
    this.service = service;
    this.slot = slot;
  }

  /** All its runs as they are now; `isLive` says of which ones the files are being written. */
  look(isLive: (run: number) => boolean): readonly KeptRun[] {
    const known = new Map<number, Known>();
    for (const [run, names] of this.#namesByRun()) {
      const key = names.toSorted().join(" ");
      const before = this.#known.get(run);
      const live = isLive(run);
      // The files of a run that has ended change only by names that come and go.
      const isSame = before !== undefined && !live && !before.kept.isLive && before.key === key;
      known.set(run, isSame ? before : { key, kept: this.#keptRun(run, names, live) });
    }
    this.#known = known;
    return [...known.values()].map(({ kept }) => kept);
  }

  /** Runs whose deletion was cut short: their live files are gone. Never the last, whose number must be known. */
  remains(isLive: (run: number) => boolean): readonly number[] {
    const last = Math.max(...this.#known.keys());
    return [...this.#known].flatMap(([run, { key }]) =>
      run === last || /(?:^| )\d+\.(?:out|err)(?: |$)/.test(key) || isLive(run) ? [] : [run],
    );
  }

  #namesByRun(): ReadonlyMap<number, string[]> {
    const byRun = new Map<number, string[]>();
    const folder = this.#files(1).folder;
    for (const name of namesIn(folder)) {
      const run = Number(/^([1-9]\d*)\./.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(run)) continue;
      const names = byRun.get(run);
      if (names === undefined) byRun.set(run, [name]);
      else names.push(name);
    }
    return byRun;
  }

  #keptRun(run: number, names: readonly string[], isLive: boolean): KeptRun {
    const files = this.#files(run);
    const archives: KeptArchive[] = [];
    let diskBytes = 0;
    let atMs = 0;
    for (const name of names) {
      const facts = factsOf(join(files.folder, name));
      if (facts === null) continue;
      const parsed = parseArchiveName(name);
      const isArchive = parsed !== null && (parsed.ending === "" || parsed.ending === "gz");
      if (isArchive) {
        const stream: Stream = parsed.stream.endsWith(".out") ? "stdout" : "stderr";
        archives.push({ stream, to: parsed.to, diskBytes: facts.diskBytes, atMs: facts.atMs });
      } else {
        diskBytes += facts.diskBytes;
        if (/\.(?:out|err|ledger)$/.test(name)) atMs = Math.max(atMs, facts.atMs);
      }
    }
    const unarchived = {
      stdout: unarchivedOf(files.out, names),
      stderr: unarchivedOf(files.err, names),
    };
    const { service, slot } = this;
    return { service, slot, run, isLive, archives, rest: { diskBytes, unarchived, atMs } };
  }

  #files(run: number): RunFiles {
    return runFiles(this.#runs, this.service, this.slot, run);
  }
}

interface Known {
  /** The names of its files. */
  readonly key: string;
  readonly kept: KeptRun;
}

/**
 * Deletes a run that has ended, with everything of it; what is not there any more is no error. The live files go
 * first: from then on nobody finds it, and whoever dies in the middle leaves what the next look finds again.
 */
export function deleteRun(files: RunFiles): void {
  const rest = [files.out, files.err].flatMap((live) => streamFiles(live));
  for (const path of [
    files.out,
    files.err,
    ...rest,
    files.outIndex,
    files.errIndex,
    files.ledger,
  ]) {
    rmSync(path, { force: true });
  }
}

/** Bytes at the end of a stream that are in its live file. */
function unarchivedOf(live: string, names: readonly string[]): number {
  const stats = statOrNull(live);
  if (stats === null) return 0;
  const own = names.filter((name) => name.startsWith(`${basename(live)}@`));
  const { base, shift } = archivesOf(dirname(live), own);
  return Math.max(0, stats.size + shift - base);
}

/** Blocks count: a live file keeps its length and has a hole where archived bytes were. */
function factsOf(path: string): { readonly diskBytes: number; readonly atMs: number } | null {
  const stats = statOrNull(path);
  return stats === null ? null : { diskBytes: stats.blocks * 512, atMs: stats.mtimeMs };
}
