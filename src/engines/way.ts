import type { EventItem } from "../control/protocol.ts";
import type { ProjectPaths } from "../paths.ts";

/** A supervisor that can be asked. */
export interface Base {
  readonly socket: string;
  readonly version?: string;
}

/** How the supervisor is found, and the one after it. */
export interface Way {
  readonly paths: ProjectPaths;
  /** null: nobody listens. */
  reach<T>(ask: (base: Base) => Promise<T | null>): Promise<T | null>;
  /** Waits for the next supervisor when one went away. False: nothing runs. */
  next(): Promise<boolean>;
  launch(): Promise<void>;
  /** What happened after an event. */
  since(seq: number, onEvent: (event: EventItem) => void): Promise<void>;
}
