import { intentOf } from "../../../src/core/desired.ts";
import { sameId } from "../../../src/core/observed.ts";
import type { Checker } from "../checker.ts";
import { fencesOf, isSameProgram, nameOf, stable } from "../oracle.ts";

/*
 * What must be true of everything that is done to the machine, judged by the truth about its processes and
 * not by what the supervisor believes.
 */

/** P3: two copies of one program in one slot, or two holders of a slot that cannot be shared. */
const neverTwo: Checker = {
  name: "never two in one slot",
  effect: (sight, effect) => {
    if (effect.kind !== "start") return null;
    const { surge } = fencesOf(sight, effect.id.service);
    for (const other of sight.host.live) {
      if (other.id.service !== effect.id.service || other.id.slot !== effect.id.slot) continue;
      if (surge === 0) return `${nameOf(effect.id)} is started while ${nameOf(other.id)} lives`;
      const generations = [effect.id, other.id].map((id) => generationOf(sight, nameOf(id)));
      if (generations[0] === generations[1] && isSameProgram(other.started, effect.spec)) {
        const upstreams = [effect.id, other.id].map((id) => upstreamOf(sight, nameOf(id)));
        if (upstreams[0] !== upstreams[1]) continue;
        return `${nameOf(effect.id)} is the same revision as ${nameOf(other.id)}, which lives`;
      }
    }
    return null;
  },
};

function instances(sight: Parameters<NonNullable<Checker["settled"]>>[0]) {
  return [...sight.observed.services.values()].flatMap((service) => service.instances);
}

function generationOf(sight: Parameters<NonNullable<Checker["settled"]>>[0], name: string) {
  return instances(sight).find((i) => nameOf(i) === name)?.generation;
}

function upstreamOf(sight: Parameters<NonNullable<Checker["settled"]>>[0], name: string) {
  return stable(instances(sight).find((i) => nameOf(i) === name)?.upstream);
}

/** P3 and the seventeenth kind of edit: whoever needs a fixed port waits until its last holder is gone. */
const onePort: Checker = {
  name: "one holder a port",
  effect: (sight, effect) => {
    if (effect.kind !== "start" || typeof effect.spec.port !== "number") return null;
    const port = effect.spec.port + effect.id.slot - 1;
    for (const other of sight.host.live) {
      if (typeof other.started.port !== "number" || sameId(other.id, effect.id)) continue;
      // The port was given at exec: a rename since then has not changed it.
      if (other.started.port + other.id.slot - 1 !== port) continue;
      return `${nameOf(effect.id)} is started on port ${port}, which ${nameOf(other.id)} holds`;
    }
    return null;
  },
};

/** A run is named once, for ever. */
const newRuns: Checker = {
  name: "runs are never reused",
  effect: (sight, effect) => {
    if (effect.kind !== "start" && effect.kind !== "rename") return null;
    const { service, slot, run } = effect.id;
    for (const other of sight.host.runs) {
      if (other.id.service !== service || other.id.slot !== slot || other.id.run < run) continue;
      return `${nameOf(effect.id)} comes after ${nameOf(other.id)}`;
    }
    return null;
  },
};

/** Nothing is asked of a run that never was, or that was told to be gone. */
const noGhosts: Checker = {
  name: "no ghosts",
  effect: (_sight, effect, run) => {
    if (!("id" in effect) || effect.kind === "start") return null;
    if (run === undefined) return `${effect.kind} of ${nameOf(effect.id)}, which never was`;
    if (run.told.gone) return `${effect.kind} of ${nameOf(effect.id)}, which was told to be gone`;
    return null;
  },
};

/** Nobody is killed before its grace is over. */
const graceFirst: Checker = {
  name: "grace before kill",
  effect: (sight, effect, run) => {
    if (effect.kind !== "kill" || run === undefined || run.state === "gone") return null;
    const { now, hurriedAt, desired } = sight;
    if (run.stop === null && run.told.exitedAt === null) return `${nameOf(run.id)} was not asked`;
    const asked = run.stop?.at ?? run.told.exitedAt ?? now;
    if (hurriedAt >= asked) return null;
    const graces = [run.stop?.using.timeout, run.applied.stop.timeout, desired.grace];
    const leastMs = Math.min(...graces.map((grace) => grace ?? Number.POSITIVE_INFINITY));
    const waitedMs = now - Math.min(asked, run.told.exitedAt ?? asked);
    return waitedMs < leastMs ? `${nameOf(run.id)} had ${waitedMs} ms of ${leastMs}` : null;
  },
};

/** The old program knows its own signal: it is stopped with what was last applied to it. */
const ownStop: Checker = {
  name: "stopped with its own settings",
  effect: ({ desired }, effect, run) => {
    if (effect.kind !== "stop" || run === undefined) return null;
    if (intentOf(desired, effect.id.service).using !== null || desired.grace !== null) return null;
    return stable(effect.using) === stable(run.applied.stop)
      ? null
      : `${nameOf(run.id)} with ${stable(effect.using)}, not ${stable(run.applied.stop)}`;
  },
};

/** Live updates never pretend that a running program is another one. */
const honestUpdate: Checker = {
  name: "updates are live",
  effect: (_sight, effect, run) => {
    if (effect.kind !== "update" || run === undefined) return null;
    return isSameProgram(run.started, effect.spec)
      ? null
      : `${nameOf(run.id)} was started as ${stable(run.started)}, now ${stable(effect.spec)}`;
  },
};

/** Programs that report by themselves are not asked, and nobody is asked twice at once. */
const rightProbes: Checker = {
  name: "probes are ours to make",
  effect: (_sight, effect, run) => {
    if (effect.kind !== "probe" || run === undefined) return null;
    const kind = run.applied[effect.probe]?.check.kind;
    if (kind === "http" || kind === "tcp" || kind === "exec") return null;
    return `${effect.probe} of ${nameOf(run.id)}, which has ${kind ?? "none"}`;
  },
};

export const MACHINE: readonly Checker[] = [
  neverTwo,
  onePort,
  newRuns,
  noGhosts,
  graceFirst,
  ownStop,
  honestUpdate,
  rightProbes,
];
