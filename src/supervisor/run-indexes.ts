import { basename, dirname } from "node:path";
import type { Event } from "../core/event.ts";
import type { InstanceId } from "../core/observed.ts";
import type { LogSettings } from "../core/spec.ts";
import type { RealHost } from "../host/host.ts";
import { chooseRuns, listSlots, parseSlotName } from "../logs/catalogue.ts";
import { Indexer } from "../logs/index-writer.ts";
import { type RunFiles, runFiles } from "../logs/layout.ts";
import { readLedger } from "../logs/ledger.ts";
import { Rotator } from "./rotation.ts";
import { recoverArchives } from "./rotation-recover.ts";

/** What is asked about the room that logs take, and told. */
export interface LogRoom {
  /** Of a service, as its file says now; null: nobody knows. */
  settings(service: string): LogSettings | null;
  /** A slot's logs were archived, or take less space than before. */
  archived(service: string, slot: number): void;
  readonly disk: {
    /** A log has grown. */
    grown(): void;
    /** Something could not be written for lack of space. True: room was made, and it may be tried again. */
    full(error: unknown): boolean;
  };
}

export interface RunIndexesOptions {
  readonly runs: string;
  readonly room: LogRoom;
  readonly log: (message: string) => void;
  /** `cut`: rotate as if holes could not be punched. */
  readonly way?: "auto" | "cut";
  /** Where programs are looked for, as in PATH. */
  readonly path?: string;
}

/** Of a service that is in no file any more. */
const USUAL: LogSettings = {
  max_size: 10_000_000,
  keep: 5,
  max_total: null,
  max_age: null,
  compress: true,
};

/** Keeps the logs of what runs: their time indexes in step, their files within bounds. */
export class RunIndexes {
  readonly #options: RunIndexesOptions;
  readonly #indexer: Indexer;
  readonly #rotator: Rotator;
  /** Live files of which there are plain archives since before our time. */
  readonly #plain: readonly string[];
  readonly #takenUp = new Set<string>();

  /** Puts in order what a dead predecessor left in the middle. */
  constructor(options: RunIndexesOptions) {
    this.#options = options;
    const { runs, room, log } = options;
    this.#rotator = new Rotator({
      ...{ runs, log, way: options.way ?? "auto" },
      path: options.path ?? process.env.PATH ?? "/usr/bin:/bin",
      settings: (service) => room.settings(service) ?? USUAL,
      onArchived(live) {
        const slot = slotOf(live);
        if (slot !== null) room.archived(slot.service, slot.slot);
      },
      onFull: (error) => room.disk.full(error),
      onShift: (live, shift) => this.#indexer.shifted(live, shift),
    });
    this.#indexer = new Indexer((live, end) => {
      this.#rotator.grown(live, end);
      room.disk.grown();
    });
    this.#plain = recoverArchives(runs, (error) => log(`logs: ${String(error)}`));
    // The services' settings are known only when the supervisor is up, or even later: see `#watch`.
    setImmediate(() => {
      const services = new Set(listSlots(runs).map(({ service }) => service));
      for (const service of services) this.#takeUp(service);
    });
  }

  /** Whether nothing is being rotated or compressed, or waits for it. */
  get isIdle(): boolean {
    return this.#rotator.isIdle;
  }

  /** An event of the host, before the core hears it. */
  heard(event: Event): void {
    if (event.kind === "started") this.#watch(event.id);
    if (event.kind === "gone") this.#end(event.id);
  }

  /** The host, with its files still kept when a run gets another name. */
  follow(host: RealHost): RealHost {
    return {
      ...host,
      rename: (from, to) => {
        const files = this.#files(from);
        this.#indexer.endRun(files);
        for (const live of [files.out, files.err]) this.#rotator.release(live);
        host.rename(from, to);
        this.#watch(to);
      },
    };
  }

  /** Deletes what is stored of a run that goes on writing; rejects with what fails. */
  async clear(id: InstanceId): Promise<void> {
    const files = this.#files(id);
    await Promise.all([files.out, files.err].map((live) => this.#rotator.clear(id.service, live)));
  }

  close(): void {
    this.#indexer.close();
    this.#rotator.close();
  }

  #watch(id: InstanceId): void {
    const files = this.#files(id);
    for (const live of [files.out, files.err]) this.#rotator.watch(id.service, live);
    this.#indexer.watchRun(files);
    this.#takeUp(id.service);
  }

  #end(id: InstanceId): void {
    const files = this.#files(id);
    this.#indexer.endRun(files);
    for (const live of [files.out, files.err]) this.#rotator.end(id.service, live);
  }

  /** What a predecessor had no time for, once for each service, as soon as its settings are known. */
  #takeUp(service: string): void {
    if (this.#takenUp.has(service) || this.#options.room.settings(service) === null) return;
    this.#takenUp.add(service);
    for (const live of this.#plain) {
      if (slotOf(live)?.service === service) this.#rotator.compress(service, live);
    }
    const targets = [{ service, slot: null }];
    for (const { files } of chooseRuns(this.#options.runs, targets, { kind: "all" })) {
      if (readLedger(files.ledger).status === null) continue;
      for (const live of [files.out, files.err]) this.#rotator.end(service, live);
    }
  }

  #files({ service, slot, run }: InstanceId): RunFiles {
    return runFiles(this.#options.runs, service, slot, run);
  }
}

function slotOf(live: string): { readonly service: string; readonly slot: number } | null {
  return parseSlotName(basename(dirname(live)));
}
