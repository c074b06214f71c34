import { call, stream } from "../control/client.ts";
import type { DrainedReport, ProxyTable } from "../control/proxying.ts";

export interface FeedOptions {
  /** The supervisor's control socket. */
  readonly socket: string;
  readonly service: string;
  readonly onTable: (table: ProxyTable) => void;
  readonly log: (message: string) => void;
}

/** A supervisor that died is back within a second; after that nobody is in a hurry. */
const AGAIN_MS = { min: 20, max: 1_000 };

/** Keeps the proxy's table as the supervisor has it. Without a supervisor the last one holds. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #closing = new AbortController();
  #wait = AGAIN_MS.min;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  async follow(): Promise<void> {
    const { socket, service, log } = this.#options;
    const path = `/v1/proxied?service=${encodeURIComponent(service)}&proxy=${process.pid}`;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const onValue = (value: unknown) => this.#take(value);
        await stream({ socket, method: "GET", path, onValue, signal });
      } catch (error) {
        log(`the supervisor cannot be asked: ${String(error)}`);
      }
      if (signal.aborted) return;
      await pause(this.#wait);
      this.#wait = Math.min(AGAIN_MS.max, this.#wait * 2);
    }
  }

  /** What cannot be told now is told again after the next table. */
  async report(instances: DrainedReport["instances"]): Promise<void> {
    const { socket, service } = this.#options;
    const body: DrainedReport = { service, proxy: process.pid, instances };
    try {
      await call({ socket, method: "POST", path: "/v1/drained", body });
    } catch (error) {
      this.#options.log(`the supervisor could not be told what is drained: ${String(error)}`);
    }
  }

  close(): void {
    this.#closing.abort();
  }

  #take(value: unknown): void {
    this.#wait = AGAIN_MS.min;
    // Our own supervisor sends nothing else here; what a later one adds is not looked at.
    const table = value as ProxyTable;
    if (table.kind === "table") this.#options.onTable(table);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
