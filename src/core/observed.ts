import type { ListenAddress, Millis, ServiceSpec, Signal } from "./spec.ts";

/**
 * What is known to be: a fold of events and of our own actions. An instance is one run of one slot;
 * two runs of a slot may overlap during a rolling replacement.
 *
 *            start                started           probe, or 1 s without one
 *   (nothing) ----> starting --------------> running ----------------------> ready <--> unready
 *                      |                        |                              |
 *                      |  spawn failed          | exited / stop asked          | exited / stop asked
 *                      v                        v                              v
 *                    ended <----- gone ------ ending <------------- exited  stopping --(grace)--> kill
 *                      |                (main is gone, something
 *                      |                 it started still lives)
 *                      +--> backoff, done or gave up: read off the exit and today's policy (`standing`)
 */
export interface Observed {
  readonly services: ReadonlyMap<string, ObservedService>;
  /** What procs binds, by `addressText`: held by the host across restarts, reloads and supervisors. */
  readonly sockets: Readonly<Record<string, ObservedSocket>>;
  /** `api.1` -> the number its next run gets. Kept for services that are gone: runs are never reused. */
  readonly nextRun: Readonly<Record<string, number>>;
}

/** One address that procs binds. */
export interface ObservedSocket {
  readonly address: ListenAddress;
  readonly service: string;
  readonly backlog: number;
  /** binding and closing: asked of the host, which has not answered yet. failed: not bound; tried again at `retryAt`. */
  readonly phase: "binding" | "bound" | "failed" | "closing";
  /** Why it could not be bound: `taken by node server.js (pid 2865, user ana, in ~/old-shop)`. */
  readonly detail: string | null;
  readonly since: Millis;
  readonly failures: number;
  readonly retryAt: Millis | null;
  /** failed: those who have it are instances of ours, which were given it by a supervisor and guardian that are gone. */
  readonly ours?: boolean;
}

/** A service that starts on demand has been asked for. */
export interface Demand {
  readonly since: Millis;
  /** Open connections, as far as can be seen. */
  readonly connections: number;
  /** Since when there has been none; null: there is one, or nobody knows. */
  readonly idleSince: Millis | null;
  /** It did not come up: who waited was reset, and nothing starts until it is asked for by hand or edited. */
  readonly failed: FailedDemand | null;
}

/** How a service that was started on demand did not come up. */
export interface FailedDemand {
  /** `not ready after 60s: ...`, `exit 1 after 0.4s`. */
  readonly reason: string;
  /** The run whose last lines show it. */
  readonly instance: { readonly slot: number; readonly run: number } | null;
  readonly at: Millis;
}

/** One service in the books. */
export interface ObservedService {
  /** Ordered by slot, then run. */
  readonly instances: readonly Instance[];
  /** The revision that last had all its instances ready: what a failed rollout goes back to. */
  readonly good: Revision | null;
  /** A replacement in progress. */
  readonly rollout: Rollout | null;
  /** A revision that failed its rollout: not tried again until the file or the generation changes. */
  readonly rejected: Rejected | null;
  /** Raised when the wanted revision changes; dependents with `restart: true` compare it. */
  readonly epoch: number;
  /** The epoch of `good`, to which a roll back returns, and the highest ever given. */
  readonly goodEpoch: number;
  readonly epochMax: number;
  /** The last wanted revision, to see when it changes. */
  readonly wanted: Revision | null;
  /** Files that changed and are waiting for quiet; `ran`: the watch's command has already succeeded on them. */
  readonly change: Change | null;
  /** Times of restarts by watch, newest last, bounded; and whether watching is paused because it looped. */
  readonly watched: {
    readonly times: readonly Millis[];
    readonly paused: boolean;
    readonly running: boolean;
    /** What its command, which runs now, was started for: run again when nobody is left to hear how it ended. */
    readonly runsFor?: Change | null;
  };
  /** The host was asked when the schedule is next due, and what it said (at null: nothing yet, or never). */
  readonly due: { readonly at: Millis | null } | null;
  /** A scheduled task is to run as soon as it can. */
  readonly pending: boolean;
  /** null: nothing has connected, so nothing runs. Of services that start on demand alone. */
  readonly demand: Demand | null;
  /** How often it was woken within the same ten seconds: to notice one that takes no connection. */
  readonly wakes?: { readonly since: Millis; readonly count: number };
  /** Unasked restarts since the service was first started: what `ps` shows. */
  readonly restarts: number;
}

/** Paths are bounded; `count` is how many changes there were. */
export interface Change {
  readonly paths: readonly string[];
  readonly count: number;
  readonly quietAt: Millis;
  readonly ran: boolean;
}

/** What must match for an instance to be current. */
export interface Revision {
  readonly spec: ServiceSpec;
  readonly generation: number;
}

/** A replacement on its way. */
export interface Rollout {
  readonly to: Revision;
  readonly since: Millis;
  readonly progressAt: Millis;
  /** Instances of the new revision seen available so far. */
  readonly replaced: number;
}

/** A version that failed its rollout, and how. */
export interface Rejected {
  readonly revision: Revision;
  /** `new api.1 exited with code 1 before it was ready`. */
  readonly reason: string;
  /** The run that failed, so that its last lines can be shown. */
  readonly instance: { readonly slot: number; readonly run: number } | null;
  readonly at: Millis;
  /** on_failure: pause keeps both versions; rollback goes back to `good`. */
  readonly paused: boolean;
}

/** One run of one slot, from its start until it leaves the books. */
export interface Instance {
  readonly service: string;
  /** From 1. */
  readonly slot: number;
  /** Counts the processes this slot has had, from 1. */
  readonly run: number;
  /** What it was started with, and what was applied to it live since. */
  readonly applied: ServiceSpec;
  readonly generation: number;
  /** Epochs of the `restart: true` dependencies at its start. */
  readonly upstream: Readonly<Record<string, number>>;
  readonly phase: Phase;
  readonly startedAt: Millis;
  /** The port given as $PORT, when known. */
  readonly port: number | null;
  readonly ready: ProbeState;
  readonly alive: ProbeState;
  /** Consecutive failures of this slot before this run. */
  readonly failures: number;
  /** Times of the unasked exits of this slot, oldest first, bounded by restart.max. */
  readonly exits: readonly Millis[];
  /** What its start took out of the books, until it is known to have been started. */
  readonly displaced?: Displaced | null;
  /** Names it had before it was renamed, oldest first: its process and files may still carry them. */
  readonly was?: readonly InstanceId[];
  /** Processes of it that were found outside its group and session when it was ended. */
  readonly hunted?: Hunted;
}

/** What had to be looked for. */
export interface Hunted {
  readonly processes: readonly HuntedProcess[];
  /** How many more there were: a list for people is short. */
  readonly more: number;
  /** They live on after several kills. */
  readonly lasting: boolean;
}

/** One of them, as the kernel calls it. */
export interface HuntedProcess {
  readonly pid: number;
  readonly name: string;
  /** Inside the kernel, where no signal reaches it. */
  readonly stuck?: boolean;
}

/** What comes back when a start turns out never to have happened. */
export interface Displaced {
  /** Earlier runs of the slot. */
  readonly ended: readonly Instance[];
  /** It was the run that a schedule had asked for. */
  readonly pending: boolean;
  /** It counted as a restart. */
  readonly again: boolean;
}

/** Where an instance is in its life: see the drawing above. */
export type Phase =
  | { readonly kind: "starting" }
  /** Alive, not ready yet. */
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "ready"; readonly pid: number; readonly since: Millis }
  /** Was ready; its probe fails now. */
  | { readonly kind: "unready"; readonly pid: number; readonly since: Millis }
  /** We asked it to end. `exit` is set once the main process has gone and others of it remain. */
  | {
      readonly kind: "stopping";
      readonly pid: number | null;
      readonly since: Millis;
      /** After this: SIGKILL to everything. Raised after each kill, so that a kill can be repeated. */
      readonly killAt: Millis;
      /** Of `killAt`, how long its connections may go on before it is sent the signal; absent: it was sent, or at once. */
      readonly drainMs?: Millis;
      readonly killed: boolean;
      readonly reason: string;
      /** The signal it was sent; absent: that of its own settings. */
      readonly signal?: Signal;
      /** false: it failed its alive probe, so its end counts as a failure. */
      readonly asked: boolean;
      readonly exit: Exit | null;
      readonly readyMs: Millis;
    }
  /** Its main process ended unasked; something that it started still lives and is being ended. */
  | {
      readonly kind: "ending";
      readonly exit: Exit;
      readonly since: Millis;
      readonly killAt: Millis;
      /** The remains have been sent the stop signal. */
      readonly told: boolean;
      readonly killed: boolean;
      readonly readyMs: Millis;
    }
  | {
      readonly kind: "ended";
      readonly exit: Exit;
      /** When all of it was gone; `exitedAt`: when its main process was, where it ended by itself. */
      readonly at: Millis;
      readonly exitedAt?: Millis;
      readonly asked: boolean;
      /** How long it had been ready; 0: never was. */
      readonly readyMs: Millis;
    };

/** How a main process ended. */
export type Exit =
  | { readonly kind: "code"; readonly code: number; readonly oom?: Oom }
  | { readonly kind: "signal"; readonly signal: string; readonly oom?: Oom }
  /** Never ran: the program is not there, no permission, no process left. */
  | { readonly kind: "spawn"; readonly message: string }
  /** Gone, and nobody recorded how. */
  | { readonly kind: "unknown" };

/**
 * Whether the kernel ended it for lack of memory. sure: the kernel says so of this run. probable: it killed
 * something on this machine meanwhile. none: it killed nothing, or the signal was ours. Absent: nobody can know.
 */
export type Oom = "sure" | "probable" | "none";

/** What is known from one probe of one instance. */
export interface ProbeState {
  /** When the next attempt is due; null: nothing to attempt (no probe, or it reports by itself). */
  readonly nextAt: Millis | null;
  readonly busy: boolean;
  /** Consecutive failures. */
  readonly failures: number;
  readonly tries: number;
  readonly last: { readonly ok: boolean; readonly detail: string; readonly at: Millis } | null;
  /** ready only: since when we wait for it; for the verdict "not ready after 60s". */
  readonly since: Millis;
}

/** `api.2`: how a person names an instance. */
export function instanceName(instance: {
  readonly service: string;
  readonly slot: number;
}): string {
  return `${instance.service}.${instance.slot}`;
}

/** Names one run for ever. */
export interface InstanceId {
  readonly service: string;
  readonly slot: number;
  readonly run: number;
}

/** The name of this run, without what is known of it. */
export function idOf({ service, slot, run }: InstanceId): InstanceId {
  return { service, slot, run };
}

/** Whether both name the same run. */
export function sameId(a: InstanceId, b: InstanceId): boolean {
  return a.service === b.service && a.slot === b.slot && a.run === b.run;
}

/** May still have a process: anything but ended. */
export function isLive(instance: Instance): boolean {
  return instance.phase.kind !== "ended";
}
