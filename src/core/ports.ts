import type { InstanceId } from "./observed.ts";
import type { Millis, ServiceSpec, Signal, StopSettings } from "./spec.ts";

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
  /** When is the schedule next due? `scheduled` follows. */
  schedule(spec: ServiceSpec): void;
}

/** One alarm, on a monotonic clock. */
export interface Clock {
  now(): Millis;
  /** Replaces the alarm; null switches it off. When it rings, the owner calls handle({ kind: "woke" }). */
  wakeAt(at: Millis | null): void;
}
