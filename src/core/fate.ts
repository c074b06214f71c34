import { standing } from "./backoff.ts";
import { type Desired, type OffReason, offReason } from "./desired.ts";
import { diffSpecs, type FieldChange } from "./diff.ts";
import { serviceOf } from "./fold.ts";
import type { Trace } from "./ideal.ts";
import type { Instance, Observed } from "./observed.ts";
import type { Action } from "./plan.ts";
import { targetInstances, targetOf } from "./revision.ts";
import { isActive } from "./scene.ts";
import type { ServiceSpec } from "./spec.ts";

/** What is, and what becomes of it with the wishes of now and with the new ones. */
export interface Worlds {
  readonly before: Desired;
  readonly after: Desired;
  readonly observed: Observed;
  /** Foreseen with the wishes of now: what would happen anyway. */
  readonly base: Trace;
  readonly next: Trace;
}

/** What becomes of one service, as numbers and differences; words are made of it elsewhere. */
export interface Fate {
  readonly name: string;
  /** What it is and what is asked; null: not there. After a failed rollout `from` is the good one. */
  readonly from: ServiceSpec | null;
  readonly to: ServiceSpec | null;
  readonly changes: readonly FieldChange[];
  /** Why it is to have no instance, or had none; null: it runs. */
  readonly off: OffReason | null;
  readonly wasOff: OffReason | null;
  /** The name it had, when its processes go on under the new one. */
  readonly adoptedFrom: string | null;
  readonly countBefore: number;
  readonly countAfter: number;
  /** Active instances now; those of them that are still there in the end, and the ones in their places. */
  readonly running: readonly Instance[];
  readonly kept: readonly Instance[];
  readonly replaced: readonly Instance[];
  readonly starts: readonly (Action & { readonly kind: "start" })[];
  /** Ready now, and the fewest on the way. */
  readonly readyNow: number;
  readonly readyMin: number;
  /** Waits for its next try, whatever the file says. */
  readonly retries: boolean;
  /** What it still waits for in the end, and would with the wishes of now; null: it is as asked. */
  readonly stuck: string | null;
  readonly stuckAnyway: string | null;
  /** The reason of the first stop of what runs now. */
  readonly stopReason: string | null;
}

/** Services of the new file in its order, then those that are only in the old one or only run. */
export function fatesOf(worlds: Worlds): readonly Fate[] {
  const { before, after, observed } = worlds;
  const names = new Set([...after.services.keys(), ...before.services.keys()]);
  for (const name of [...observed.services.keys()].sort()) names.add(name);
  return [...names]
    .map((name) => fateOf(worlds, name))
    .filter((fate) => isTold(fate, worlds.next.actions));
}

/** A service that is gone already, or goes on under another name, has no line. */
function isTold({ name, from, to, running }: Fate, actions: readonly Action[]): boolean {
  if (to !== null) return true;
  if (from === null && running.length === 0) return false;
  return !actions.some((action) => action.kind === "adopt" && action.from.service === name);
}

function fateOf({ before, after, observed, base, next }: Worlds, name: string): Fate {
  const adopted = adoptedFromOf(next.actions, name);
  const from = specNow(before, observed, adopted ?? name);
  const to = after.services.get(name) ?? null;
  const running = activeOf(observed, adopted ?? name);
  const end = activeOf(next.observed, name);
  const isKept = (i: Instance) => end.some((e) => e.slot === i.slot && e.run === i.run);
  const kept = adopted === null ? running.filter(isKept) : running;
  const isReplaced = (i: Instance) => !kept.includes(i) && end.some((e) => e.slot === i.slot);
  const readyNow = running.filter((i) => i.phase.kind === "ready").length;
  return {
    name,
    from,
    to,
    changes: from === null || to === null ? [] : changesOf(from, to),
    off: offReason(after, name),
    wasOff: offReason(before, name),
    adoptedFrom: adopted,
    countBefore: countOf(before, observed, adopted ?? name),
    countAfter: countOf(after, next.observed, name),
    running,
    kept,
    replaced: running.filter(isReplaced),
    starts: next.actions.filter((a) => a.kind === "start").filter((a) => a.id.service === name),
    readyNow,
    readyMin: adopted === null ? (next.readyMin.get(name) ?? 0) : readyNow,
    retries: serviceOf(observed, name).instances.some((i) => standing(i).kind === "backoff"),
    stuck: stuckOn(next, name),
    stuckAnyway: stuckOn(base, name),
    stopReason: stopReasonOf(next.actions, name, running),
  };
}

function adoptedFromOf(actions: readonly Action[], name: string): string | null {
  for (const action of actions) {
    if (action.kind === "adopt" && action.id.service === name) return action.from.service;
  }
  return null;
}

function specNow(before: Desired, observed: Observed, name: string): ServiceSpec | null {
  return targetOf(before, serviceOf(observed, name), name)?.spec ?? null;
}

function changesOf(from: ServiceSpec, to: ServiceSpec): readonly FieldChange[] {
  return diffSpecs(from, to).filter((change) => change.path !== "name");
}

function countOf(desired: Desired, observed: Observed, name: string): number {
  return targetInstances(desired, targetOf(desired, serviceOf(observed, name), name), name);
}

function activeOf(observed: Observed, name: string): readonly Instance[] {
  return serviceOf(observed, name).instances.filter(isActive);
}

function stuckOn(trace: Trace, name: string): string | null {
  const wait = trace.waits.find((one) => one.service === name && one.for !== "schedule");
  return wait?.detail ?? null;
}

function stopReasonOf(
  actions: readonly Action[],
  name: string,
  running: readonly Instance[],
): string | null {
  for (const action of actions) {
    if (action.kind !== "stop" || action.id.service !== name) continue;
    const { slot, run } = action.id;
    if (running.some((i) => i.slot === slot && i.run === run)) return action.reason;
  }
  return null;
}
