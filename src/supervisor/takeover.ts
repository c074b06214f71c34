import { type Desired, intentOf, NOTHING } from "../core/desired.ts";
import type { Event } from "../core/event.ts";
import { EMPTY } from "../core/fold.ts";
import { observe } from "../core/observe.ts";
import type { InstanceId, Observed } from "../core/observed.ts";
import type { Stray } from "../core/ports.ts";
import { adoptionsOf, restored } from "../core/restore.ts";
import type { Millis, ServiceSpec } from "../core/spec.ts";
import { digestOf } from "../host/digest.ts";
import type { RealHost } from "../host/host.ts";
import { appliedBasis } from "./desire.ts";
import type { Apply } from "./inheritance.ts";
import { runsSoFar } from "./runs.ts";
import type { Session } from "./session.ts";
import type { Recorded, Remembered } from "./state-format.ts";

/** How a supervisor goes on from the one before it. */
export interface Takeover {
  /** What to start from: the record, with what it could not know yet. */
  readonly from: Recorded;
  /** Runs that live and fit to nothing that is known: to be ended before anything is started. */
  readonly foreign: readonly Stray[];
}

/**
 * What the record and the machine together say. A run that was started and not written down, because the
 * disk was full or an older copy had to do, is known by its mark, and by the digest of its spec.
 */
export function planTakeover(recorded: Recorded, host: RealHost, now: Millis): Takeover {
  let observed = restored(recorded.observed, now);
  const foreign: Stray[] = [];
  const known = adoptionsOf(observed).flatMap(({ id, was }) => [id, ...was]);
  for (const stray of host.strays(known)) {
    const match = matchOf(stray, recorded.desired, observed);
    if (match === null) foreign.push(stray);
    else {
      const { id, pid, port } = stray;
      observed = observe(observed, { kind: "adopted", id, pid, port, ...match }, now);
    }
  }
  return { from: { ...recorded, observed }, foreign };
}

/** Has the host look after everything that is recorded as living. What became of it comes as events. */
export function adoptAll(observed: Observed, host: RealHost): void {
  for (const adoption of adoptionsOf(observed)) host.adopt(adoption);
}

/** With no record at all: takes over the runs that were started from just what an `up` brings. Returns which. */
export function claimStrays(
  session: Session,
  request: Apply,
  strays: readonly Stray[],
): readonly InstanceId[] {
  const { desired } = appliedBasis(session.basis, request);
  // Before it acts again: what it takes over is wanted.
  session.core.want(desired);
  return strays.flatMap((stray) => {
    const match = matchOf(stray, desired, session.core.observed);
    if (match === null) return [];
    const { id, pid, port } = stray;
    session.core.handle({ kind: "adopted", id, pid, port, ...match });
    return [id];
  });
}

interface Match {
  readonly applied: ServiceSpec;
  readonly generation: number;
  readonly upstream: Readonly<Record<string, number>>;
}

/** The revision that a stray was started from; the newest first. */
function matchOf(stray: Stray, desired: Desired, observed: Observed): Match | null {
  const name = stray.id.service;
  const service = observed.services.get(name);
  const spec = desired.services.get(name);
  const { generation } = intentOf(desired, name);
  const revisions = [
    ...(spec === undefined ? [] : [{ spec, generation }]),
    ...[service?.rollout?.to, service?.wanted, service?.good].filter((one) => one != null),
    ...(service?.instances ?? []).map((one) => ({
      spec: one.applied,
      generation: one.generation,
    })),
  ];
  const found = revisions.find((one) => digestOf(one.spec) === stray.digest);
  if (found === undefined) return null;
  // Of a dependency that the books do not know yet it is not known either what was followed: that replaces nobody.
  const epochs = Object.entries(found.spec.depends_on).flatMap(([other, { restart }]) => {
    const upstream = observed.services.get(other);
    return restart && upstream?.wanted != null ? [[other, upstream.epoch]] : [];
  });
  return {
    applied: found.spec,
    generation: found.generation,
    upstream: Object.fromEntries(epochs),
  };
}

/** Nothing runs; what was asked by hand before, by an earlier boot or under a key that is lost, still holds. */
export function beginning(remembered: Remembered | null): Recorded {
  const { intents, selected, profiles } = remembered ?? NOTHING;
  return {
    desired: { ...NOTHING, intents, selected, profiles },
    observed: EMPTY,
    project: null,
    ambient: null,
    owned: false,
    stamp: "",
    operations: [],
  };
}

/** The record, with runs numbered on from the folders that are there. */
export function numbered(recorded: Recorded, runs: string, now: Millis): Recorded {
  const fold = (observed: Observed, event: Event) => observe(observed, event, now);
  return { ...recorded, observed: runsSoFar(runs).reduce(fold, recorded.observed) };
}
