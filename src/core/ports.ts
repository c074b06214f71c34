import type { InstanceId, Phase } from "./observed.ts";
import type { ListenAddress, Millis, ServiceSpec, Signal, StopSettings } from "./spec.ts";

/** What core asks of the world. Nothing here answers: answers come back later, as events. */
export interface Host {
  /** Spawn one run. `started`, or `exited` (kind spawn) and `gone`, follow; never during this call. */
  start(id: InstanceId, spec: ServiceSpec): void;
  /** Stop signal to the whole process group, then SIGCONT. No harm when it has gone meanwhile. */
  stop(id: InstanceId, using: StopSettings): void;
  /** SIGKILL to everything the run started, also what left its group or session. */
  kill(id: InstanceId): void;
  signal(id: InstanceId, signal: Signal): void;
  /** One attempt of a http, tcp or exec probe; `probed` follows, within the attempt's own limit. */
  probe(id: InstanceId, probe: "ready" | "alive", spec: ServiceSpec): void;
  /** The live part of a running instance's spec changed (log-line, notify and message probes re-arm). */
  update(id: InstanceId, spec: ServiceSpec): void;
  /** The same process under another name (`was:`). */
  rename(from: InstanceId, to: InstanceId): void;
  /** Watch exactly these services' paths, and no others. Called when it changes. */
  watch(specs: readonly ServiceSpec[]): void;
  /** Run a watch's command in the service's folder and environment; `ran` follows. */
  run(spec: ServiceSpec, command: string | readonly string[]): void;
  /** Bind and listen, without accepting. One that is held already is bound at once. */
  bind(service: string, address: ListenAddress, backlog: number): void;
  unbind(address: ListenAddress): void;
  /** Of exactly these services, whose sockets are bound and of which nothing runs: `woken` when a connection waits. */
  wakeOn(specs: readonly ServiceSpec[]): void;
  /** Count the connections of exactly these services, which run: `traffic` at the first look, and whenever that changes. */
  count(specs: readonly ServiceSpec[]): void;
  /** When is the schedule next due? `scheduled` follows. */
  schedule(spec: ServiceSpec): void;
}

/** One alarm, on a monotonic clock. */
export interface Clock {
  now(): Millis;
  /** Replaces the alarm; null switches it off. When it rings, the owner calls handle({ kind: "woke" }). */
  wakeAt(at: Millis | null): void;
}

/**
 * A host behind which a supervisor may follow one that died. Each call of `adopt` is answered later, by events:
 *
 *     alive                               started (also where the books know that)
 *     its main process has gone           exited (from the ledger; `at` where that is known), and gone once all of it has
 *     nothing of it ever ran              unstarted
 *
 * Before that answer comes `resent` where the stop signal had been decided on: with the time at which it was sent,
 * as far as that is known, and without one when it is sent only now.
 */
export interface AdoptingHost extends Host {
  /** Finds one run again, and from then on cares for it as if it had started it. */
  adopt(adoption: Adoption): void;
  /** Runs of this project that live and are not among those known; adopted only when `adopt` is called for them. */
  strays(known: readonly InstanceId[]): readonly Stray[];
}

/** One run that the books hold as alive, to be found again after the death of the supervisor that started it. */
export interface Adoption {
  readonly id: InstanceId;
  /** Names it had before, oldest first: its marks, and where a rename was not done any more its files, carry them. */
  readonly was: readonly InstanceId[];
  /** What it was started with, and what was applied to it since. */
  readonly spec: ServiceSpec;
  /** The port that it was given, where it is known. */
  readonly port: number | null;
  readonly phase: Phase["kind"];
  /** The stop signal that it is to have been sent: sent now where it was not. null: it is to go on. */
  readonly signal: Signal | null;
}

/** A run that lives and that the books do not know: a record was lost. */
export interface Stray {
  readonly id: InstanceId;
  /** null: its program is not known to run yet. */
  readonly pid: number | null;
  readonly port: number | null;
  /** Tells which process part of a spec it was started with; null: it does not say. */
  readonly digest: string | null;
}
