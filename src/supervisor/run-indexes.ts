import type { Event } from "../core/event.ts";
import type { InstanceId } from "../core/observed.ts";
import type { RealHost } from "../host/host.ts";
import { Indexer } from "../logs/index-writer.ts";
import { runFiles } from "../logs/layout.ts";

/** Keeps the time indexes of the logs in step with what runs. */
export class RunIndexes {
  readonly #indexer = new Indexer();
  readonly #runs: string;

  constructor(runs: string) {
    this.#runs = runs;
  }

  /** An event of the host, before the core hears it. */
  heard(event: Event): void {
    if (event.kind === "started") this.#indexer.watchRun(this.#files(event.id));
    if (event.kind === "gone") this.#indexer.endRun(this.#files(event.id));
  }

  /** The host, with its files still indexed when a run gets another name. */
  follow(host: RealHost): RealHost {
    return {
      ...host,
      rename: (from, to) => {
        this.#indexer.endRun(this.#files(from));
        host.rename(from, to);
        this.#indexer.watchRun(this.#files(to));
      },
    };
  }

  close(): void {
    this.#indexer.close();
  }

  #files({ service, slot, run }: InstanceId) {
    return runFiles(this.#runs, service, slot, run);
  }
}
