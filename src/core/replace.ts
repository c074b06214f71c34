import { nextFailures, standing } from "./backoff.ts";
import { intentOf } from "./desired.ts";
import type { Draft } from "./draft.ts";
import { exitWords } from "./exit.ts";
import { holderAmong, whoHasPort } from "./fixed-port.ts";
import { unmetDependency } from "./needs.ts";
import { type Instance, idOf, instanceName, isLive } from "./observed.ts";
import { isCurrent, staleUpstream, upstreamEpochs } from "./revision.ts";
import { fences, isActive, isAvailable, type Scene } from "./scene.ts";
import { stopIt } from "./tend.ts";

/**
 * Starts what is missing, stops what is surplus, replaces what is out of date: `count` instances of the target,
 * never fewer available than `count - unavailable` and never more active than `count + surge` by our own doing
 * (the arithmetic is that of Kubernetes' rolling update).
 */
export function replace(draft: Draft, scene: Scene): void {
  const stage = stageOf(draft, scene);
  forgetEnded(draft, stage);
  stopSurplus(draft, stage);
  const unmet = unmetDependency(scene.desired, scene.observed, scene.target.spec);
  if (unmet !== null) {
    if (missingSlots(stage).length > 0 || stage.old.length > 0) {
      draft.wait({
        service: scene.name,
        slot: null,
        for: "dependency",
        detail: unmet.detail,
        on: unmet.on,
      });
    }
    // Nothing can be replaced now, but what is too many is too many whatever its version.
    stopOld(draft, stage, (i) => i.slot > scene.count);
    return;
  }
  stopOld(draft, stage, () => true);
  stopPortHolder(draft, stage);
  startMissing(draft, stage);
}

interface Stage {
  readonly scene: Scene;
  readonly surge: number;
  /** Fewer than this many available is our fault. */
  readonly availableMin: number;
  /** Active instances of the target, and of anything older. */
  readonly current: readonly Instance[];
  readonly old: readonly Instance[];
  /** Stopped in this look; they still show as active. */
  readonly stopped: Set<Instance>;
}

function stageOf(draft: Draft, scene: Scene): Stage {
  const { service, target, observed } = scene;
  const { surge, unavailable } = fences(scene);
  const active = service.instances.filter((i) => isActive(i) && !draft.stops(i));
  const isNow = (i: Instance) => isCurrent(i, target, observed);
  // A slot whose program ended as it should is not waited for.
  const done = service.instances.filter(
    (i) => i.slot <= scene.count && isNow(i) && standing(i).kind === "done",
  );
  return {
    scene,
    surge,
    availableMin: Math.max(0, scene.count - done.length - unavailable),
    current: active.filter(isNow),
    old: active.filter((i) => !isNow(i)),
    stopped: new Set(),
  };
}

function availableCount({ scene, current, old, stopped }: Stage): number {
  const counts = (i: Instance) => !stopped.has(i) && isAvailable(i, scene.target, scene.now);
  return current.filter(counts).length + old.filter(counts).length;
}

/** Ended runs that hold no slot any more: of an older revision, above the count, or ended by us. */
function forgetEnded(draft: Draft, { scene }: Stage): void {
  const { service, target, observed, count } = scene;
  // Two of one slot are there only when a record was lost.
  const isTaken = ({ slot }: Instance) =>
    service.instances.some((i) => i.slot === slot && isLive(i) && isCurrent(i, target, observed));
  for (const instance of service.instances) {
    if (isLive(instance)) continue;
    const reason = !isCurrent(instance, target, observed)
      ? "replaced"
      : instance.slot > count
        ? "not wanted"
        : standing(instance).kind === "stopped"
          ? "stopped"
          : isTaken(instance)
            ? "its slot is taken"
            : null;
    if (reason !== null) draft.do({ kind: "forget", id: idOf(instance), reason });
  }
}

/** Instances of the target above the count: unready first, then the highest slot. */
function stopSurplus(draft: Draft, stage: Stage): void {
  const { scene, current, stopped, availableMin } = stage;
  const { target, now, count } = scene;
  const isUp = (i: Instance) => isAvailable(i, target, now);
  const surplus = current.filter((i) => i.slot > count || isDouble(i, current));
  surplus.sort((a, b) => Number(isUp(a)) - Number(isUp(b)) || b.slot - a.slot || b.run - a.run);
  for (const instance of surplus) {
    if (isUp(instance) && availableCount(stage) - 1 < availableMin && isComing(stage)) {
      draft.wait({
        service: scene.name,
        slot: instance.slot,
        for: "ready",
        detail: "leaves when the others are ready",
      });
      continue;
    }
    stopped.add(instance);
    const reason = `not wanted (${count} ${count === 1 ? "instance" : "instances"})`;
    stopIt(draft, instance, { reason, asked: true });
  }
}

/** Somebody below the count is still on the way to ready, or will be tried again. */
function isComing({ scene }: Stage): boolean {
  const { service, target, observed, count, now } = scene;
  for (let slot = 1; slot <= count; slot++) {
    const holders = service.instances.filter(
      (i) => i.slot === slot && isCurrent(i, target, observed),
    );
    if (holders.some((i) => isAvailable(i, target, now))) continue;
    if (!holders.some((i) => standing(i).kind === "gave-up")) return true;
  }
  return false;
}

function isDouble(instance: Instance, current: readonly Instance[]): boolean {
  return current.some((i) => i.slot === instance.slot && i.run < instance.run);
}

/**
 * Older instances, as far as availability allows: those that do not serve first, then those above the count,
 * then those whose slot can be filled at once, then the lowest slot.
 */
function stopOld(draft: Draft, stage: Stage, isMeant: (instance: Instance) => boolean): void {
  const { scene, current, old, stopped, availableMin } = stage;
  const { target, now, service, count } = scene;
  // `on_failure: pause` keeps both versions, but not more than are wanted.
  const isPaused = service.rejected?.paused === true;
  // A scheduled run is never ended by an edit: the next one is the new version.
  const isScheduled = target.spec.kind === "task" && target.spec.schedule !== null;
  const isRun = (i: Instance) => isScheduled && i.applied.kind === "task";
  const isUp = (i: Instance) => isAvailable(i, target, now);
  const kept = current.filter((i) => !stopped.has(i));
  let budget = kept.length + old.length - availableMin - kept.filter((i) => !isUp(i)).length;
  const isStuck = (i: Instance) =>
    holderAmong(stage.old, scene.target.spec, i.slot, i) !== undefined;
  const order = old
    .filter((i) => isMeant(i) && !isRun(i) && (i.slot > count || !isPaused))
    .sort(
      (a, b) =>
        Number(isUp(a)) - Number(isUp(b)) ||
        Number(b.slot > count) - Number(a.slot > count) ||
        Number(isStuck(a)) - Number(isStuck(b)) ||
        a.slot - b.slot ||
        a.run - b.run,
    );
  for (const instance of order) {
    if (budget <= 0) break;
    if (isUp(instance) && availableCount(stage) - 1 < availableMin) continue;
    stopped.add(instance);
    budget--;
    stopIt(draft, instance, { reason: staleReason(scene, instance), asked: true });
  }
  if (old.some((i) => !stopped.has(i))) {
    draft.wait({
      service: scene.name,
      slot: null,
      for: "ready",
      detail: "replaced when the new ones are ready",
    });
  }
}

/**
 * `port: 3000` became 3001, and the free slot 2 needs what slot 3 still has: when nothing else moves, that one
 * has to go, although it serves.
 */
function stopPortHolder(draft: Draft, stage: Stage): void {
  const { scene, current, stopped } = stage;
  const { service, target, now } = scene;
  if (stopped.size > 0 || current.some((i) => !isAvailable(i, target, now))) return;
  if (service.rejected?.paused === true) return;
  if (service.instances.some((i) => isLive(i) && !isActive(i))) return;
  for (const slot of missingSlots(stage)) {
    const holder = holderAmong(stage.old, target.spec, slot);
    if (holder === undefined) continue;
    stopped.add(holder);
    const reason = `${scene.name}.${slot} needs its port`;
    stopIt(draft, holder, { reason, asked: true });
    return;
  }
}

function staleReason(scene: Scene, instance: Instance): string {
  const upstream = staleUpstream(instance, scene.observed);
  if (upstream !== null && instance.generation === scene.target.generation)
    return `${upstream} was replaced`;
  if (instance.generation !== scene.target.generation) {
    return intentOf(scene.desired, scene.name).reason || "restarted";
  }
  return scene.service.rejected === null ? "changed" : "rolled back";
}

function startMissing(draft: Draft, stage: Stage): void {
  const { scene, current, old, stopped, surge } = stage;
  const { count, name, now } = scene;
  const active = current.length + old.length - stopped.size;
  let room = count + surge - active;
  for (const slot of missingSlots(stage)) {
    const before = scene.service.instances.find(
      (i) => i.slot === slot && !isLive(i) && standing(i).kind === "backoff",
    );
    const until = before === undefined ? null : standing(before);
    if (until?.kind === "backoff" && now < until.until) {
      draft.wait({ service: name, slot, for: "backoff", detail: "retries", until: until.until });
      continue;
    }
    const taken = whoHasPort(draft, scene, slot);
    if (taken !== null || room <= 0) {
      const detail = taken ?? "an older instance stops first";
      draft.wait({ service: name, slot, for: "room", detail });
      continue;
    }
    room--;
    startSlot(draft, scene, slot, before);
  }
}

function startSlot(draft: Draft, scene: Scene, slot: number, before: Instance | undefined): void {
  const { name, target, observed } = scene;
  const run = observed.nextRun[instanceName({ service: name, slot })] ?? 1;
  draft.do({
    kind: "start",
    id: { service: name, slot, run },
    spec: target.spec,
    generation: target.generation,
    upstream: upstreamEpochs(target.spec, observed),
    failures: before === undefined ? 0 : nextFailures(before),
    exits: before?.exits ?? [],
    reason: startReason(scene, slot, before),
  });
}

function startReason({ service }: Scene, slot: number, before: Instance | undefined): string {
  if (before?.phase.kind === "ended") return `tried again: ${exitWords(before.phase.exit)}`;
  const isReplaced = service.instances.some((i) => i.slot === slot && isLive(i));
  return isReplaced ? "new version" : "missing";
}

/**
 * Slots without a holder, lowest first. A run of the target holds its slot until all of it is gone, and so does
 * one that is done or gave up; without overlap anything alive in the slot holds it.
 */
function missingSlots({ scene, surge }: Stage): number[] {
  const { service, target, observed, count } = scene;
  const slots: number[] = [];
  for (let slot = 1; slot <= count; slot++) {
    const isHeld = service.instances.some((i) => {
      if (i.slot !== slot) return false;
      const isNow = isCurrent(i, target, observed);
      if (isLive(i)) return isNow || surge === 0;
      if (!isNow) return false;
      const { kind } = standing(i);
      return kind === "done" || kind === "gave-up";
    });
    if (!isHeld) slots.push(slot);
  }
  return isIdleTask(scene) ? [] : slots;
}

/** A scheduled task waits for its time. */
function isIdleTask({ target, service }: Scene): boolean {
  return target.spec.kind === "task" && target.spec.schedule !== null && !service.pending;
}
