import { rmdirSync } from "node:fs";
import type { InstanceId, Observed } from "../core/observed.ts";
import type { LogSettings, ProjectLogSettings } from "../core/spec.ts";
import { failpoint } from "../host/failpoint.ts";
import { isHeld } from "../host/fifos.ts";
import { lifeFifos } from "../host/life.ts";
import { dropArchives } from "../logs/archives.ts";
import { listSlots } from "../logs/catalogue.ts";
import { runFiles, slotFolder } from "../logs/layout.ts";
import { type Drop, dropsOf, type KeptRun } from "../logs/retention.ts";
import { deleteRun, StoredSlot } from "../logs/stored-runs.ts";
import type { ProjectPaths } from "../paths.ts";

export interface RetentionOptions {
  readonly paths: ProjectPaths;
  /** The settings of a service as the file has them now; null: it has no such service. */
  readonly settings: (service: string) => LogSettings | null;
  readonly project: () => ProjectLogSettings;
  readonly observed: () => Observed;
  readonly onFault: (error: unknown) => void;
}

/** Several rotations and ends of one moment are looked at once. */
const GATHER_MS = 100;

/**
 * Keeps what is stored of a project's output within its caps: looks when something was archived, when a run has
 * ended and when it is asked, never by itself. It does not throw: what cannot be deleted is tried again then.
 */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #slots = new Map<string, StoredSlot>();
  readonly #kept = new Map<string, readonly KeptRun[]>();
  readonly #due = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** A slot has a new archive, or a run of it has ended: looks at it soon. */
  touched(service: string, slot: number): void {
    this.#due.add(`${service}.${slot}`);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#drop(0);
    }, GATHER_MS).unref();
  }

  /** Looks at everything that is stored: at the start, and after an edit of the caps. */
  look(): void {
    this.#dueAll();
    this.#drop(0);
  }

  /** Deletes the oldest of all, also within the caps, until so many bytes are freed. Returns what was freed. */
  free(bytes: number): number {
    this.#dueAll();
    return this.#drop(bytes);
  }

  /** Whether its files are, or may be, written to. */
  isLive(id: InstanceId): boolean {
    const { service, slot, run } = id;
    return liveRuns(this.#options.observed(), service, slot).has(run) || this.#lives(id);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #dueAll(): void {
    this.#kept.clear();
    for (const { service, slot } of listSlots(this.#options.paths.runs)) {
      this.#due.add(`${service}.${slot}`);
    }
  }

  #drop(needBytes: number): number {
    try {
      for (const name of this.#due) this.#lookAt(name);
      this.#due.clear();
      const { settings, project } = this.#options;
      const rules = { settings, project: project(), nowMs: Date.now(), needBytes };
      return dropsOf([...this.#kept.values()].flat(), rules).reduce(
        (freed, drop) => freed + this.#dropOne(drop),
        0,
      );
    } catch (error) {
      this.#options.onFault(error);
      return 0;
    }
  }

  #lookAt(name: string): void {
    const dot = name.lastIndexOf(".");
    const [service, number] = [name.slice(0, dot), Number(name.slice(dot + 1))];
    const { runs } = this.#options.paths;
    const slot = this.#slots.get(name) ?? new StoredSlot(runs, service, number);
    const live = liveRuns(this.#options.observed(), service, number);
    const stored = slot.look((run) => live.has(run));
    const isLive = (run: number) => live.has(run) || this.#lives({ service, slot: number, run });
    const remains = slot.remains(isLive);
    for (const run of remains) deleteRun(runFiles(runs, service, number, run));
    const kept = stored.filter(({ run }) => !remains.includes(run));
    this.#kept.set(name, kept);
    this.#slots.set(name, slot);
    if (kept.length > 0) return;
    this.#kept.delete(name);
    this.#slots.delete(name);
  }

  /** Returns the bytes that are free now. */
  #dropOne(drop: Drop): number {
    const { service, slot, run } = drop;
    const { runs } = this.#options.paths;
    // What no record knows may live all the same.
    if (drop.kind === "run" && this.#lives({ service, slot, run })) return 0;
    try {
      failpoint("drop.before");
      const files = runFiles(runs, service, slot, run);
      if (drop.kind === "run") deleteRun(files);
      else dropArchives(drop.stream === "stdout" ? files.out : files.err, drop.to);
      failpoint("drop.after");
    } catch (error) {
      this.#options.onFault(error);
      return 0;
    }
    this.#due.add(`${service}.${slot}`);
    if (this.#options.settings(service) === null) removeIfEmpty(slotFolder(runs, service, slot));
    return drop.diskBytes;
  }

  #lives({ service, slot, run }: InstanceId): boolean {
    return isHeld(lifeFifos(this.#options.paths, { service, slot, run }).tree);
  }
}

/** Runs of which something lives by the books; a renamed one may have its files under an earlier name. */
function liveRuns(observed: Observed, service: string, slot: number): ReadonlySet<number> {
  const live = new Set<number>();
  for (const { instances } of observed.services.values()) {
    for (const instance of instances) {
      if (instance.phase.kind === "ended") continue;
      for (const id of [instance, ...(instance.was ?? [])]) {
        if (id.service === service && id.slot === slot) live.add(id.run);
      }
    }
  }
  return live;
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Other runs are in it.
  }
}
