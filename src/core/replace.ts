import { clashing } from "./address-clash.ts";
import { standing } from "./backoff.ts";
import { intentOf } from "./desired.ts";
import type { Draft } from "./draft.ts";
import { holderAmong } from "./fixed-port.ts";
import { missingSocket } from "./listening.ts";
import { unmetDependency } from "./needs.ts";
import { type Instance, idOf, isLive } from "./observed.ts";
import type { Wait } from "./plan.ts";
import { demandOf } from "./resting.ts";
import { isCurrent, staleUpstream } from "./revision.ts";
import { isActive, isAvailable, type Scene } from "./scene.ts";
import { availableCount, missingSlots, type Stage, stageOf } from "./stage.ts";
import { startMissing } from "./start-missing.ts";
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
  const wait = startWait(scene);
  if (wait !== null) {
    const isNeeded = missingSlots(stage).length > 0 || stage.old.length > 0;
    if (isNeeded) draft.wait({ service: scene.name, slot: null, ...wait });
    // Nothing can be replaced now, but what is too many is too many whatever its version.
    stopOld(draft, stage, (i) => i.slot > scene.count);
    if (wait.for === "socket") stopClashing(draft, stage);
    return;
  }
  stopOld(draft, stage, () => true);
  stopPortHolder(draft, stage);
  startMissing(draft, stage);
}

/** What comes before any start; null: nothing. */
function startWait(scene: Scene): Omit<Wait, "service" | "slot"> | null {
  const { desired, observed, target } = scene;
  const unmet = unmetDependency(desired, observed, target.spec);
  if (unmet !== null) return { for: "dependency", detail: unmet.detail, on: unmet.on };
  const socket = missingSocket(observed, target.spec);
  if (socket === null) return null;
  const until = socket.until === null ? {} : { until: socket.until };
  return { for: "socket", detail: socket.detail, ...until };
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
    stopIt(draft, instance, { reason: surplusReason(scene), asked: true });
  }
}

function surplusReason({ observed, target, count, asked }: Scene): string {
  if (count < asked) return demandOf(observed, target.spec)?.failed ? "did not come up" : "idle";
  return `not wanted (${count} ${count === 1 ? "instance" : "instances"})`;
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

/** An older version has what is to be bound for the new one: there is no order without a gap. */
function stopClashing(draft: Draft, stage: Stage): void {
  const { scene, current, stopped } = stage;
  const { service, target, now, observed } = scene;
  if (stopped.size > 0 || current.some((i) => !isAvailable(i, target, now))) return;
  if (service.rejected?.paused === true) return;
  if (service.instances.some((i) => isLive(i) && !isActive(i))) return;
  const [holder] = clashing(stage.old, observed, target.spec);
  if (holder === undefined) return;
  stopped.add(holder);
  stopIt(draft, holder, { reason: staleReason(scene, holder), asked: true });
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
