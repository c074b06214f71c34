import { unreachable } from "../assert.ts";
import type { Event } from "./event.ts";
import { onInstance, onService, withNextRun } from "./fold.ts";
import { hunted } from "./hunted.ts";
import {
  type Exit,
  type Instance,
  isLive,
  type Observed,
  type ObservedService,
  type Phase,
  type ProbeState,
} from "./observed.ts";
import { becomeReady, freshProbe, isAttempted, readyFor } from "./readiness.ts";
import { hopeful, socketHeard, socketsFreed, traffic, woken } from "./sockets.ts";
import type { Millis, Probe } from "./spec.ts";
import { adopted, resent, unstarted } from "./takeover.ts";

/** How many changed paths are remembered by name; more are only counted. */
const PATHS_MAX = 5;
/** Unasked exits remembered for one slot: more than any sensible restart.max. */
const EXITS_MAX = 256;

/** Folds what happened into what is known. Events about runs that are not known change nothing. */
export function observe(observed: Observed, event: Event, now: Millis): Observed {
  switch (event.kind) {
    case "started":
      return onInstance(observed, event.id, (i) => started(i, event.pid, event.port, now));
    case "exited":
      return onInstance(observed, event.id, (i) => exited(i, event.exit, pastOf(event, now), now));
    case "gone":
      return socketsFreed(
        onInstance(observed, event.id, (i) => gone(i, pastOf(event, now))),
        event.id.service,
        now,
      );
    case "hunted":
      return onInstance(observed, event.id, (i) => hunted(i, event));
    case "probed":
      return onInstance(observed, event.id, (i) => probed(i, event, now));
    case "changed":
      return onService(observed, event.service, (s) => changed(s, event.path, now));
    case "ran":
      return onService(observed, event.service, (s) => ran(s, event.ok, now));
    case "scheduled":
      return onService(observed, event.service, (s) => scheduled(s, event.at, now));
    case "adopted":
      return adopted(observed, event, now);
    case "unstarted":
      // Of one that is known to have run, this says no more than that nothing is left.
      return onInstance(unstarted(observed, event.id), event.id, (i) => gone(i, now));
    case "resent":
      return onInstance(observed, event.id, (i) => resent(i, pastOf(event, now)));
    case "bound":
    case "unbindable":
    case "unbound":
      return socketHeard(observed, event, now);
    case "woken":
      return woken(observed, event.service, now);
    case "traffic":
      return traffic(observed, event, now);
    case "reset":
      return hopeful(onService(observed, event.service, reset), event.service);
    case "runs":
      return withNextRun(observed, event);
    case "hurry":
      return hurried(observed, now);
    case "woke":
      return observed;
    default:
      return unreachable(event);
  }
}

/** When it happened: now, unless it was earlier. */
function pastOf(event: { readonly at?: Millis }, now: Millis): Millis {
  return Math.min(now, event.at ?? now);
}

function started(instance: Instance, pid: number, port: number | null, now: Millis): Instance {
  const { phase } = instance;
  const known = { ...instance, port: port ?? instance.port, displaced: null };
  if (phase.kind === "stopping" && phase.pid === null)
    return { ...known, phase: { ...phase, pid } };
  if (phase.kind !== "starting") return instance;
  const running: Instance = {
    ...known,
    phase: { kind: "running", pid },
    startedAt: now,
    ready: freshProbe(instance.applied.ready, now, now),
  };
  const { last } = instance.ready;
  // A program may report that it is ready before we have heard that it runs.
  if (last?.ok !== true) return running;
  return becomeReady({ ...running, ready: { ...running.ready, nextAt: null, last } }, pid, now);
}

function exited(before: Instance, exit: Exit, at: Millis, now: Millis): Instance {
  const instance = { ...before, displaced: null };
  const { phase } = instance;
  switch (phase.kind) {
    case "starting":
    case "running":
    case "ready":
    case "unready": {
      // However long ago that was, what it left behind gets its whole grace.
      const killAt = now + instance.applied.stop.timeout;
      const readyMs = readyFor(phase, at);
      const ending: Phase = {
        kind: "ending",
        exit,
        since: at,
        killAt,
        told: false,
        killed: false,
        readyMs,
      };
      return { ...instance, phase: ending };
    }
    case "stopping":
      return { ...instance, phase: { ...phase, exit } };
    case "ending":
    case "ended":
      return before;
    default:
      return unreachable(phase);
  }
}

function gone(instance: Instance, now: Millis): Instance {
  const { phase } = instance;
  if (phase.kind === "ended") return instance;
  const asked = phase.kind === "stopping" && phase.asked;
  const exit = phase.kind === "ending" || phase.kind === "stopping" ? phase.exit : null;
  const readyMs =
    phase.kind === "ending" || phase.kind === "stopping" ? phase.readyMs : readyFor(phase, now);
  const exits = asked ? instance.exits : [...instance.exits, now].slice(-EXITS_MAX);
  const ended: Phase = {
    kind: "ended",
    exit: exit ?? { kind: "unknown" },
    at: now,
    ...(phase.kind === "ending" ? { exitedAt: phase.since } : {}),
    asked,
    readyMs,
  };
  return { ...instance, phase: ended, exits, displaced: null };
}

function probed(instance: Instance, event: Event & { kind: "probed" }, now: Millis): Instance {
  const { phase } = instance;
  if (phase.kind === "starting") return reportedEarly(instance, event, now);
  if (phase.kind !== "running" && phase.kind !== "ready" && phase.kind !== "unready")
    return instance;
  const probe = instance.applied[event.probe];
  if (probe === null) return instance;
  const before = instance[event.probe];
  const state: ProbeState = {
    nextAt: isAskedAgain(probe, event.ok) ? now + pauseMs(probe, before, phase.kind) : null,
    busy: false,
    failures: event.ok ? 0 : before.failures + 1,
    tries: before.tries + 1,
    last: { ok: event.ok, detail: event.detail, at: now },
    since: before.since,
  };
  if (event.probe === "alive") return { ...instance, alive: state };
  const answered = { ...instance, ready: state };
  if (event.ok && phase.kind !== "ready") return becomeReady(answered, phase.pid, now);
  if (!event.ok && phase.kind === "ready" && state.failures >= probe.failures) {
    return { ...answered, phase: { kind: "unready", pid: phase.pid, since: phase.since } };
  }
  return answered;
}

/** What has once accepted goes on: the sockets are not its own, so that it cannot lose them. */
function isAskedAgain(probe: Probe, ok: boolean): boolean {
  return isAttempted(probe) && !(ok && probe.check.kind === "accepts");
}

/** A log line, notification or message that came before `started`: kept until then. */
function reportedEarly(
  instance: Instance,
  event: Event & { kind: "probed" },
  now: Millis,
): Instance {
  if (event.probe !== "ready" || !event.ok || isAttempted(instance.applied.ready)) return instance;
  const last = { ok: true, detail: event.detail, at: now };
  return { ...instance, ready: { ...instance.ready, tries: 1, last } };
}

/** Before the first success attempts come quickly and slow down to the interval: ready is seen soon, and cheaply. */
function pauseMs(probe: Probe, before: ProbeState, phase: "running" | "ready" | "unready"): Millis {
  if (phase !== "running") return probe.interval;
  return Math.min(probe.interval, 50 * 2 ** Math.min(before.tries, 20));
}

function changed(service: ObservedService, path: string, now: Millis): ObservedService {
  const watch = service.wanted?.spec.watch;
  if (watch === null || watch === undefined || service.watched.paused) return service;
  const before = service.change;
  const known = before?.paths ?? [];
  const paths = known.includes(path) || known.length >= PATHS_MAX ? known : [...known, path];
  const change = {
    paths,
    count: (before?.count ?? 0) + (known.includes(path) ? 0 : 1),
    quietAt: now + watch.debounce,
    ran: false,
  };
  return { ...service, change };
}

function ran(service: ObservedService, ok: boolean, now: Millis): ObservedService {
  const watched = { ...service.watched, running: false, runsFor: null };
  const action = service.wanted?.spec.watch?.action;
  if (!ok || action?.kind !== "run" || action.then === "nothing") return { ...service, watched };
  // Changes that came while the command ran are not covered by it: they wait for their own run.
  if (service.change !== null) return { ...service, watched };
  const change = { paths: [], count: 0, quietAt: now, ran: true };
  return { ...service, watched, change };
}

/** A time that has come and was not acted on yet is not put off by the next one. */
function scheduled(service: ObservedService, at: Millis | null, now: Millis): ObservedService {
  const { due } = service;
  if (due === null || (due.at !== null && due.at <= now)) return service;
  return { ...service, due: { at } };
}

function reset(service: ObservedService): ObservedService {
  return {
    ...service,
    instances: service.instances.filter(isLive),
    rejected: null,
    watched: { ...service.watched, times: [], paused: false },
  };
}

function hurried(observed: Observed, now: Millis): Observed {
  const services = new Map<string, ObservedService>();
  for (const [name, service] of observed.services) {
    const instances = service.instances.map((instance) => {
      const { phase } = instance;
      if (phase.kind === "stopping") return { ...instance, phase: { ...phase, killAt: now } };
      if (phase.kind === "ending") {
        return { ...instance, phase: { ...phase, told: true, killAt: now } };
      }
      return instance;
    });
    services.set(name, { ...service, instances });
  }
  return { ...observed, services };
}
