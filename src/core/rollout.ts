import { standing } from "./backoff.ts";
import type { Draft } from "./draft.ts";
import { type Instance, instanceName, type Revision, type Rollout } from "./observed.ts";
import type { RolloutStep } from "./plan.ts";
import { interchangeable, isCurrent, rejectionOf, sameRevision } from "./revision.ts";
import { currentInstances, fences, isActive, isAvailable, type Scene } from "./scene.ts";
import type { Millis } from "./spec.ts";
import { formatDuration } from "./units.ts";

/**
 * Keeps the books of a replacement: a new aim, its begin, progress, success and failure.
 * Returns true when the aim changed: everything else waits for the next look.
 */
export function followRollout(draft: Draft, scene: Scene): boolean {
  if (aim(draft, scene)) return true;
  const { service, target, now } = scene;
  const { rollout } = service;
  const current = currentInstances(scene);
  if (isComplete(scene, current)) {
    if (isNews(scene)) note(draft, scene, { kind: "complete", ...target }, "all instances run it");
    return false;
  }
  for (const instance of current) wakeWhenAvailable(draft, instance, target, now);
  if (rollout === null) return false;
  if (scene.count === 0) {
    note(draft, scene, { kind: "abandon" }, "no instance is wanted");
    return false;
  }
  const replaced = current.filter((i) => isAvailable(i, target, now)).length;
  // Where both became known at once, nothing more is replaced for a version that has failed.
  if (replaced > rollout.replaced && failureOf(scene, current) === null) {
    note(draft, scene, { kind: "progress", replaced }, `${replaced} of ${scene.count} replaced`);
    return false;
  }
  return judge(draft, scene, rollout, current);
}

/** Ends a rollout that has failed; else looks again when it might have. Returns true when it failed. */
function judge(
  draft: Draft,
  scene: Scene,
  rollout: Rollout,
  current: readonly Instance[],
): boolean {
  const { target } = scene;
  const failure = failureOf(scene, current) ?? stallOf(scene, rollout, current);
  if (failure === null) {
    for (const instance of current) {
      const at = stallAt(scene, rollout, instance);
      if (at !== null) draft.wake(at);
    }
    return false;
  }
  const paused = target.spec.rollout.on_failure === "pause";
  const step = { kind: "fail", ...target, paused, instance: failure.instance } as const;
  note(draft, scene, step, failure.reason);
  return true;
}

function note(draft: Draft, { name }: Scene, step: RolloutStep, reason: string): void {
  draft.do({ kind: "rollout", service: name, step, reason });
}

/** The books do not say yet that the target is the good revision. */
function isNews({ service, target }: Scene): boolean {
  const { good, goodEpoch, rollout, epoch } = service;
  return good === null || rollout !== null || !sameRevision(good, target) || goodEpoch !== epoch;
}

/** A new aim goes into the books before anything follows from it. */
function aim(draft: Draft, scene: Scene): boolean {
  const { service, target, name, desired } = scene;
  const { wanted } = service;
  const rejection = rejectionOf(desired, service, name);
  const isOutdated = service.rejected !== null && rejection === null;
  if (wanted !== null && sameRevision(wanted, target) && !isOutdated) return begin(draft, scene);
  const back = rejection !== null;
  const reason =
    wanted === null ? "new" : back ? `back to the last good one: ${rejection.reason}` : "changed";
  note(draft, scene, { kind: "wanted", ...target, back }, reason);
  return true;
}

/** A replacement is a rollout when there is something to lose: a good revision, of which something runs. */
function begin(draft: Draft, scene: Scene): boolean {
  const { service, target, count } = scene;
  const { good, rollout, rejected } = service;
  if (rollout !== null || rejected !== null || good === null || count === 0) return false;
  if (target.spec.kind === "task" || interchangeable(good, target)) return false;
  const old = service.instances.filter((i) => isActive(i) && !isCurrent(i, target, scene.observed));
  if (old.length === 0) return false;
  // A restart of the same program without overlap has nothing to go back to.
  const restartOnly = interchangeable({ ...good, generation: 0 }, { ...target, generation: 0 });
  if (restartOnly && fences(scene).surge === 0) return false;
  note(draft, scene, { kind: "begin", ...target }, "instances are replaced");
  return true;
}

function isComplete(scene: Scene, current: readonly Instance[]): boolean {
  const { service, target, count, now, observed } = scene;
  if (service.instances.some((i) => isActive(i) && !isCurrent(i, target, observed))) return false;
  if (target.spec.kind === "task") return current.some((i) => standing(i).kind === "done");
  for (let slot = 1; slot <= count; slot++) {
    if (!current.some((i) => i.slot === slot && isAvailable(i, target, now))) return false;
  }
  return count > 0;
}

interface Failure {
  readonly reason: string;
  readonly instance: { readonly slot: number; readonly run: number };
}

/** Why the rollout has failed, with the run that shows it; null: it goes on. */
function failureOf(scene: Scene, current: readonly Instance[]): Failure | null {
  const { target, now } = scene;
  for (const instance of current) {
    const { phase, slot, run } = instance;
    const at = { slot, run };
    const who = `new ${instanceName(instance)}`;
    if (
      phase.kind === "ended" &&
      !phase.asked &&
      phase.readyMs === 0 &&
      standing(instance).kind !== "done"
    ) {
      return { reason: `${who} ended before it was ready`, instance: at };
    }
    const { ready } = target.spec;
    if (phase.kind !== "running" || ready === null) continue;
    if (now < instance.ready.since + ready.timeout) continue;
    const detail = instance.ready.last === null ? "" : `: ${instance.ready.last.detail}`;
    const waited = formatDuration(ready.timeout);
    return { reason: `${who} not ready after ${waited}${detail}`, instance: at };
  }
  return null;
}

/** A new instance has been on its way for longer than the rollout may go without progress. */
function stallOf(scene: Scene, rollout: Rollout, current: readonly Instance[]): Failure | null {
  for (const instance of current) {
    const at = stallAt(scene, rollout, instance);
    if (at === null || scene.now < at) continue;
    const { slot, run } = instance;
    const reason = `no progress for ${formatDuration(scene.target.spec.rollout.progress)}`;
    return { reason, instance: { slot, run } };
  }
  return null;
}

/**
 * When an instance that is being tried will have had its time; null: it is there, or is leaving. While nothing
 * new is tried (a dependency, a port, an old one that takes its grace) no time counts.
 */
function stallAt({ target, now }: Scene, rollout: Rollout, instance: Instance): Millis | null {
  const isTried = isActive(instance) || instance.phase.kind === "ended";
  if (!isTried || isAvailable(instance, target, now)) return null;
  return Math.max(rollout.progressAt, instance.startedAt) + target.spec.rollout.progress;
}

/** A ready instance counts once it has been ready for min_ready; look again then, and when its time to get ready is up. */
function wakeWhenAvailable(draft: Draft, instance: Instance, target: Revision, now: Millis): void {
  const { phase } = instance;
  if (phase.kind === "ready" && now < phase.since + target.spec.rollout.min_ready) {
    draft.wake(phase.since + target.spec.rollout.min_ready);
  }
  if (phase.kind === "running" && target.spec.ready !== null) {
    const at = instance.ready.since + target.spec.ready.timeout;
    if (now < at) draft.wake(at);
  }
}
