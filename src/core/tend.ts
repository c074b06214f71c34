import { unreachable } from "../assert.ts";
import { livePaths, sameProcess } from "./diff.ts";
import type { Draft } from "./draft.ts";
import { type Instance, idOf, type Phase, type Revision } from "./observed.ts";
import type { Millis } from "./spec.ts";
import { roundDuration, timesWords } from "./units.ts";

/** Without a readiness probe a service counts as ready once it has lived this long. */
const MIN_UPTIME_MS = 1000;
/** Remains of a program that ended get this long to end too before they are sent the stop signal. */
const REMAINS_MS = 100;

/** What one instance needs by itself, whatever becomes of its service: deadlines, probes, live updates. */
export function tend(draft: Draft, instance: Instance, target: Revision | null, now: Millis): void {
  if (target !== null) updateLive(draft, instance, target);
  const { phase } = instance;
  switch (phase.kind) {
    case "starting":
    case "ended":
      return;
    case "running":
      tendRunning(draft, instance, now);
      return;
    case "ready":
    case "unready":
      tendUp(draft, instance, now);
      return;
    case "stopping":
      tendStopping(draft, instance, phase, now);
      return;
    case "ending":
      tendEnding(draft, instance, phase, now);
      return;
    default:
      unreachable(phase);
  }
}

/** Instances of the aimed-at program take what procs owns at once; older ones keep their own settings to the end. */
function updateLive(draft: Draft, instance: Instance, target: Revision): void {
  if (instance.phase.kind === "stopping" || instance.phase.kind === "ending") return;
  if (instance.generation !== target.generation) return;
  if (!sameProcess(instance.applied, target.spec)) return;
  const paths = livePaths(instance.applied, target.spec);
  if (paths.length === 0) return;
  const reason = `${paths.join(", ")} changed`;
  draft.do({ kind: "update", id: idOf(instance), spec: target.spec, paths, reason });
}

function tendRunning(draft: Draft, instance: Instance, now: Millis): void {
  if (instance.applied.ready !== null) {
    attempt(draft, instance, "ready", now);
    return;
  }
  if (instance.applied.kind === "task") return;
  const at = instance.startedAt + MIN_UPTIME_MS;
  if (now < at) {
    draft.wake(at);
    return;
  }
  draft.do({ kind: "promote", id: idOf(instance), reason: "has lived a second" });
}

function tendUp(draft: Draft, instance: Instance, now: Millis): void {
  const { alive } = instance.applied;
  if (alive !== null && instance.alive.failures >= alive.failures) {
    const detail = instance.alive.last?.detail ?? "no answer";
    const reason = `alive probe failed ${timesWords(instance.alive.failures)}: ${detail}`;
    stopIt(draft, instance, { reason, asked: false });
    return;
  }
  attempt(draft, instance, "ready", now);
  attempt(draft, instance, "alive", now);
}

function attempt(draft: Draft, instance: Instance, probe: "ready" | "alive", now: Millis): void {
  const { nextAt, busy } = instance[probe];
  if (nextAt === null || busy) return;
  if (now < nextAt) {
    draft.wake(nextAt);
    return;
  }
  draft.do({ kind: "probe", id: idOf(instance), probe, spec: instance.applied, reason: "due" });
}

function tendStopping(
  draft: Draft,
  instance: Instance,
  phase: Phase & { kind: "stopping" },
  now: Millis,
): void {
  if (now < phase.killAt) {
    draft.wake(phase.killAt);
    return;
  }
  const reason = phase.killed
    ? "still there"
    : `did not stop in ${roundDuration(phase.killAt - phase.since)}`;
  draft.do({ kind: "kill", id: idOf(instance), reason });
}

function tendEnding(
  draft: Draft,
  instance: Instance,
  phase: Phase & { kind: "ending" },
  now: Millis,
): void {
  if (!phase.told) {
    // However late that is, it is told before it is killed.
    const heardAt = Math.max(phase.since, phase.killAt - instance.applied.stop.timeout);
    const tellAt = heardAt + REMAINS_MS;
    if (now < tellAt) draft.wake(tellAt);
    else stopIt(draft, instance, { reason: "it ended and left processes behind", asked: false });
    return;
  }
  if (now < phase.killAt) {
    draft.wake(phase.killAt);
    return;
  }
  draft.do({ kind: "kill", id: idOf(instance), reason: "what it left behind did not stop" });
}

/** Adds a stop with the instance's own settings, or those that a person gave for this stop. */
export function stopIt(
  draft: Draft,
  instance: Instance,
  how: {
    readonly reason: string;
    readonly asked: boolean;
    readonly using?: Partial<Instance["applied"]["stop"]> | null;
  },
): void {
  const using = { ...instance.applied.stop, ...how.using };
  draft.do({ kind: "stop", id: idOf(instance), using, reason: how.reason, asked: how.asked });
}
