import { unreachable } from "../assert.ts";
import { begun } from "./begun.ts";
import { livePaths, sameJson } from "./diff.ts";
import { onInstance, onService, sortInstances, withNextRun, withService } from "./fold.ts";
import {
  type Instance,
  type InstanceId,
  type Observed,
  type ObservedService,
  type Revision,
  sameId,
} from "./observed.ts";
import type { Action, RolloutStep } from "./plan.ts";
import { becomeReady, freshProbe, isAttempted, readyFor } from "./readiness.ts";
import { interchangeable } from "./revision.ts";
import { demandEnded, hopeful, socketAsked } from "./sockets.ts";
import type { Millis, ServiceSpec } from "./spec.ts";
import { followed } from "./takeover.ts";

/** A kill that did not end everything is tried again after this long. */
const KILL_AGAIN_MS = 2000;
/** Restarts by watch that are remembered, to notice a service that restarts itself. */
const WATCHED_MAX = 16;

/** Folds our own action into what is known, at once, so that a second look never does it twice. */
export function acted(observed: Observed, action: Action, now: Millis): Observed {
  switch (action.kind) {
    case "start":
      return begun(observed, action, now);
    case "stop":
      return onInstance(observed, action.id, (i) => stop(i, action, now));
    case "kill":
      return onInstance(observed, action.id, (i) => kill(i, now));
    case "probe":
      return onInstance(observed, action.id, (i) => ({
        ...i,
        [action.probe]: { ...i[action.probe], busy: true, nextAt: null },
      }));
    case "promote":
      return onInstance(observed, action.id, (i) =>
        i.phase.kind === "running" ? becomeReady(i, i.phase.pid, now) : i,
      );
    case "update":
      return onInstance(observed, action.id, (i) => update(i, action.spec, observed, now));
    case "forget":
      return onService(observed, action.id.service, (s) => without(s, action.id));
    case "adopt":
      return adopt(observed, action, now);
    case "rollout":
      return stepped(observed, action, now);
    case "watched":
      return onService(observed, action.service, (s) => watched(s, action.effect.kind, now));
    case "due":
      return onService(observed, action.service, (s) => ({
        ...s,
        due: null,
        pending: s.pending || action.effect === "run",
      }));
    case "schedule":
      return onService(observed, action.service, (s) => ({
        ...s,
        due: action.spec.schedule === null ? null : { at: null },
      }));
    case "bind":
    case "unbind":
      return socketAsked(observed, action, now);
    case "demand":
      return demandEnded(observed, action, now);
    case "dismiss": {
      const services = new Map(observed.services);
      services.delete(action.service);
      return { ...observed, services };
    }
    default:
      return unreachable(action);
  }
}

/** A step of a replacement, and what others make of it. */
function stepped(observed: Observed, action: Action & { kind: "rollout" }, now: Millis): Observed {
  const { service, step: taken, reason } = action;
  const after = followed(
    withService(observed, service, (s) => step(s, taken, reason, now)),
    action,
  );
  // Whoever edits it, or asks for it anew, wants to see it tried again.
  return taken.kind === "wanted" ? hopeful(after, service) : after;
}

function stop(instance: Instance, action: Action & { kind: "stop" }, now: Millis): Instance {
  const { phase, applied } = instance;
  // The signal goes when its connections have come to their ends, or have had their time.
  const drainMs = applied.listen?.mode === "proxy" ? applied.listen.drain : 0;
  const killAt = now + drainMs + action.using.timeout;
  if (phase.kind === "ended" || phase.kind === "stopping") return instance;
  if (phase.kind === "ending") {
    return {
      ...instance,
      phase: { ...phase, told: true, killAt: now + action.using.timeout },
    };
  }
  return {
    ...instance,
    phase: {
      kind: "stopping",
      pid: phase.kind === "starting" ? null : phase.pid,
      since: now,
      killAt,
      killed: false,
      ...(drainMs === 0 ? {} : { drainMs }),
      reason: action.reason,
      signal: action.using.signal,
      asked: action.asked,
      exit: null,
      readyMs: readyFor(phase, now),
    },
  };
}

function kill(instance: Instance, now: Millis): Instance {
  const { phase } = instance;
  if (phase.kind !== "stopping" && phase.kind !== "ending") return instance;
  return { ...instance, phase: { ...phase, killed: true, killAt: now + KILL_AGAIN_MS } };
}

/** The process goes on; what procs does around it changes. The last verdict of a probe holds until the new one has one. */
function update(instance: Instance, spec: ServiceSpec, observed: Observed, now: Millis): Instance {
  const changed = livePaths(instance.applied, spec);
  const touches = (key: string) =>
    changed.some((path) => path === key || path.startsWith(`${key}.`));
  const { phase } = instance;
  const waits = phase.kind === "running";
  const isUp = phase.kind === "ready" || phase.kind === "unready";
  let { ready, alive } = instance;
  if (touches("ready") && (waits || isUp)) {
    const fresh = freshProbe(spec.ready, waits ? ready.since : now, now);
    ready = { ...fresh, last: ready.last };
  }
  if (touches("alive") && isUp) {
    const nextAt =
      spec.alive !== null && isAttempted(spec.alive) ? now + spec.alive.interval : null;
    alive = { ...freshProbe(null, now, now), nextAt };
  }
  const upstream = rememberedEpochs(instance, spec, observed);
  const updated = { ...instance, applied: spec, ready, alive, upstream };
  // It was the probe that said otherwise, and nothing will take that back now.
  const isReady = phase.kind === "unready" && spec.ready === null;
  return isReady ? becomeReady(updated, phase.pid, now) : updated;
}

/** An edge that becomes `restart: true` while the instance runs counts from what the dependency last settled on. */
function rememberedEpochs(
  instance: Instance,
  spec: ServiceSpec,
  observed: Observed,
): Readonly<Record<string, number>> {
  const epochs: Record<string, number> = {};
  for (const [name, dependency] of Object.entries(spec.depends_on)) {
    if (!dependency.restart) continue;
    const upstream = observed.services.get(name);
    const settled = upstream?.good == null ? upstream?.epoch : upstream.goodEpoch;
    const seen = Object.hasOwn(instance.upstream, name) ? instance.upstream[name] : undefined;
    epochs[name] = seen ?? settled ?? 0;
  }
  return epochs;
}

function without(service: ObservedService, id: InstanceId): ObservedService {
  return { ...service, instances: service.instances.filter((i) => !sameId(i, id)) };
}

function adopt(observed: Observed, action: Action & { kind: "adopt" }, now: Millis): Observed {
  const from = observed.services
    .get(action.from.service)
    ?.instances.find((i) => sameId(i, action.from));
  if (from === undefined) return observed;
  const was = [...(from.was ?? []), action.from];
  const moved = update({ ...from, ...action.id, was }, action.spec, observed, now);
  const left = onService(observed, action.from.service, (s) => without(s, action.from));
  const counted = withNextRun(left, { ...action.id, next: action.id.run + 1 });
  return withService(counted, action.id.service, (service) => ({
    ...service,
    instances: sortInstances([...service.instances, { ...moved, generation: action.generation }]),
  }));
}

function watched(
  service: ObservedService,
  effect: "restart" | "signal" | "run" | "pause",
  now: Millis,
): ObservedService {
  // What follows a command that succeeded belongs to the change that the command was run for.
  const isFirst = service.change?.ran !== true;
  const times = isFirst
    ? [...service.watched.times, now].slice(-WATCHED_MAX)
    : service.watched.times;
  return {
    ...service,
    change: null,
    watched: {
      times,
      paused: effect === "pause",
      running: effect === "run",
      runsFor: effect === "run" ? service.change : null,
    },
  };
}

function step(
  service: ObservedService,
  action: RolloutStep,
  reason: string,
  now: Millis,
): ObservedService {
  switch (action.kind) {
    case "wanted":
      return wanted(service, { spec: action.spec, generation: action.generation }, action.back);
    case "begin": {
      const to = { spec: action.spec, generation: action.generation };
      return { ...service, rollout: { to, since: now, progressAt: now, replaced: 0 } };
    }
    case "progress": {
      const { rollout } = service;
      if (rollout === null) return service;
      return { ...service, rollout: { ...rollout, progressAt: now, replaced: action.replaced } };
    }
    case "abandon":
      return { ...service, rollout: null, rejected: null };
    case "complete": {
      const good = { spec: action.spec, generation: action.generation };
      return { ...service, good, goodEpoch: service.epoch, rollout: null };
    }
    case "fail": {
      const revision = { spec: action.spec, generation: action.generation };
      const { instance, paused } = action;
      return {
        ...service,
        rollout: null,
        rejected: { revision, reason, instance, at: now, paused },
      };
    }
    default:
      return unreachable(action);
  }
}

/**
 * A new aim. Its epoch is a new one when processes are replaced for it, and the old one when it is the way
 * back to the good revision: dependents must not follow a change that did not last.
 */
function wanted(service: ObservedService, to: Revision, back: boolean): ObservedService {
  const { wanted: before, good, rejected } = service;
  const isBack = good !== null && interchangeable(good, to);
  const isSame = before !== null && interchangeable(before, to);
  const epoch = isSame ? service.epoch : isBack ? service.goodEpoch : service.epochMax + 1;
  // On the way back the rejected revision stays on record: it is why the target is not what the file says.
  return {
    ...service,
    wanted: to,
    epoch,
    epochMax: Math.max(service.epochMax, epoch),
    good: isBack ? to : good,
    rejected: back ? rejected : null,
    rollout: isSame && service.rollout !== null ? { ...service.rollout, to } : null,
    due: sameJson(before?.spec.schedule ?? null, to.spec.schedule) ? service.due : null,
    demand: to.spec.listen?.start === "on-demand" ? service.demand : null,
    pending: to.spec.schedule === null ? false : service.pending || isAskedRun(before, to),
    watched: isSame ? service.watched : { ...service.watched, paused: false },
  };
}

/** A scheduled task whose generation was raised is to run now. */
function isAskedRun(before: Revision | null, to: Revision): boolean {
  return to.spec.kind === "task" && before !== null && to.generation > before.generation;
}
