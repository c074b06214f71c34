import { standing } from "./backoff.ts";
import type { Draft } from "./draft.ts";
import { type Instance, isLive } from "./observed.ts";
import { isCurrent } from "./revision.ts";
import { fences, isActive, isAvailable, type Scene } from "./scene.ts";

/** A service in one look: who is there, and how many may come and go. */
export interface Stage {
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

/** What there is before this look ends or starts anything. */
export function stageOf(draft: Draft, scene: Scene): Stage {
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

/** Those that serve, after what this look has stopped. */
export function availableCount({ scene, current, old, stopped }: Stage): number {
  const counts = (i: Instance) => !stopped.has(i) && isAvailable(i, scene.target, scene.now);
  return current.filter(counts).length + old.filter(counts).length;
}

/**
 * Slots without a holder, lowest first. A run of the target holds its slot until all of it is gone, and so does
 * one that is done or gave up; without overlap anything alive in the slot holds it.
 */
export function missingSlots({ scene, surge }: Stage): number[] {
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
