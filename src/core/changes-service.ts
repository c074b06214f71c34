import { demandTransition } from "./changes-listen.ts";
import type { Told } from "./changes-run.ts";
import type { ObservedService } from "./observed.ts";
import type { Millis, WatchSettings } from "./spec.ts";
import { formatCommand, roundDuration } from "./units.ts";

interface ServiceLook {
  readonly now: Millis;
  /** How many instances are to run: by hand, or as the file says. */
  readonly count: number;
}

/** What changed of a service as a whole: its replacement, its watch, its schedule. */
export function serviceTransitions(
  name: string,
  was: ObservedService | undefined,
  is: ObservedService | undefined,
  look: ServiceLook,
): readonly Told[] {
  if (is === undefined) return [];
  const told = [
    rolloutTransition(name, was, is, look),
    watchTransition(name, was, is),
    dueTransition(name, was, is),
    demandTransition(name, was, is),
  ];
  return told.filter((transition) => transition !== null);
}

function rolloutTransition(
  name: string,
  was: ObservedService | undefined,
  is: ObservedService,
  { now, count }: ServiceLook,
): Told | null {
  const [from, to] = [was?.rollout ?? null, is.rollout];
  const about = { type: "rollout", service: name } as const;
  const state = "reloading";
  if (is.rejected !== null && is.rejected !== was?.rejected && was?.rejected == null) {
    const { reason, paused, instance } = is.rejected;
    const run = instance === null ? {} : { instance: instance.slot, run: instance.run };
    const words = paused ? "rollout failed, both versions stay" : "rolls back";
    return {
      ...about,
      message: `${name} ${words}: ${reason}`,
      ...(paused ? {} : { state }),
      ...run,
    };
  }
  if (to !== null && from?.since !== to.since) {
    const begun = { replaced: to.replaced, instances: count };
    return { ...about, message: `${name} is being replaced`, state, ...begun };
  }
  if (from !== null && to !== null && from.replaced !== to.replaced) {
    const message = `${name} ${to.replaced} of ${count} replaced`;
    return { ...about, message, state, replaced: to.replaced, instances: count };
  }
  if (from !== null && to === null && is.good !== was?.good) {
    const elapsed = now - from.since;
    const message = `${name} replaced in ${roundDuration(elapsed)}`;
    return {
      ...about,
      message,
      elapsed_ms: Math.round(elapsed),
      ...{ replaced: count, instances: count },
    };
  }
  return null;
}

function watchTransition(
  name: string,
  was: ObservedService | undefined,
  is: ObservedService,
): Told | null {
  const watch = is.wanted?.spec.watch ?? null;
  const change = was?.change ?? null;
  if (watch === null || is.watched === was?.watched) return null;
  // The change may have come and gone between two looks: a command that ran and has ended tells of itself.
  const ran = change?.ran ?? (was?.watched.running === true && !is.watched.running);
  const paths = ran ? "its watch command succeeded" : changedWords(change);
  const about = { type: "watch", service: name } as const;
  if (is.watched.paused && was?.watched.paused !== true) {
    const message = `${name} changes what it watches itself (${paths}); no longer watched: see watch.ignore`;
    return { ...about, message };
  }
  if (is.watched.times === was?.watched.times) return null;
  return {
    ...about,
    message: `${name}: ${paths}, ${effectWords(watch.action, ran)}`,
  };
}

function changedWords(change: ObservedService["change"]): string {
  if (change === null || change.paths.length === 0) return "files changed";
  const [first] = change.paths;
  return change.count > 1 ? `${first} and ${change.count - 1} more changed` : `${first} changed`;
}

function effectWords(action: WatchSettings["action"], ran: boolean): string {
  if (action.kind === "signal") return `sent ${action.signal}`;
  if (action.kind === "run" && !ran) return `running ${formatCommand(action.command)}`;
  return "restarting";
}

function dueTransition(
  name: string,
  was: ObservedService | undefined,
  is: ObservedService,
): Told | null {
  if (!is.pending || was?.pending === true) return null;
  return { type: "schedule", service: name, message: `${name} is due` };
}
