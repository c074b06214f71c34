import { followDemand } from "./demand.ts";
import { type Desired, intentOf, OFF_WORDS, offReason } from "./desired.ts";
import { sameProcess } from "./diff.ts";
import { Draft } from "./draft.ts";
import { followSockets } from "./listening.ts";
import { leavingDependents } from "./needs.ts";
import { idOf, instanceName, isLive, type Observed, type ObservedService } from "./observed.ts";
import type { Plan } from "./plan.ts";
import { replace } from "./replace.ts";
import { targetInstances } from "./revision.ts";
import { followRollout } from "./rollout.ts";
import { isActive, type Part, partOf, type Scene, sceneOf } from "./scene.ts";
import type { Millis } from "./spec.ts";
import { stopIt, tend } from "./tend.ts";
import { followSchedule, followWatch, makeRoomForDue } from "./triggers.ts";

/**
 * What to do now: a function of what should be, what is, and the time. It acts on what is, never on the event
 * that woke it, so it can be asked at any moment, and asked again. An empty plan means: nothing until `wakeAt`.
 */
export function decide(desired: Desired, observed: Observed, now: Millis): Plan {
  const draft = new Draft();
  const renamed = adoptRenamed(draft, desired, observed);
  if (renamed) return draft.finish();
  const names = serviceNames(desired, observed);
  const parts = names.map((name) => partOf(desired, observed, name, now));
  // New aims, who became ready and new settings are in the books before anything starts or stops by them.
  const scenes = parts.map(sceneOf);
  const aimed = scenes.map((scene) => scene !== null && followRollout(draft, scene));
  for (const scene of scenes) if (scene !== null) followTriggers(draft, scene);
  if (aimed.includes(true) || draft.changesBooks()) return draft.finish();
  for (const [index, part] of parts.entries()) {
    const target = scenes[index]?.target ?? null;
    for (const instance of part.service.instances) tend(draft, instance, target, now);
  }
  if (draft.changesBooks()) return draft.finish();
  followSockets(draft, scenes, observed, now);
  for (const [index, part] of parts.entries()) decideService(draft, part, scenes[index] ?? null);
  return draft.finish();
}

/** File order first, then what is left of services that the file no longer has. */
function serviceNames(desired: Desired, observed: Observed): string[] {
  const left = [...observed.services.keys()].filter((name) => !desired.services.has(name));
  return [...desired.services.keys(), ...left.sort()];
}

function followTriggers(draft: Draft, scene: Scene): void {
  followSchedule(draft, scene);
  followWatch(draft, scene);
  followDemand(draft, scene);
}

function decideService(draft: Draft, part: Part, scene: Scene | null): void {
  if (scene === null) {
    leave(draft, part);
    return;
  }
  makeRoomForDue(draft, scene);
  replace(draft, scene);
}

/** The service is to have no instance: dependents that leave too go first. */
function leave(draft: Draft, part: Part): void {
  const { desired, observed, name, service } = part;
  const off = offReason(desired, name) ?? "removed";
  if (service.rollout !== null || service.rejected !== null) {
    draft.do({ kind: "rollout", service: name, step: { kind: "abandon" }, reason: OFF_WORDS[off] });
  }
  if (service.demand !== null) {
    const rest = { kind: "demand", effect: "rest", instance: null } as const;
    draft.do({ ...rest, service: name, reason: OFF_WORDS[off] });
  }
  for (const instance of service.instances) {
    if (!isLive(instance)) draft.do({ kind: "forget", id: idOf(instance), reason: OFF_WORDS[off] });
  }
  const active = service.instances.filter(isActive);
  const behind = active.length === 0 ? null : stillBehind(part);
  if (behind !== null) {
    const detail = `${behind} is still behind it`;
    draft.wait({ service: name, slot: null, for: "dependents", detail });
    return;
  }
  const dependents = active.length === 0 ? [] : leavingDependents(desired, observed, name);
  if (dependents.length > 0) {
    const detail = `${dependents.join(", ")} ${dependents.length === 1 ? "stops" : "stop"} first`;
    draft.wait({ service: name, slot: null, for: "dependents", detail });
    return;
  }
  const grace = desired.grace === null ? {} : { timeout: desired.grace };
  const using = { ...intentOf(desired, name).using, ...(desired.draining ? grace : {}) };
  for (const instance of active)
    stopIt(draft, instance, { reason: OFF_WORDS[off], asked: true, using });
  const isOver = off === "removed" || off === "down";
  if (isOver && service.instances.length === 0 && observed.services.has(name)) {
    draft.do({ kind: "dismiss", service: name, reason: OFF_WORDS[off] });
  }
}

/** A proxy that is not wanted any more serves until the instances behind it have been replaced; null: it may go. */
function stillBehind({ desired, observed, service }: Part): string | null {
  const helped = service.instances.find(isActive)?.applied.helps ?? null;
  if (helped === null || offReason(desired, helped) !== null) return null;
  const instances = observed.services.get(helped)?.instances ?? [];
  return instances.some((i) => isLive(i) && i.applied.listen?.mode === "proxy") ? helped : null;
}

/** `was: old-name`: the same process under a new name is no reason to restart it. */
function adoptRenamed(draft: Draft, desired: Desired, observed: Observed): boolean {
  let adopted = false;
  /** The run after those given here: during a rolling replacement a slot has two. */
  const taken = new Map<string, number>();
  for (const [name, spec] of desired.services) {
    if (spec.was === null || desired.services.has(spec.was) || offReason(desired, name) !== null)
      continue;
    const before = observed.services.get(spec.was);
    if (before === undefined || hasLive(observed.services.get(name))) continue;
    const target = { spec, generation: intentOf(desired, name).generation };
    const count = targetInstances(desired, target, name);
    for (const instance of before.instances) {
      if (!isActive(instance) || instance.phase.kind === "starting" || instance.slot > count)
        continue;
      if (!sameProcess(instance.applied, spec)) continue;
      const { slot } = instance;
      // The name may have had processes before: their runs, and so their logs, are not these.
      const key = instanceName({ service: name, slot });
      const run = Math.max(instance.run, taken.get(key) ?? observed.nextRun[key] ?? 1);
      taken.set(key, run + 1);
      const id = { service: name, slot, run };
      const reason = `${spec.was} is called ${name} now`;
      draft.do({ kind: "adopt", from: idOf(instance), id, ...target, reason });
      adopted = true;
    }
  }
  return adopted;
}

function hasLive(service: ObservedService | undefined): boolean {
  return service?.instances.some(isLive) ?? false;
}
