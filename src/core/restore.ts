import { assert } from "../assert.ts";
import {
  type Change,
  type Demand,
  type Instance,
  idOf,
  isLive,
  type Observed,
  type ObservedService,
  type ProbeState,
} from "./observed.ts";
import type { Adoption } from "./ports.ts";
import { isAttempted } from "./readiness.ts";
import type { Millis, Probe, Signal } from "./spec.ts";

/**
 * What a supervisor begins with that follows one that died, made from what that one had written down. What was
 * asked of the world and died with its asker is due again; and what waits for something to happen in time is not
 * blamed for the time in which nobody looked. `now` is of the same boot.
 */
export function restored(observed: Observed, now: Millis): Observed {
  const unwatchedMs = Math.max(0, now - lastSeenAt(observed, now));
  const services = new Map<string, ObservedService>();
  for (const [name, service] of observed.services) {
    services.set(name, restoredService(service, unwatchedMs, now));
  }
  return { ...observed, services, sockets: restoredSockets(observed, now) };
}

/** Which sockets are really there is for the host to say: each is asked for again, or closed again. */
function restoredSockets({ sockets }: Observed, now: Millis): Observed["sockets"] {
  return Object.fromEntries(
    Object.entries(sockets).map(([text, socket]) => [
      text,
      { ...socket, phase: "failed", detail: null, failures: 0, retryAt: now } as const,
    ]),
  );
}

/** What the host is to look for: every run that the books hold as alive. */
export function adoptionsOf(observed: Observed): readonly Adoption[] {
  const adoptions: Adoption[] = [];
  for (const service of observed.services.values()) {
    for (const instance of service.instances.filter(isLive)) {
      const { applied, port, phase, was } = instance;
      const signal = signalOf(instance);
      adoptions.push({
        id: idOf(instance),
        spec: applied,
        port,
        phase: phase.kind,
        signal,
        was: was ?? [],
      });
    }
  }
  return adoptions;
}

/** The stop signal that was decided on; null: it is to go on. */
function signalOf({ phase, applied }: Instance): Signal | null {
  if (phase.kind === "stopping") return phase.signal ?? applied.stop.signal;
  return phase.kind === "ending" && phase.told ? applied.stop.signal : null;
}

function restoredService(
  service: ObservedService,
  unwatchedMs: Millis,
  now: Millis,
): ObservedService {
  const { rollout, watched } = service;
  const progressAt = Math.max(
    rollout?.progressAt ?? 0,
    ...service.instances.map((i) => i.startedAt),
  );
  return {
    ...service,
    instances: service.instances.map((i) => restoredInstance(i, unwatchedMs, now)),
    rollout:
      rollout === null ? null : { ...rollout, progressAt: Math.min(now, progressAt + unwatchedMs) },
    // Its command died with the supervisor, or lives and nobody will hear how it ends.
    change: watched.running ? restoredChange(service, now) : service.change,
    demand: restoredDemand(service),
    watched: watched.running ? { ...watched, running: false, runsFor: null } : watched,
  };
}

/** Connections are counted anew, and nobody looked whether there was one. */
function restoredDemand({ demand }: ObservedService): Demand | null {
  return demand === null ? null : { ...demand, connections: 0, idleSince: null };
}

/** What the command that was cut short had been started for, and what changed since: one batch, which it runs for anew. */
function restoredChange({ change, watched }: ObservedService, now: Millis): Change {
  const before: Pick<Change, "paths" | "count"> = watched.runsFor ?? { paths: [], count: 0 };
  const fresh = (change?.paths ?? []).filter((path) => !before.paths.includes(path));
  return {
    paths: [...before.paths, ...fresh],
    count: before.count + (change?.count ?? 0),
    quietAt: change?.quietAt ?? now,
    ran: false,
  };
}

function restoredInstance(instance: Instance, unwatchedMs: Millis, now: Millis): Instance {
  const { phase, applied } = instance;
  const ready = restoredProbe(instance.ready, applied.ready, now);
  const alive = restoredProbe(instance.alive, applied.alive, now);
  const known = { ...instance, ready, alive };
  switch (phase.kind) {
    case "running": {
      const since = Math.min(now, instance.ready.since + unwatchedMs);
      return { ...known, ready: { ...ready, since } };
    }
    case "stopping":
    case "ending": {
      // What it left behind may be gone by now: it has the time again that it has after an exit.
      const isUntold = phase.kind === "ending" && !phase.told;
      // A kill may have been written down and not done.
      const killAt = phase.killed ? now : isUntold ? now + applied.stop.timeout : phase.killAt;
      // Its proxy is asked anew, and has its whole time again: the signal comes after that.
      if (phase.kind === "stopping" && phase.drainMs !== undefined && !phase.killed) {
        const later = { since: now, killAt: now + phase.killAt - phase.since };
        return { ...known, phase: { ...phase, ...later } };
      }
      return { ...known, phase: { ...phase, killAt } };
    }
    default:
      return known;
  }
}

/** An answer that was awaited will not come: it is asked for again, which is no failure. */
function restoredProbe(state: ProbeState, probe: Probe | null, now: Millis): ProbeState {
  if (!state.busy) return state;
  return { ...state, busy: false, nextAt: isAttempted(probe) ? now : null };
}

/** The latest moment at which the supervisor that is gone is known to have been there. */
function lastSeenAt(observed: Observed, now: Millis): Millis {
  let last = 0;
  const see = (...times: readonly (Millis | undefined)[]): void => {
    for (const at of times) if (at !== undefined && at <= now) last = Math.max(last, at);
  };
  for (const { instances, rollout, watched, rejected } of observed.services.values()) {
    see(rollout?.since, rollout?.progressAt, rejected?.at, ...watched.times);
    for (const { phase, startedAt, ready, alive, exits } of instances) {
      see(startedAt, ready.last?.at, alive.last?.at, ready.since, alive.since, exits.at(-1));
      if ("since" in phase) see(phase.since);
      if ("at" in phase) see(phase.at);
    }
  }
  assert(last <= now, "a moment that is to come was seen");
  return last;
}
