import type { Instance, Phase, ProbeState } from "./observed.ts";
import type { Millis, Probe } from "./spec.ts";

/** The program is ready: for the first time, or again after its probe had failed. */
export function becomeReady(instance: Instance, pid: number, now: Millis): Instance {
  const since = instance.phase.kind === "unready" ? instance.phase.since : now;
  const first = instance.phase.kind !== "unready";
  const { alive } = instance.applied;
  return {
    ...instance,
    phase: { kind: "ready", pid, since },
    // Liveness is silent until the program has been ready once.
    alive: first && alive !== null ? freshProbe(alive, now, now + alive.interval) : instance.alive,
  };
}

/** How long it has been ready by now; 0 when it is not, or for less than a millisecond. */
export function readyFor(phase: Phase, now: Millis): Millis {
  return phase.kind === "ready" || phase.kind === "unready" ? Math.max(0, now - phase.since) : 0;
}

/** A probe that has not been tried; the first attempt at `at` when attempts are ours to make. */
export function freshProbe(probe: Probe | null, since: Millis, at: Millis): ProbeState {
  return {
    nextAt: isAttempted(probe) ? at : null,
    busy: false,
    failures: 0,
    tries: 0,
    last: null,
    since,
  };
}

/** http, tcp, exec and accepts are asked; log, notify and message report by themselves. */
export function isAttempted(probe: Probe | null): boolean {
  const kind = probe?.check.kind;
  return kind === "http" || kind === "tcp" || kind === "exec" || kind === "accepts";
}
