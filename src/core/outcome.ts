import { unreachable } from "../assert.ts";
import { addressText } from "./address.ts";
import { standing } from "./backoff.ts";
import type { Desired } from "./desired.ts";
import { sameSpec } from "./diff.ts";
import { crashesWords, exitAfterWords, retryOf, retryWords } from "./exit.ts";
import { helperName } from "./helpers.ts";
import { lastingWords } from "./hunted.ts";
import { instanceWords, stoppingWords } from "./instance-state.ts";
import { unmetDependency } from "./needs.ts";
import { type Instance, instanceName, isLive, type Observed } from "./observed.ts";
import { demandOf } from "./resting.ts";
import { rejectionOf } from "./revision.ts";
import { isAvailable } from "./scene.ts";
import { failedSocket, failureWords, hasSockets, listensOn } from "./socket-words.ts";
import type { Millis, ServiceSpec } from "./spec.ts";
import { roundDuration, timesWords } from "./units.ts";
import { unmetWords, type View, viewOf } from "./view.ts";

/** How far a service is from what is asked of it: what `up`, `reload`, `wait` and the others return on. */
export interface Verdict {
  readonly kind: "pending" | "ok" | "failed";
  readonly outcome: Outcome;
  /** `exit 1 after 0.4s, retry 2 of 10 in 2s`; one line, for people; null: nothing to add. */
  readonly detail: string | null;
  /** The run whose last lines show why it failed. */
  readonly instance: { readonly slot: number; readonly run: number } | null;
  /** Its proxy, where that is what failed: the instance is one of its. */
  readonly help?: string;
}

/** What became of a service, in the words of results and events. */
export type Outcome =
  | "ready"
  | "done"
  | "stopped"
  /** Something of it cannot be ended. */
  | "lasting"
  | "removed"
  | "waiting"
  | "crashed"
  | "failed"
  | "unready"
  | "rolled_back"
  | "pending";

/**
 * ok: at its target, all instances ready, nothing old left; a task: done; off: all gone. failed: it gave up,
 * crashed before it was ready, is not ready in time, was rolled back, or needs something that failed.
 * A failed one may still come right by itself: the caller decides how long to hope.
 */
export function verdict(desired: Desired, observed: Observed, name: string, now: Millis): Verdict {
  const view = viewOf(desired, observed, name, now);
  const { off, spec, count } = view;
  if (off !== null || spec === null || count === 0) {
    return lastingVerdict(view) ?? verdictOfLeaving(view);
  }
  return (
    lastingVerdict(view) ??
    rolloutVerdict(view) ??
    (spec.kind === "task" ? taskVerdict(view, spec) : null) ??
    demandVerdict(view, spec) ??
    failureVerdict(view) ??
    blockedVerdict(view, spec) ??
    helpVerdict(view) ??
    convergedVerdict(view, spec)
  );
}

/** It is up as long as procs listens for it; null: it is to run, as somebody has connected or it need not be asked for. */
function demandVerdict(view: View, spec: ServiceSpec): Verdict | null {
  const { idle, service, observed, now } = view;
  const failed = demandOf(observed, spec)?.failed ?? null;
  if (failed !== null) {
    const { reason, instance } = failed;
    return { kind: "failed", outcome: "failed", detail: reason, instance };
  }
  if (!idle) return null;
  const live = service.instances.filter(isLive);
  if (live.length > 0) return pending(stoppingWords(live, now) ?? "stops");
  if (!hasSockets(observed, spec)) return socketVerdict(view, spec) ?? pending("opens its sockets");
  return helpVerdict(view) ?? ok("waiting", `listens on ${listensOn(spec)}`);
}

/** Somebody else has what it is to listen on; null: nobody has. */
function socketVerdict({ observed }: View, spec: ServiceSpec): Verdict | null {
  const failed = failedSocket(observed, spec);
  if (failed === null) return null;
  return { kind: "failed", outcome: "waiting", detail: failureWords(failed), instance: null };
}

/** Nobody reaches a service whose proxy is not up; null: it is, or there is none. */
function helpVerdict({ desired, observed, help, now }: View): Verdict | null {
  if (help === null) return null;
  const found = verdict(desired, observed, help, now);
  if (found.kind === "ok") return null;
  if (found.kind === "pending") return pending(`its proxy: ${found.detail ?? "starts"}`);
  return { ...found, detail: `its proxy: ${found.detail ?? found.outcome}`, help };
}

/** What became of a service's instances since `before`, for one that is at its target now. */
export function changeSince(
  before: Observed,
  after: Observed,
  name: string,
): "started" | "replaced" | "scaled" | "updated" | "unchanged" {
  const old = before.services.get(name)?.instances.filter(isLive) ?? [];
  const now = after.services.get(name)?.instances.filter(isLive) ?? [];
  if (old.length === 0) return now.length === 0 ? "unchanged" : "started";
  const kept = now.filter((i) => old.some((o) => o.slot === i.slot && o.run === i.run));
  const slots = new Set(old.map((instance) => instance.slot));
  if (now.some((i) => slots.has(i.slot) && !kept.includes(i))) return "replaced";
  if (now.length !== old.length) return "scaled";
  const isSame = (i: Instance) =>
    old.some((o) => o.slot === i.slot && o.run === i.run && sameSpec(o.applied, i.applied));
  return kept.every(isSame) ? "unchanged" : "updated";
}

/** Something of it cannot be ended. It is tried on, but nobody should wait for that. */
function lastingVerdict({ service }: View): Verdict | null {
  const lasting = service.instances.find((i) => isLive(i) && i.hunted?.lasting === true);
  if (lasting === undefined) return null;
  return { kind: "failed", outcome: "lasting", detail: lastingWords(lasting), instance: null };
}

function verdictOfLeaving({ off, service, observed, name, now }: View): Verdict {
  const live = service.instances.filter(isLive);
  if (live.length > 0) return pending(stoppingWords(live, now) ?? "stops");
  // Who frees a port wants to use it.
  const owners = [name, helperName(name)];
  const open = Object.values(observed.sockets).find(
    (socket) => owners.includes(socket.service) && socket.phase !== "failed",
  );
  if (open !== undefined) return pending(`closes ${addressText(open.address)}`);
  return ok(off === "removed" ? "removed" : "stopped", null);
}

/** A replacement under way, or one that failed; null: neither. */
function rolloutVerdict({
  observed,
  service,
  desired,
  name,
  target,
  count,
  instances,
  now,
}: View): Verdict | null {
  const { rollout } = service;
  if (rollout !== null) {
    const socket = target === null ? null : failedSocket(observed, target.spec);
    const why = socket === null ? "" : `; ${failureWords(socket)}`;
    return pending(`${rollout.replaced} of ${count} replaced${why}`);
  }
  const rejection = rejectionOf(desired, service, name);
  if (rejection === null) return null;
  const { reason, instance, paused } = rejection;
  if (paused) return { kind: "failed", outcome: "failed", detail: reason, instance };
  if (target === null) return null;
  const isBack = (i: Instance) => isAvailable(i, target, now) && sameSpec(i.applied, target.spec);
  const old = service.instances.some((i) => isLive(i) && !instances.includes(i));
  if (instances.filter(isBack).length < count || old) {
    const isLost = instances.some((i) => standing(i).kind === "gave-up");
    if (!isLost) return pending(`rolling back: ${reason}`);
  }
  return { kind: "failed", outcome: "rolled_back", detail: reason, instance };
}

function taskVerdict(view: View, spec: ServiceSpec): Verdict | null {
  const { service, instances, now } = view;
  if (spec.schedule !== null && !service.pending) {
    const running = service.instances.find(isLive);
    if (running !== undefined) return ok("waiting", "runs now");
    const at = service.due?.at ?? null;
    return ok(
      "waiting",
      at === null ? null : `next run in ${roundDuration(Math.max(0, at - now))}`,
    );
  }
  const ended = instances.find((i) => standing(i).kind === "done");
  if (ended?.phase.kind === "ended") {
    return ok("done", `done in ${roundDuration(ended.phase.at - ended.startedAt)}`);
  }
  return null;
}

/** The first instance that is lost, ended before it was ready, or is late; null: none. */
function failureVerdict({ instances, count, now }: View): Verdict | null {
  for (const instance of instances) {
    const who = count > 1 ? `${instanceName(instance)}: ` : "";
    const failure = failureOf(instance, now);
    if (failure !== null) return { ...failure, detail: `${who}${failure.detail}` };
  }
  return null;
}

function failureOf(instance: Instance, now: Millis): Verdict | null {
  const { phase, applied, ready, slot } = instance;
  const fail = (outcome: Outcome, detail: string, run = instance.run): Verdict => {
    return { kind: "failed", outcome, detail, instance: { slot, run } };
  };
  switch (phase.kind) {
    case "ended": {
      const words = exitAfterWords(instance, phase);
      if (standing(instance).kind === "gave-up") {
        const isOnce = instance.exits.length <= 1;
        return fail("failed", isOnce ? words : `gave up after ${crashesWords(instance)}: ${words}`);
      }
      const retry = retryOf(instance);
      return retry === null ? null : fail("crashed", `${words}, ${retryWords(retry, now)}`);
    }
    case "unready":
      return fail("unready", `not ready: ${ready.last?.detail ?? "no answer"}`);
    case "starting":
    case "running": {
      const isLate = applied.ready !== null && now - ready.since >= applied.ready.timeout;
      if (phase.kind === "running" && isLate) {
        return fail("unready", instanceWords(instance, now).detail ?? "not ready");
      }
      if (instance.failures === 0) return null;
      const times = timesWords(instance.failures);
      return fail("crashed", `crashed ${times}, run ${instance.run} starts`, instance.run - 1);
    }
    case "ready":
    case "stopping":
    case "ending":
      return null;
    default:
      return unreachable(phase);
  }
}

/** Something is missing and cannot start; null: nothing is missing. */
function blockedVerdict(view: View, spec: ServiceSpec): Verdict | null {
  const { desired, observed, instances, count } = view;
  const slots = new Set(instances.map((instance) => instance.slot));
  if (slots.size >= count) return null;
  const unmet = unmetDependency(desired, observed, spec);
  if (unmet === null) return socketVerdict(view, spec) ?? pending("starting");
  if (!unmet.stuck) return pending(unmetWords(unmet));
  return { kind: "failed", outcome: "failed", detail: unmetWords(unmet), instance: null };
}

function convergedVerdict(view: View, spec: ServiceSpec): Verdict {
  const { service, target, instances, count, now } = view;
  const old = service.instances.filter((i) => isLive(i) && !instances.includes(i));
  if (old.length > 0) return pending(stoppingWords(old, now) ?? `${old.length} to be replaced`);
  // A service may end by itself where its policy lets it: `restart: on-failure`.
  const isOver = (i: Instance) => standing(i).kind === "done";
  const isUp = (i: Instance) =>
    target !== null && isAvailable(i, target, now) && sameSpec(i.applied, target.spec);
  const [up, over] = [instances.filter(isUp).length, instances.filter(isOver).length];
  if (up + over < count) {
    if (spec.kind === "task") return pending("runs");
    return pending(count === 1 ? "starting" : `${up} of ${count} ready`);
  }
  return over === count ? ok("done", null) : ok("ready", null);
}

function pending(detail: string): Verdict {
  return { kind: "pending", outcome: "pending", detail, instance: null };
}

function ok(outcome: Outcome, detail: string | null): Verdict {
  return { kind: "ok", outcome, detail, instance: null };
}
