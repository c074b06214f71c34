import { intentOf, offReason } from "../../../src/core/desired.ts";
import { type Instance, isLive, sameId } from "../../../src/core/observed.ts";
import type { Action } from "../../../src/core/plan.ts";
import type { ServiceSpec } from "../../../src/core/spec.ts";
import type { Checker, Sight } from "../checker.ts";
import * as oracle from "../oracle.ts";
import { isSamePlace, ownOf } from "../places.ts";

const { nameOf } = oracle;

/* What must be true of every decision, judged by what was known just before it. */

/** Nothing runs that nobody asked for: off, above the count, or another version than the file's or the good one. */
const onlyWanted: Checker = {
  name: "only what is wanted is started",
  action: (sight, action) => {
    if (action.kind !== "start") return null;
    const { service, slot } = action.id;
    const off = offReason(sight.desired, service);
    if (off !== null) return `${nameOf(action.id)} is started, but it is ${off}`;
    if (slot > oracle.wantedCount(sight, service)) return `${nameOf(action.id)} is one too many`;
    const aim = oracle.aimOf(sight, service);
    if (aim === null || oracle.stable(aim) !== oracle.stable(action.spec)) {
      return `${nameOf(action.id)} is started as ${oracle.stable(action.spec)}`;
    }
    const before = instancesOf(sight, service).find((i) => i.slot === slot && oracle.isDone(i));
    const again = before !== undefined && oracle.isSameProgram(before.applied, aim);
    const isSame = again && before.generation === action.generation;
    const isPending = sight.observed.services.get(service)?.pending === true;
    if (isSame && !isPending && oracle.stable(before.upstream) === oracle.stable(action.upstream)) {
      return `${nameOf(action.id)} has already done its work`;
    }
    return null;
  },
};

/** Dependencies hold at each start. */
const dependenciesFirst: Checker = {
  name: "dependencies hold at a start",
  action: (sight, action) => {
    if (action.kind !== "start") return null;
    // A scheduled task may be due again at the very instant in which its dependent starts.
    const needs = Object.entries(action.spec.depends_on).filter(
      ([on]) => oracle.aimOf(sight, on)?.schedule === null,
    );
    const spec = { ...action.spec, depends_on: Object.fromEntries(needs) };
    const missing = oracle.missingDependency(sight, spec);
    return missing === null ? null : `${nameOf(action.id)} is started, but ${missing}`;
  },
};

/** P2, above: starts never take active past count + surge. */
const notTooMany: Checker = {
  name: "never more than count and surge",
  action: (sight, action) => {
    if (action.kind !== "start") return null;
    const { service } = action.id;
    const active = instancesOf(sight, service).filter(oracle.isActive).length;
    const most = oracle.wantedCount(sight, service) + oracle.fencesOf(sight, service).surge;
    return active + 1 > most
      ? `${nameOf(action.id)} makes ${active + 1} active, of ${most} at most`
      : null;
  },
};

/** P2 below, P6, P7: our own stops never take available below count - unavailable. */
const notTooFew: Checker = {
  name: "never too few available",
  action: (sight, action) => {
    if (action.kind !== "stop" || !action.asked) return null;
    const { service } = action.id;
    const aim = oracle.aimOf(sight, service);
    if (aim === null || offReason(sight.desired, service) !== null) return null;
    // A task serves nobody.
    if (aim.kind === "task") return null;
    const all = instancesOf(sight, service);
    const isAvailable = (i: Instance) =>
      oracle.isAvailable(i, aim.rollout.min_ready, sight.now) && !sameId(i, action.id);
    const own = all.find((i) => sameId(i, action.id));
    if (own === undefined || !oracle.isAvailable(own, aim.rollout.min_ready, sight.now))
      return null;
    const count = oracle.wantedCount(sight, service);
    const done = all.filter((i) => i.slot <= count && oracle.isDone(i)).length;
    const least = count - done - oracle.fencesOf(sight, service).unavailable;
    const left = all.filter(isAvailable).length;
    if (left >= least || left >= count) return null;
    if (isPortNeeded(sight, own, aim) || isPlaceNeeded(sight, own, aim)) return null;
    const isHopeless = (slot: number) =>
      all.some((i) => i.slot === slot && (i.phase.kind === "ended" || isAvailable(i)));
    const slots = Array.from({ length: count }, (_, index) => index + 1);
    if (own.slot > count && slots.every(isHopeless)) return null;
    return `stop of ${nameOf(action.id)} leaves ${left} available, of ${least} at least`;
  },
};

/** Another slot of the new version is empty and needs this very port: no order of stops avoids the gap. */
function isPortNeeded(sight: Sight, own: Instance, aim: ServiceSpec): boolean {
  const { port: first } = aim;
  if (typeof first !== "number") return false;
  const given = ownOf(own.applied).map((address) => (address.kind === "tcp" ? address.port : null));
  return [own.port, ...given].some((port) => {
    const slot = port === null ? 0 : port - first + 1;
    const isWanted = slot >= 1 && slot <= oracle.wantedCount(sight, own.service);
    if (!isWanted || slot === own.slot) return false;
    return !instancesOf(sight, own.service).some((i) => i.slot === slot && isLive(i));
  });
}

/** It has what is to be bound for the new version: no order of stops avoids the gap. */
function isPlaceNeeded(sight: Sight, own: Instance, aim: ServiceSpec): boolean {
  if (oracle.hasSockets(sight, aim) || oracle.isCurrent(sight, own)) return false;
  const places = ownOf(own.applied);
  const isOwnPort = (port: number) => places.length === 0 && own.port === port;
  return ownOf(aim).some(
    (one) =>
      places.some((other) => isSamePlace(one, other)) || ("port" in one && isOwnPort(one.port)),
  );
}

/** A leaving service stops only after the leaving services that need it. */
const dependentsFirst: Checker = {
  name: "dependents leave first",
  action: (sight, action) => {
    if (action.kind !== "stop" || !action.asked) return null;
    const { service } = action.id;
    if (offReason(sight.desired, service) === null) return null;
    for (const [other, { instances }] of sight.observed.services) {
      if (other === service || offReason(sight.desired, other) === null) continue;
      const needs = instances.find((i) => isLive(i) && service in i.applied.depends_on);
      if (needs === undefined || isNeeded(sight, service, other)) continue;
      return `stop of ${nameOf(action.id)} while ${nameOf(needs)}, which needs it, lives`;
    }
    return null;
  },
};

/** Instances of different versions of the file may need each other in a circle: somebody has to go first. */
function isNeeded(sight: Sight, by: string, name: string): boolean {
  const reached = new Set([by]);
  for (const one of reached) {
    for (const instance of instancesOf(sight, one).filter(isLive)) {
      for (const on of Object.keys(instance.applied.depends_on)) reached.add(on);
    }
  }
  return reached.has(name);
}

/** The restart budget and the wait before a retry, counted from the truth since a user last touched the service. */
const budget: Checker = {
  name: "restart budget",
  action: (sight, action) => {
    if (action.kind !== "start" || action.spec.schedule !== null) return null;
    const { service, slot } = action.id;
    const door = action.spec.listen?.mode === "proxy" ? `${service}:proxy` : service;
    const wokenAt = sight.observed.services.get(door)?.demand?.since ?? 0;
    const since = Math.max(sight.touchedAt.get(service) ?? 0, wokenAt - 1);
    const runs = sight.host.runs.filter((r) => r.id.service === service && r.id.slot === slot);
    const revision = oracle.stable([action.generation, action.upstream]);
    const own = runs.filter((r) => {
      const isSame = r.revision === revision && oracle.isSameProgram(r.started, action.spec);
      return (
        isSame && r.askedAt > since && (!r.wasAsked || r.failedAlive) && r.told.goneAt !== null
      );
    });
    const last = own.at(-1);
    const before = instancesOf(sight, service).find((i) => i.slot === slot && !isLive(i));
    if (last === undefined || before === undefined || !sameId(before, last.id)) return null;
    const { max, window, backoff } = action.spec.restart;
    const recent = own.filter((r) => (last.told.goneAt ?? 0) - (r.told.goneAt ?? 0) < window);
    if (recent.length > max)
      return `${nameOf(action.id)} follows ${recent.length} exits, of ${max}`;
    const waitedMs = sight.now - (last.told.goneAt ?? 0);
    const lasted = own.findLastIndex((r) => {
      const heardAt = r.told.exitedAt ?? r.exitAt ?? 0;
      return heardAt - (r.aliveAt ?? heardAt) >= r.applied.restart.reset_after;
    });
    const failures = own.length - 1 - lasted;
    if (failures === 0) return null;
    const leastMs = Math.min(backoff.max, backoff.min * 2 ** (failures - 1));
    return waitedMs < leastMs
      ? `${nameOf(action.id)} waited ${waitedMs} ms of ${leastMs} after ${failures} failures`
      : null;
  },
};

/** What an edit may do at once: nothing to any process, unless the edit is about processes. */
const gentleEdits: Checker = {
  name: "gentle edits",
  action: (sight, action) => {
    const { deed } = sight.cause;
    if (deed === null || deed.class === "any") return null;
    const isTouching = action.kind === "start" || action.kind === "stop" || action.kind === "kill";
    if (!isTouching && !(deed.class === "same" && action.kind !== "probe")) return null;
    if (isTouching && deed.class !== "same" && isRestless(sight, action)) return null;
    return `${action.kind} after "${deed.name}": ${action.reason}`;
  },
};

/**
 * A file that changed at all lets a service try again that had given up or whose rollout had failed, and other
 * settings may let go on what was waiting for room.
 */
function isRestless(sight: Sight, action: Extract<Action, { kind: "start" | "stop" | "kill" }>) {
  const { service, slot } = action.id;
  const instances = instancesOf(sight, service);
  if (action.kind === "start" && !instances.some((i) => i.slot === slot && isLive(i))) return true;
  const asked = sight.desired.services.get(service);
  const { generation } = intentOf(sight.desired, service);
  const isOld = (i: Instance) =>
    asked === undefined ||
    i.generation !== generation ||
    !oracle.isSameProgram(i.applied, asked) ||
    Object.keys(i.upstream).length > 0;
  return instances.some((i) => isLive(i) && isOld(i));
}

function instancesOf(sight: Sight, service: string): readonly Instance[] {
  return sight.observed.services.get(service)?.instances ?? [];
}

/** A service stopped or scaled by hand: whatever the file does, it stays so. */
const handsOff: Checker = {
  name: "by hand stays by hand",
  action: (sight, action) => {
    if (action.kind !== "start") return null;
    const { stopped, scale } = intentOf(sight.desired, action.id.service);
    if (stopped) return `${nameOf(action.id)} is started, but was stopped by hand`;
    if (scale === null || action.id.slot <= scale || action.spec.kind === "task") return null;
    return `${nameOf(action.id)} is started, but was scaled by hand to ${scale}`;
  },
};

/** A rollout fails for a run that ended, or had all the time it may take; never for one that was hardly begun. */
const fairVerdicts: Checker = {
  name: "verdicts are fair",
  action: (sight, action) => {
    if (action.kind !== "rollout" || action.step.kind !== "fail") return null;
    const { instance, spec } = action.step;
    if (instance === null) return `${action.service} failed, but no run of it`;
    const run = sight.host.find({ ...instance, service: action.service });
    if (run === undefined) return `${action.service} failed for a run that never was`;
    if (run.told.exitedAt !== null) return null;
    const leastMs = Math.min(spec.rollout.progress, spec.ready?.timeout ?? spec.rollout.progress);
    const hadMs = sight.watchedMs(run.askedAt);
    return hadMs < leastMs ? `${nameOf(run.id)} had ${hadMs} ms of ${leastMs}` : null;
  },
};

export const DECISIONS: readonly Checker[] = [
  fairVerdicts,
  onlyWanted,
  dependenciesFirst,
  notTooMany,
  notTooFew,
  dependentsFirst,
  budget,
  gentleEdits,
  handsOff,
];
