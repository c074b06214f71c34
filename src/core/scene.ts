import { type Desired, intentOf } from "./desired.ts";
import {
  type Instance,
  isLive,
  type Observed,
  type ObservedService,
  type Revision,
} from "./observed.ts";
import { isCurrent } from "./revision.ts";
import type { Millis } from "./spec.ts";

/** One service as the rules see it. */
export interface Scene {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly name: string;
  readonly service: ObservedService;
  readonly target: Revision;
  /** How many instances are aimed at. */
  readonly count: number;
  readonly now: Millis;
}

export function currentInstances(scene: Scene): readonly Instance[] {
  return scene.service.instances.filter((i) => isCurrent(i, scene.target, scene.observed));
}

export function isAvailable(instance: Instance, target: Revision, now: Millis): boolean {
  const { phase } = instance;
  return phase.kind === "ready" && now - phase.since >= target.spec.rollout.min_ready;
}

/** On its way up, or up. */
export function isActive(instance: Instance): boolean {
  return isLive(instance) && instance.phase.kind !== "stopping" && instance.phase.kind !== "ending";
}

/**
 * How many instances may be too many and too few during a replacement. Overlap is only for programs that can
 * bear it: asked for (`reload: rolling`, a surge, `--rolling`) or given a port of their own (`port: auto`),
 * and never two on one fixed port. Percentages: surge rounds up, unavailable down, as Kubernetes does.
 */
export function fences(scene: Scene): { readonly surge: number; readonly unavailable: number } {
  const { rollout } = scene.target.spec;
  const unavailable = resolve(rollout.unavailable ?? 0, scene.count, Math.floor);
  if (!mayOverlap(scene)) return { surge: 0, unavailable: Math.max(1, unavailable) };
  const surge = resolve(rollout.surge ?? 1, scene.count, Math.ceil);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function mayOverlap(scene: Scene): boolean {
  const { reload, port, rollout, kind } = scene.target.spec;
  if (kind === "task") return false;
  const implied = port === "auto" || (rollout.surge !== null && rollout.surge !== 0);
  const rolling = reload === "rolling" || (reload === null && implied);
  if (!rolling && !intentOf(scene.desired, scene.name).rolling) return false;
  if (typeof port !== "number") return true;
  const isTaken = (i: Instance) =>
    isLive(i) && i.port !== null && i.port >= port && i.port < port + scene.count;
  return !scene.service.instances.some(
    (i) => isTaken(i) && !isCurrent(i, scene.target, scene.observed),
  );
}

function resolve(value: number | string, count: number, round: (n: number) => number): number {
  if (typeof value === "number") return value;
  return round((Number.parseFloat(value) * count) / 100);
}
