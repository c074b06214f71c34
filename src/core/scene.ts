import { clashing, isGivenPort } from "./address-clash.ts";
import { type Desired, intentOf, offReason } from "./desired.ts";
import { serviceOf } from "./fold.ts";
import {
  type Instance,
  isLive,
  type Observed,
  type ObservedService,
  type Revision,
} from "./observed.ts";
import { isResting } from "./resting.ts";
import { isCurrent, targetInstances, targetOf } from "./revision.ts";
import type { Millis } from "./spec.ts";

/** One service and everything around it, at one moment. */
export interface Part {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly name: string;
  readonly service: ObservedService;
  readonly now: Millis;
}

/** A service that is to run, as the rules see it. */
export interface Scene extends Part {
  readonly target: Revision;
  /** How many instances are aimed at: none while it rests. */
  readonly count: number;
  /** How many there are when it does not. */
  readonly asked: number;
}

/** A service that nobody has heard of yet is an empty one. */
export function partOf(desired: Desired, observed: Observed, name: string, now: Millis): Part {
  return { desired, observed, name, now, service: serviceOf(observed, name) };
}

/** null: the service is to have no instance. */
export function sceneOf(part: Part): Scene | null {
  const { desired, name, service } = part;
  const target = targetOf(desired, service, name);
  if (target === null || offReason(desired, name) !== null) return null;
  const isAsleep = isResting(desired, part.observed, target.spec);
  const asked = targetInstances(desired, target, name);
  return { ...part, target, asked, count: isAsleep ? 0 : asked };
}

/** Those that run, or ran, what is aimed at. */
export function currentInstances(scene: Scene): readonly Instance[] {
  return scene.service.instances.filter((i) => isCurrent(i, scene.target, scene.observed));
}

/** Has been ready for as long as the rollout settings ask. */
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
 * bear it: asked for (`reload: rolling`, a surge, `--rolling`), given a port of their own (`port: auto`) or a socket
 * that procs holds (`listen`), and never two on one fixed port. Percentages: surge rounds up, unavailable down, as Kubernetes does.
 */
export function fences(scene: Scene): { readonly surge: number; readonly unavailable: number } {
  const { rollout } = scene.target.spec;
  const unavailable = resolve(rollout.unavailable ?? 0, scene.count, Math.floor);
  if (!mayOverlap(scene)) return { surge: 0, unavailable: Math.max(1, unavailable) };
  const surge = resolve(rollout.surge ?? 1, scene.count, Math.ceil);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function mayOverlap(scene: Scene): boolean {
  const { reload, port, rollout, kind, listen } = scene.target.spec;
  if (kind === "task" || listen?.wait === true) return false;
  const isShared = port === "auto" || listen !== null;
  const implied = isShared || (rollout.surge !== null && rollout.surge !== 0);
  const rolling = reload === "rolling" || (reload === null && implied);
  if (!rolling && !intentOf(scene.desired, scene.name).rolling) return false;
  if (clashing(scene.service.instances, scene.observed, scene.target.spec).length > 0) return false;
  if (typeof port !== "number") return true;
  const ports = Array.from({ length: scene.count }, (_, index) => port + index);
  const isTaken = (i: Instance) =>
    isLive(i) && ports.some((one) => i.port === one || isGivenPort(i, one));
  return !scene.service.instances.some(
    (i) => isTaken(i) && !isCurrent(i, scene.target, scene.observed),
  );
}

function resolve(value: number | string, count: number, round: (n: number) => number): number {
  if (typeof value === "number") return value;
  return round((Number.parseFloat(value) * count) / 100);
}
