import type { Millis, Signal } from "./spec.ts";

/** What the program that starts a process for each connection is told, as JSON in PROCS_INETD. */
export interface InetdSettings {
  /** Of one connection: its standard input and output are the connection. */
  readonly argv: readonly string[];
  /** Processes at once; further connections wait. */
  readonly max_connections: number;
  /** Processes at once for one client address; further connections are closed. */
  readonly per_source: number | null;
  /** More than `count` connections within a second: none is taken for `pause`. */
  readonly rate: { readonly count: number; readonly pause: Millis } | null;
  /** Without a connection for this long it ends. */
  readonly idle_stop: Millis | null;
  /** At this signal it takes no more connections; after most of the timeout it passes the signal on. */
  readonly stop: { readonly signal: Signal; readonly timeout: Millis };
}
