import { unreachable } from "../assert.ts";
import { standing } from "./backoff.ts";
import { type Desired, intentOf, type OffReason } from "./desired.ts";
import { crashesWords, exitAfterWords, retryOf, retryWords } from "./exit.ts";
import { idleLine, listenLines } from "./explain-listen.ts";
import { withoutHelpers } from "./helpers.ts";
import { instanceWords, type State } from "./instance-state.ts";
import { unmetDependency } from "./needs.ts";
import { type Instance, instanceName, isLive, type Observed } from "./observed.ts";
import { dependentsOf } from "./order.ts";
import type { Millis, ServiceSpec } from "./spec.ts";
import { serviceState } from "./status.ts";
import { agoWords, formatDuration, roundDuration } from "./units.ts";
import { type View, viewOf } from "./view.ts";

/** Why a service runs or does not, in sentences, the most important one first. */
export function explain(
  desired: Desired,
  observed: Observed,
  name: string,
  now: Millis,
): readonly string[] {
  const view = viewOf(desired, observed, name, now);
  const { off, spec, count } = view;
  if (off !== null || spec === null)
    return [...offLines(view, off ?? "removed"), ...leavingLines(view)];
  if (count === 0) return [...scaledLines(view, spec), ...leavingLines(view)];
  return [
    idleLine(view) ?? summaryLine(view),
    ...blockedLines(view, spec),
    ...listenLines(view),
    ...helpLines(view),
    ...rolloutLines(view),
    ...view.instances.flatMap((instance) => instanceLines(instance, now)),
    ...leavingLines(view),
    ...handLines(view, spec),
    ...neighbourLines(view, spec),
  ];
}

/** What its proxy does, where that is not just running. */
function helpLines({ desired, observed, help, now }: View): string[] {
  if (help === null) return [];
  const { state, detail } = serviceState(desired, observed, help, now);
  if (state === "ready" || state === "idle") return [];
  const why = detail === null ? "" : `: ${detail}`;
  return [
    `Its proxy ${phrase(state, desired.services.get(help) ?? null)}${why} (procs logs ${help}).`,
  ];
}

function summaryLine({ desired, observed, name, now, spec }: View): string {
  const state = serviceState(desired, observed, name, now);
  const beside = state.detail === null ? "" : ` (${state.detail})`;
  const count = spec?.kind === "task" ? "" : `: ${state.ready} of ${state.wanted} ready`;
  return `${name} ${phrase(state.state, spec)}${beside}${count}.`;
}

/** A state as the rest of a sentence. */
function phrase(state: State, spec: ServiceSpec | null): string {
  const isTask = spec?.kind === "task";
  switch (state) {
    case "unready":
      return "is not ready";
    case "failed":
      return isTask ? "failed" : "was given up";
    case "crashed":
      return "crashed and is tried again";
    case "idle":
      return "waits for its time";
    case "starting":
      return isTask ? "is running" : "is starting";
    case "waiting":
    case "ready":
    case "reloading":
    case "stopping":
    case "stopped":
    case "done":
    case "disabled":
      return `is ${state}`;
    default:
      return unreachable(state);
  }
}

function offLines({ name, spec }: View, off: OffReason): string[] {
  switch (off) {
    case "removed":
      return [`${name} does not run: procs.yaml has no such service.`];
    case "down":
      return [`${name} does not run: the project is going down.`];
    case "disabled":
      return [`${name} does not run: procs.yaml says enabled: false.`];
    case "profile": {
      const [first, ...more] = spec?.profiles ?? [];
      const which = more.length === 0 ? `profile ${first}` : "none of its profiles";
      const isNot = more.length === 0 ? "is not" : `(${[first, ...more].join(", ")}) is`;
      return [
        `${name} does not run: ${which} ${isNot} selected. procs up --profile ${first} selects it.`,
      ];
    }
    case "unselected":
      return [`${name} does not run: procs up was given other services. procs up ${name} adds it.`];
    case "stopped":
      return [
        `${name} does not run: it was stopped by hand, and stays so across reloads.`,
        `procs start ${name} ends that.`,
      ];
    default:
      return unreachable(off);
  }
}

function scaledLines({ desired, name }: View, spec: ServiceSpec): string[] {
  const byHand = intentOf(desired, name).scale !== null;
  return byHand
    ? [`${name} does not run: it was scaled to 0 by hand; procs.yaml says ${spec.instances}.`]
    : [`${name} does not run: procs.yaml says instances: 0.`];
}

/** The chain of what it waits for, down to the first cause. */
function blockedLines(view: View, spec: ServiceSpec): string[] {
  const { desired, observed, instances, count, now } = view;
  if (instances.filter(isLive).length >= count || instances.some(isOver)) return [];
  const lines: string[] = [];
  const seen = new Set<string>();
  for (let at: ServiceSpec | undefined = spec; at !== undefined && !seen.has(at.name); ) {
    seen.add(at.name);
    const unmet = unmetDependency(desired, observed, at);
    if (unmet === null) break;
    const condition = at.depends_on[unmet.on]?.condition ?? "ready";
    const other = serviceState(desired, observed, unmet.on, now);
    const detail = other.detail === null ? "" : `: ${other.detail}`;
    const is = phrase(other.state, desired.services.get(unmet.on) ?? null);
    lines.push(`${at.name} waits until ${unmet.on} is ${condition}; ${unmet.on} ${is}${detail}.`);
    at = desired.services.get(unmet.on);
  }
  return lines;
}

function isOver(instance: Instance): boolean {
  const { kind } = standing(instance);
  return kind === "done" || kind === "gave-up" || kind === "backoff";
}

function rolloutLines({ service, name, count, now }: View): string[] {
  const { rollout, rejected } = service;
  if (rollout !== null) {
    const since = agoWords(now - rollout.since);
    return [`Its replacement began ${since}: ${rollout.replaced} of ${count} done.`];
  }
  if (rejected === null) return [];
  const ago = agoWords(now - rejected.at);
  const after = rejected.paused
    ? "Both versions stay as they are (rollout.on_failure: pause)."
    : "It went back to the version before.";
  return [
    `What procs.yaml says now failed its rollout ${ago}: ${rejected.reason}. ${after}`,
    `It is tried again when procs.yaml changes, or by: procs restart ${name}.`,
  ];
}

function instanceLines(instance: Instance, now: Millis): string[] {
  const { phase, applied, ready } = instance;
  const who = `${instanceName(instance)} (run ${instance.run})`;
  switch (phase.kind) {
    case "starting":
      return [`${who} is being started.`];
    case "running": {
      const since = roundDuration(now - instance.startedAt);
      if (applied.kind === "task") return [`${who} has run for ${since}, pid ${phase.pid}.`];
      const last = ready.last === null ? "" : `: ${ready.last.detail}`;
      const tries = ready.tries > 1 ? ` after ${ready.tries} tries` : "";
      return [`${who} has run for ${since}, pid ${phase.pid}, not ready yet${tries}${last}.`];
    }
    case "ready":
      return [`${who} has been ready for ${roundDuration(now - phase.since)}, pid ${phase.pid}.`];
    case "unready":
      return [
        `${who} runs, pid ${phase.pid}, but its probe fails: ${ready.last?.detail ?? "no answer"}.`,
      ];
    case "stopping":
      return [`${who} is being stopped: ${phase.reason} (${instanceWords(instance, now).detail}).`];
    case "ending":
      return [
        `${who} ended (${exitAfterWords(instance, phase)}) and left processes behind, which are stopped.`,
      ];
    case "ended":
      return endedLines(instance, who, now);
    default:
      return unreachable(phase);
  }
}

function endedLines(instance: Instance, who: string, now: Millis): string[] {
  const { phase, applied, service } = instance;
  if (phase.kind !== "ended") return [];
  const words = exitAfterWords(instance, phase);
  const ago = agoWords(now - phase.at);
  const { policy, max, window } = applied.restart;
  switch (standing(instance).kind) {
    case "stopped":
      return [`${who} was stopped ${ago}.`];
    case "done":
      return [`${who} ended as it should ${ago}: ${words}.`];
    case "backoff": {
      const retry = retryOf(instance);
      return [
        `${who} ended ${ago}: ${words}${retry === null ? "" : `, ${retryWords(retry, now)}`}.`,
      ];
    }
    case "gave-up": {
      const limit = `${max} exits in ${formatDuration(window)} are the limit (restart.max, restart.window)`;
      const why =
        policy === "never"
          ? "it is not restarted (restart: never)"
          : `after ${crashesWords(instance)} procs gave up: ${limit}`;
      return [`${who} ended ${ago}: ${words}; ${why}. procs start ${service} tries again.`];
    }
  }
}

/** What still runs and is to go. */
function leavingLines({ service, instances, now }: View): string[] {
  const left = service.instances.filter((i) => isLive(i) && !instances.includes(i));
  return left.flatMap((instance) => instanceLines(instance, now));
}

function handLines({ desired, name, service }: View, spec: ServiceSpec): string[] {
  const { scale, generation, reason } = intentOf(desired, name);
  const lines: string[] = [];
  if (scale !== null && scale !== spec.instances) {
    lines.push(`It was scaled to ${scale} by hand; procs.yaml says ${spec.instances}.`);
  }
  if (generation > 0 && reason !== "") lines.push(`It was last restarted because: ${reason}.`);
  if (service.watched.paused) {
    lines.push("Watching is paused: it changes the files that it watches itself.");
  }
  return lines;
}

function neighbourLines({ desired, name }: View, spec: ServiceSpec): string[] {
  const needs = Object.entries(spec.depends_on).map(
    ([on, { condition }]) => `${on} (${condition})`,
  );
  const neededBy = dependentsOf(withoutHelpers(desired.services), name);
  const lines: string[] = [];
  if (needs.length > 0) lines.push(`It starts after ${needs.join(", ")}.`);
  if (neededBy.length > 0) lines.push(`It is needed by ${neededBy.join(", ")}.`);
  return lines;
}
