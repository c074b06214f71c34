import { unreachable } from "../assert.ts";
import { standing } from "./backoff.ts";
import { type Desired, intentOf, type OffReason } from "./desired.ts";
import { exitWords, retryOf } from "./exit.ts";
import {
  endedWords,
  instanceState,
  instanceWords,
  type State,
  stoppingWords,
  type Words,
} from "./instance-state.ts";
import { unmetDependency } from "./needs.ts";
import { type Instance, isLive, type Observed, type ObservedService } from "./observed.ts";
import { demandOf } from "./resting.ts";
import { failedSocket, failureWords, hasSockets, listensOn } from "./socket-words.ts";
import type { Millis, ServiceSpec } from "./spec.ts";
import { roundDuration } from "./units.ts";
import { unmetWords, type View, viewOf } from "./view.ts";

/** What a person wants to know of a service. Times are of the monotonic clock, or how long ago. */
export interface ServiceState {
  readonly state: State;
  /** `waits for redis`, `exit 1, retry 2 of 10 in 2s`, `1 of 3 replaced`; null: nothing to add. */
  readonly detail: string | null;
  readonly ready: number;
  readonly wanted: number;
  readonly restarts: number;
  /** Since when the oldest ready instance is up. */
  readonly since: Millis | null;
  readonly dueAt: Millis | null;
  readonly retryAt: Millis | null;
  readonly lastExit: {
    readonly instance: Instance;
    readonly words: string;
    readonly at: Millis;
  } | null;
  readonly instances: readonly InstanceState[];
}

/** One instance, for `ps` and `status`. */
export interface InstanceState {
  readonly instance: Instance;
  readonly state: State;
  /** Runs the wanted revision. */
  readonly current: boolean;
}

/** How a service is: one word, what to say beside it, and the numbers. */
export function serviceState(
  desired: Desired,
  observed: Observed,
  name: string,
  now: Millis,
): ServiceState {
  const view = viewOf(desired, observed, name, now);
  const { service, instances, count } = view;
  const ready = service.instances.filter((i) => i.phase.kind === "ready");
  const retries = instances.map(retryOf).filter((retry) => retry !== null);
  return {
    ...wordsOf(view),
    ready: Math.min(ready.length, count),
    wanted: count,
    restarts: service.restarts,
    since: earliest(ready.map((i) => (i.phase.kind === "ready" ? i.phase.since : now))),
    dueAt: service.due?.at ?? null,
    retryAt: earliest(retries.map((retry) => retry.until)),
    lastExit: lastExitOf(service),
    instances: service.instances.map((instance) => ({
      instance,
      state: instanceState(instance),
      current: view.current.includes(instance),
    })),
  };
}

function wordsOf(view: View): Words {
  const { off, spec, count, service, now } = view;
  const live = service.instances.filter(isLive);
  if (off !== null || spec === null || count === 0) {
    if (live.length > 0) return { state: "stopping", detail: stoppingWords(live, now) };
    return off === null ? scaledToNothing(view) : offWords(off, spec);
  }
  if (spec.kind === "task") return taskWords(view, spec);
  if (view.idle) return idleWords(view, spec);
  return (
    replacingWords(view) ??
    demandWords(view, spec) ??
    closedWords(view, spec) ??
    worstWords(view) ??
    waitingWords(view) ??
    helpWords(view) ??
    readyWords(view)
  );
}

/** Nobody has connected yet. */
function idleWords({ service, observed, now }: View, spec: ServiceSpec): Words {
  const live = service.instances.filter(isLive);
  if (live.length > 0) return { state: "stopping", detail: stoppingWords(live, now) };
  if (hasSockets(observed, spec)) return { state: "idle", detail: `listens on ${listensOn(spec)}` };
  return { state: "waiting", detail: socketWords(observed, spec) };
}

/** Somebody connected, and it did not come up. */
function demandWords({ observed }: View, spec: ServiceSpec): Words | null {
  const failed = demandOf(observed, spec)?.failed ?? null;
  if (failed === null) return null;
  return { state: "failed", detail: `${failed.reason}; ${listensOn(spec)} is closed` };
}

/** All of it was given up on, so that who connects is refused rather than left to hang. */
function closedWords(view: View, spec: ServiceSpec): Words | null {
  const worst = worstWords(view);
  if (worst?.state !== "failed" || spec.listen === null) return null;
  if (hasSockets(view.observed, spec)) return null;
  return { ...worst, detail: `${worst.detail}; ${listensOn(spec)} is closed` };
}

/** What procs runs for it is not as it should be. */
function helpWords({ desired, observed, help, now }: View): Words | null {
  if (help === null) return null;
  const { state, detail } = serviceState(desired, observed, help, now);
  switch (state) {
    case "crashed":
    case "failed":
    case "unready":
      return {
        state: "unready",
        detail: `its proxy ${HELP_WORDS[state]}: ${detail ?? "no answer"}`,
      };
    case "waiting":
      return { state, detail };
    case "starting":
    case "stopping":
      return { state: "starting", detail: "its proxy starts" };
    default:
      return null;
  }
}

const HELP_WORDS = { crashed: "crashed", failed: "gave up", unready: "is not ready" } as const;

function socketWords(observed: Observed, spec: ServiceSpec): string {
  const failed = failedSocket(observed, spec);
  return failed === null ? `opens ${listensOn(spec)}` : failureWords(failed);
}

function offWords(off: OffReason, spec: ServiceSpec | null): Words {
  switch (off) {
    case "disabled":
      return { state: "disabled", detail: "enabled: false" };
    case "profile":
      return { state: "disabled", detail: `profile ${spec?.profiles.join(", ")} not selected` };
    case "stopped":
      return { state: "stopped", detail: "stopped by hand" };
    case "unselected":
      return { state: "stopped", detail: "not selected" };
    case "removed":
    case "down":
      return { state: "stopped", detail: null };
    default:
      return unreachable(off);
  }
}

function scaledToNothing({ desired, name }: View): Words {
  const byHand = intentOf(desired, name).scale !== null;
  return { state: "stopped", detail: byHand ? "scaled to 0 by hand" : "instances: 0" };
}

function taskWords(view: View, spec: ServiceSpec): Words {
  const { service, instances, now } = view;
  const live = instances.find(isLive) ?? service.instances.find(isLive);
  if (live !== undefined) {
    const isOver = live.phase.kind === "stopping" || live.phase.kind === "ending";
    if (isOver) return { state: "stopping", detail: stoppingWords([live], now) };
    return { state: "starting", detail: `runs for ${roundDuration(now - live.startedAt)}` };
  }
  const next = nextRunWords(view);
  const ended = instances.at(-1);
  const result = ended === undefined ? null : endedWords(ended, now);
  if (result !== null)
    return { ...result, detail: [result.detail, next].filter(Boolean).join("; ") };
  if (spec.schedule !== null) return { state: "idle", detail: next };
  return waitingWords(view) ?? { state: "starting", detail: null };
}

function nextRunWords({ service, now }: View): string | null {
  const at = service.due?.at ?? null;
  return at === null ? null : `next run in ${roundDuration(Math.max(0, at - now))}`;
}

/** Old ones are on their way out, or new ones on their way in. */
function replacingWords(view: View): Words | null {
  const { service, current, count, instances, now } = view;
  const old = service.instances.some((i) => isLive(i) && !current.includes(i));
  const { rollout, rejected } = service;
  if (rejected?.paused === true)
    return { state: "reloading", detail: `paused: ${rejected.reason}` };
  if (rollout === null && !old) return null;
  const isUp = instances.filter((i) => i.phase.kind === "ready").length;
  if (rollout === null && isUp >= count) return null;
  const failed = instances.map((i) => endedWords(i, now)).find((words) => words !== null);
  if (rollout === null && failed !== undefined) return failed;
  const words = `${rollout?.replaced ?? isUp} of ${count} replaced`;
  const socket = view.spec === null ? null : failedSocket(view.observed, view.spec);
  const detail = socket === null ? words : `${words}; ${failureWords(socket)}`;
  return { state: "reloading", detail };
}

const WORST_FIRST: readonly State[] = ["failed", "crashed", "unready", "starting", "stopping"];

/** The worst of the instances; null: all that there are are well. */
function worstWords({ instances, count, now }: View): Words | null {
  const all = instances.map((instance) => instanceWords(instance, now));
  for (const state of WORST_FIRST) {
    const found = all.find((words) => words.state === state);
    if (found === undefined) continue;
    const many = all.filter((words) => words.state === state).length;
    if (count === 1 || many === count || found.detail === null) return found;
    return { state, detail: `${many} of ${count}: ${found.detail}` };
  }
  return null;
}

/** Not all that are wanted are there; null: they are. */
function waitingWords({ desired, observed, spec, instances, count }: View): Words | null {
  // A slot whose program ended as it should is not missing.
  const isFilled = (i: Instance) => isLive(i) || standing(i).kind === "done";
  const slots = new Set(instances.filter(isFilled).map((instance) => instance.slot));
  if (spec === null || slots.size >= count) return null;
  const unmet = unmetDependency(desired, observed, spec);
  if (unmet !== null) return { state: "waiting", detail: unmetWords(unmet) };
  const failed = failedSocket(observed, spec);
  if (failed === null) return { state: "starting", detail: null };
  return { state: "waiting", detail: failureWords(failed) };
}

function readyWords({ desired, service, name, spec, instances, now }: View): Words {
  const done = instances.map((i) => endedWords(i, now)).filter((words) => words !== null);
  const [first] = done;
  if (first !== undefined) {
    if (done.length === instances.length) return first;
    return { state: "ready", detail: `${done.length} of ${instances.length} done` };
  }
  const { rejected } = service;
  if (rejected !== null) return { state: "ready", detail: `rolled back: ${rejected.reason}` };
  const { scale } = intentOf(desired, name);
  const byHand = scale !== null && spec !== null && scale !== spec.instances;
  return { state: "ready", detail: byHand ? `scaled by hand to ${scale}` : null };
}

function lastExitOf(service: ObservedService): ServiceState["lastExit"] {
  let last: ServiceState["lastExit"] = null;
  for (const instance of service.instances) {
    const { phase } = instance;
    if (phase.kind !== "ended" || (last !== null && last.at >= phase.at)) continue;
    last = { instance, words: exitWords(phase.exit), at: phase.at };
  }
  return last;
}

function earliest(times: readonly Millis[]): Millis | null {
  return times.length === 0 ? null : Math.min(...times);
}
