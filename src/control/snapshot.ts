import type { State } from "./protocol.ts";

/** What runs, as `ps` and `status` show it: the answer to GET /v1/snapshot. */
export interface Snapshot {
  readonly v: 1;
  readonly kind: "ps";
  readonly project: string;
  readonly folder: string;
  readonly file: string;
  readonly supervisor: {
    readonly version: string;
    readonly pid: number;
    readonly since: string;
  } | null;
  /** Whether the file says something else than what runs; null: the file does not validate now. */
  readonly drift: {
    readonly changed: boolean;
    readonly edits: number;
    readonly plan: string;
  } | null;
  /** The last event's number: follow from here. */
  readonly seq: number;
  readonly services: readonly ServiceStatus[];
}

export interface ServiceStatus {
  readonly name: string;
  readonly kind: "service" | "task";
  readonly state: State;
  /** Beside the state: `waits for redis`, `exit 1, retry 2 of 10 in 2s`, `exit 0, 12m ago`, `1 of 3 replaced`. */
  readonly detail: string | null;
  readonly ready: number;
  readonly wanted: number;
  readonly restarts: number;
  /** Since when the oldest ready instance is up, RFC 3339. */
  readonly since: string | null;
  /** Over the whole tree of all instances, since the last look (else over their life). */
  readonly cpu_percent: number | null;
  readonly memory_bytes: number | null;
  /** `http://localhost:3000`, `:6379`, or null. */
  readonly where: string | null;
  /** What procs listens on for it: `:3000`, `/shop/api.sock`. Absent: told by an earlier version, as below. */
  readonly listens?: readonly string[];
  /** Open connections of all its instances; null: not known. */
  readonly connections?: number | null;
  /** The process of procs that accepts for it; null: it has none. */
  readonly proxy?: InstanceStatus | null;
  readonly next_due: string | null;
  readonly retry_in_ms: number | null;
  readonly last_exit: LastExit | null;
  /** By hand: wins over the file. */
  readonly by_hand: {
    readonly stopped: boolean;
    readonly scale: number | null;
    readonly file_instances: number;
  };
  readonly instances: readonly InstanceStatus[];
  /** From the applied specs: for `status`. */
  readonly command: string;
  readonly cwd: string;
  readonly description: string | null;
  readonly depends_on: Readonly<Record<string, "started" | "ready" | "done">>;
  readonly needed_by: readonly string[];
  readonly source: { readonly file: string; readonly line: number } | null;
  readonly probe: string | null;
}

export interface InstanceStatus {
  readonly instance: number;
  readonly run: number;
  readonly state: State;
  readonly pid: number | null;
  readonly port: number | null;
  readonly since: string | null;
  readonly cpu_percent: number | null;
  readonly memory_bytes: number | null;
  /** Runs the wanted revision. */
  readonly current: boolean;
  /** Open connections; null: not known. */
  readonly connections?: number | null;
  /** Beside the state: `draining, 12 connections, up to 30s`; null: nothing to add. */
  readonly detail?: string | null;
}

export interface LastExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The kernel ended it for lack of memory. */
  readonly oom?: "sure" | "probable";
  /** `exit 1`, `killed by SIGKILL, often out of memory`, `could not start: no such program`. */
  readonly words: string;
  readonly time: string;
  readonly instance: number;
  readonly run: number;
  readonly last_lines: readonly string[];
}
