import { type Desired, offReason } from "./desired.ts";
import type { Draft } from "./draft.ts";
import { exitAfterWords } from "./exit.ts";
import { unmetDependency } from "./needs.ts";
import {
  type Demand,
  type Instance,
  isLive,
  type Observed,
  type ObservedService,
} from "./observed.ts";
import { demandOf, doorOf, overKind } from "./resting.ts";
import { targetOf } from "./revision.ts";
import { currentInstances, isActive, type Scene } from "./scene.ts";
import { hasSockets, startsOnDemand } from "./socket-words.ts";
import { WAKES_MS } from "./sockets.ts";
import type { Millis, ServiceSpec } from "./spec.ts";
import { formatDuration } from "./units.ts";

/** Woken more often than this within `WAKES_MS`, a service takes nothing of what it is woken for. */
const WAKES_MAX = 200;

/** A service that starts on demand goes back to rest when it is idle, and is closed when it does not come up. */
export function followDemand(draft: Draft, scene: Scene): void {
  const { spec } = scene.target;
  const demand = demandOf(scene.observed, spec);
  if (!startsOnDemand(spec) || demand === null || demand.failed !== null) return;
  const end = endOf(draft, scene, demand) ?? idleEnd(draft, scene, demand);
  if (end === null) return;
  const { effect, reason, instance } = end;
  draft.do({ kind: "demand", service: doorOf(spec), effect, reason, instance });
}

/** The services that are to be told of a first connection: all bound, none asked for, nothing left of the last time. */
export function restingSpecs(desired: Desired, observed: Observed): readonly ServiceSpec[] {
  return onDemand(desired, observed).flatMap(({ spec, service }) => {
    const rests = service.demand === null && !service.instances.some(isLive);
    return rests && hasSockets(observed, spec) ? [spec] : [];
  });
}

/** The services whose connections are to be counted: they run on demand, and rest when they have been idle. */
export function countedSpecs(desired: Desired, observed: Observed): readonly ServiceSpec[] {
  return onDemand(desired, observed).flatMap(({ spec, service }) =>
    restsWhenIdle(spec) && service.demand?.failed === null && service.instances.some(isLive)
      ? [spec]
      : [],
  );
}

/** An inetd program knows itself when it has nothing to do: it ends. */
function restsWhenIdle({ listen }: ServiceSpec): boolean {
  return listen !== null && listen.idle_stop !== null && listen.mode === "share";
}

interface OnDemand {
  readonly spec: ServiceSpec;
  readonly service: ObservedService;
}

/** Those that start on demand, with sockets of their own. */
function onDemand(desired: Desired, observed: Observed): readonly OnDemand[] {
  const found: OnDemand[] = [];
  for (const [name, service] of observed.services) {
    const asked = desired.services.get(name)?.listen?.start === "on-demand";
    if (!asked && !startsOnDemand(service.good?.spec ?? null)) continue;
    if (offReason(desired, name) !== null) continue;
    const spec = targetOf(desired, service, name)?.spec ?? null;
    if (spec === null || !startsOnDemand(spec) || spec.listen?.mode === "proxy") continue;
    found.push({ spec, service });
  }
  return found;
}

interface End {
  readonly effect: "rest" | "fail";
  readonly reason: string;
  readonly instance: { readonly slot: number; readonly run: number } | null;
}

/** All that was started has come to its end, or does not come up; null: it goes on. */
function endOf(draft: Draft, scene: Scene, demand: Demand): End | null {
  const { count, service, now } = scene;
  const current = currentInstances(scene);
  const slots = Array.from({ length: count }, (_, index) => index + 1);
  const kinds = slots.map((slot) => overKind(current, slot));
  if (count > 0 && !kinds.includes(null)) return overEnd(scene, current, kinds.includes("done"));
  if (service.instances.some((i) => i.phase.kind === "ready" || i.phase.kind === "unready")) {
    return null;
  }
  const limit = scene.target.spec.ready?.timeout ?? scene.target.spec.rollout.progress;
  const running = current.find((i) => i.phase.kind === "running");
  const since = running?.ready.since ?? demand.since;
  if (now < since + limit) {
    draft.wake(since + limit);
    return null;
  }
  if (running === undefined) return unstartedEnd(scene, current, limit);
  const detail = running.ready.last === null ? "" : `: ${running.ready.last.detail}`;
  const { slot, run } = running;
  const reason = `not ready after ${formatDuration(limit)}${detail}`;
  return { effect: "fail", reason, instance: { slot, run } };
}

/** A program that ends as it should was idle: unless it does so again and again without taking a connection. */
function overEnd({ service, now }: Scene, current: readonly Instance[], isDone: boolean): End {
  const last = current.findLast((i) => i.phase.kind === "ended");
  const words = last?.phase.kind === "ended" ? exitAfterWords(last, last.phase) : "ended";
  const instance = last === undefined ? null : { slot: last.slot, run: last.run };
  const wakes = service.wakes ?? { since: now, count: 0 };
  if (!isDone) return { effect: "fail", reason: words, instance };
  if (wakes.count <= WAKES_MAX)
    return { effect: "rest", reason: "ended by itself", instance: null };
  const reason = `woken ${wakes.count} times in ${formatDuration(WAKES_MS)}: ${words}`;
  return { effect: "fail", reason, instance };
}

/** Nobody may start, and those who connected have waited long enough. What is tried again goes by its budget. */
function unstartedEnd(scene: Scene, current: readonly Instance[], limit: Millis): End | null {
  if (current.length > 0) return null;
  const unmet = unmetDependency(scene.desired, scene.observed, scene.target.spec);
  if (unmet === null) return null;
  const reason = `not started after ${formatDuration(limit)}: ${unmet.detail}`;
  return { effect: "fail", reason, instance: null };
}

/** Nobody is connected, for long enough, and all of it is up; null: not now. */
function idleEnd(draft: Draft, scene: Scene, { idleSince }: Demand): End | null {
  const { service, now } = scene;
  const { spec } = scene.target;
  const stop = spec.listen?.idle_stop ?? null;
  if (!restsWhenIdle(spec) || stop === null || idleSince === null) return null;
  if (service.rollout !== null) return null;
  const active = service.instances.filter(isActive);
  const readyAt = active.map(({ phase }) => (phase.kind === "ready" ? phase.since : null));
  if (active.length === 0 || readyAt.includes(null)) return null;
  const at = Math.max(idleSince, ...readyAt.filter((one) => one !== null)) + stop;
  if (now < at) {
    draft.wake(at);
    return null;
  }
  const reason = `idle: no connection for ${formatDuration(stop)}`;
  return { effect: "rest", reason, instance: null };
}
