import { addressText } from "../../../src/core/address.ts";
import { standing } from "../../../src/core/backoff.ts";
import { decide } from "../../../src/core/decide.ts";
import { type Desired, offReason } from "../../../src/core/desired.ts";
import { type Instance, isLive, type Observed, sameId } from "../../../src/core/observed.ts";
import { formatPlan } from "../../../src/core/plan.ts";
import type { Millis } from "../../../src/core/spec.ts";
import type { Checker, Sight } from "../checker.ts";
import {
  aimOf,
  hasSockets,
  isActive,
  isOut,
  isSameProgram,
  isUpToDate,
  nameOf,
  stable,
  wantedCount,
} from "../oracle.ts";
import { ownOf } from "../places.ts";
import { load, save } from "../snapshot.ts";

/* What must be true whenever the supervisor has gone to sleep. */

/** P4: having acted, there is nothing left to do. */
const settled: Checker = {
  name: "settled",
  settled: ({ desired, observed, now }) => {
    const plan = decide(desired, observed, now);
    return plan.actions.length === 0 ? null : formatPlan(plan, now);
  },
};

/** The alarm rings at or before every deadline, and later than now. */
const noOversleeping: Checker = {
  name: "nobody oversleeps",
  settled: (sight) => {
    const { alarm, now } = sight;
    if (alarm !== null && alarm <= now) return `the alarm is set to ${now - alarm} ms ago`;
    for (const [due, what] of deadlines(sight)) {
      if (alarm === null || alarm > due) return `${what} is due in ${due - now} ms, alarm ${alarm}`;
    }
    return null;
  },
};

function* deadlines(sight: Sight): Generator<readonly [Millis, string]> {
  for (const [text, { phase, retryAt, service }] of Object.entries(sight.observed.sockets)) {
    const aim = aimOf(sight, service);
    const isAsked = offReason(sight.desired, service) === null && !isOut(sight, service);
    const isAimed = aim !== null && ownOf(aim).some((one) => addressText(one) === text);
    if (phase === "failed" && retryAt !== null && isAsked && isAimed && retryAt > sight.now)
      yield [retryAt, `the next try of ${text}`];
  }
  for (const [service, { instances, due, change, watched }] of sight.observed.services) {
    if (offReason(sight.desired, service) === null) {
      if (due !== null && due.at !== null) yield [due.at, `the schedule of ${service}`];
      const isWatching = aimOf(sight, service)?.watch && !watched.running;
      if (change !== null && isWatching) yield [change.quietAt, `the watch of ${service}`];
    }
    for (const instance of instances) {
      const { phase } = instance;
      const name = nameOf(instance);
      const until = retryAt(sight, instance);
      if (until !== null) yield [until, `the retry of ${name}`];
      if (phase.kind === "stopping" || phase.kind === "ending") {
        yield [phase.killAt, `the kill of ${name}`];
      }
      if (phase.kind === "ready" || phase.kind === "unready" || phase.kind === "running") {
        for (const probe of ["ready", "alive"] as const) {
          const { nextAt, busy } = instance[probe];
          if (nextAt !== null && !busy) yield [nextAt, `${probe} probe of ${name}`];
        }
      }
      const isUnprobed = instance.applied.ready === null && instance.applied.kind === "service";
      if (phase.kind === "running" && isUnprobed) {
        yield [instance.startedAt + 1_000, `promotion of ${name}`];
      }
    }
  }
}

/** When an instance that failed is to be started again, unless something else keeps it from that. */
function retryAt(sight: Sight, instance: Instance): Millis | null {
  const state = standing(instance);
  const aim = aimOf(sight, instance.service);
  if (state.kind !== "backoff" || aim === null || !isUpToDate(sight, instance)) return null;
  if (instance.slot > wantedCount(sight, instance.service) || aim.schedule !== null) return null;
  const mayWait = Object.keys(aim.depends_on).length > 0 || !hasSockets(sight, aim);
  return mayWait || state.until <= sight.now ? null : state.until;
}

/** What the supervisor believes and what is: no process without an instance, no instance without a process. */
const inTouch: Checker = {
  name: "in touch with the machine",
  settled: ({ observed, host }) => {
    const instances = [...observed.services.values()].flatMap((service) => service.instances);
    for (const run of host.live) {
      const known = instances.find((i) => sameId(i, run.id));
      if (known === undefined || !isLive(known)) return `${nameOf(run.id)} lives unknown`;
      if (known.phase.kind === "stopping" && run.stop === null) {
        return `${nameOf(run.id)} is thought to be stopping, but was never asked`;
      }
    }
    for (const instance of instances.filter(isLive)) {
      const run = host.find(instance);
      if (run === undefined) return `${nameOf(instance)} never was`;
      if (run.told.gone) return `${nameOf(instance)} is thought to live, but was told to be gone`;
    }
    return null;
  },
};

/** A stop that was asked for is never counted as a failure; an unasked end is. */
const fairCounts: Checker = {
  name: "asked stops are no failures",
  settled: ({ observed, host, lostAt }) => {
    // Where the record of a stop is lost, nobody knows that the end was asked for.
    if (lostAt > 0) return null;
    const instances = [...observed.services.values()].flatMap((service) => service.instances);
    for (const instance of instances) {
      const unasked = host.runs.filter((run) => run.id.slot === instance.slot && isFailure(run));
      const { exits, failures } = instance;
      const stray = exits.find((at) => !unasked.some((run) => run.told.goneAt === at));
      if (stray !== undefined)
        return `${nameOf(instance)} counts an exit at ${stray} that was asked`;
      if (failures > unasked.length) return `${nameOf(instance)} counts ${failures} failures`;
    }
    return null;
  },
};

/** Ended by itself, or by procs because its alive probe failed. */
function isFailure(run: Sight["host"]["runs"][number]): boolean {
  return !run.wasAsked || run.failedAlive;
}

/** The books are in order: sorted, each run once, one active run of one revision a slot. */
const tidyBooks: Checker = {
  name: "tidy books",
  settled: (sight) => {
    const { observed, desired, lostAt } = sight;
    for (const [name, { instances }] of observed.services) {
      for (const [index, instance] of instances.entries()) {
        const next = instances[index + 1];
        if (instance.service !== name) return `${nameOf(instance)} is among those of ${name}`;
        if (next !== undefined && !isBefore(instance, next)) return `${nameOf(next)} is misplaced`;
      }
      // A rename in the middle of a replacement brings both runs of a slot along.
      if (desired.services.get(name)?.was) continue;
      // So does a lost record; nothing old is ended before the new one has its sockets.
      const aim = aimOf(sight, name);
      if (lostAt > 0 && aim !== null && !hasSockets(sight, aim)) continue;
      const active = instances.filter(isActive);
      const double = active.find((a) => active.some((b) => a.run < b.run && isTwin(a, b)));
      if (double !== undefined) return `${nameOf(double)} has a twin`;
    }
    return null;
  },
};

function isBefore(a: Instance, b: Instance): boolean {
  return a.slot < b.slot || (a.slot === b.slot && a.run < b.run);
}

function isTwin(a: Instance, b: Instance): boolean {
  if (a.slot !== b.slot || a.generation !== b.generation) return false;
  return stable(a.upstream) === stable(b.upstream) && isSameProgram(a.applied, b.applied);
}

/** P8, P11: saved, loaded and decided again by a supervisor that was just born, nothing changes. */
const survivesSaving: Checker = {
  name: "saving changes nothing",
  settled: ({ desired, observed, now, cause }) => {
    if (cause.deed?.class !== "same") return null;
    const before = decide(desired, observed, now);
    const after = decide(load<Desired>(save(desired)), load<Observed>(save(observed)), now);
    return formatPlan(before, now) === formatPlan(after, now) ? null : formatPlan(after, now);
  },
};

/** The clock moves: an alarm that wakes the supervisor to do nothing, again and again at one instant, is a busy loop. */
export function clockMoves(): Checker {
  let [at, times]: [Millis, number] = [0, 0];
  return {
    name: "the clock moves",
    settled: ({ now, cause, actions }) => {
      if (cause.kind !== "woke" || now !== at || actions.length > 0) times = 0;
      at = now;
      times++;
      return times > 20 ? `woken ${times} times at one instant` : null;
    },
  };
}

export const REST: readonly Checker[] = [
  settled,
  noOversleeping,
  inTouch,
  fairCounts,
  tidyBooks,
  survivesSaving,
];
