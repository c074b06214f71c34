import { intentOf, offReason } from "../../../src/core/desired.ts";
import { type Instance, sameId } from "../../../src/core/observed.ts";
import type { Checker } from "../checker.ts";
import { aimOf, isAvailable, isDone, isSameProgram, nameOf, wantedCount } from "../oracle.ts";

/* What must not be forgotten: without these a supervisor that does too little would look well-behaved. */

/** Every decision says why. */
const reasons: Checker = {
  name: "every action has a reason",
  action: (_sight, action) => (action.reason.trim() === "" ? `${action.kind} for no reason` : null),
};

/** What is started is not taken back in the same breath: the decision to start it did not know enough. */
const secondThoughts: Checker = {
  name: "no second thoughts",
  action: (sight, action) => {
    if (action.kind !== "stop") return null;
    const isNew = sight.actions.some((one) => one.kind === "start" && sameId(one.id, action.id));
    return isNew ? `${nameOf(action.id)} is started and stopped at once: ${action.reason}` : null;
  },
};

/** A second Ctrl-C: whatever is stopping has had its grace. */
const hurries: Checker = {
  name: "hurry is heard",
  settled: ({ observed, cause }) => {
    if (cause.kind !== "hurry") return null;
    for (const { instances } of observed.services.values()) {
      for (const instance of instances) {
        const { phase } = instance;
        if (phase.kind !== "stopping" && phase.kind !== "ending") continue;
        if (!phase.killed) return `${nameOf(instance)} still has its grace`;
      }
    }
    return null;
  },
};

/** Files that are still being written cause nothing. */
const debounced: Checker = {
  name: "quiet before a watch acts",
  action: (sight, action) => {
    if (action.kind !== "watched" || action.paths.length === 0) return null;
    const changedAt = sight.changedAt.get(action.service) ?? 0;
    const quietMs = sight.now - changedAt;
    const leastMs = aimOf(sight, action.service)?.watch?.debounce ?? 0;
    // Settings edited meanwhile count from the next change on.
    const isTouched = (sight.touchedAt.get(action.service) ?? 0) > changedAt;
    return quietMs < leastMs && !isTouched ? `${action.service} after ${quietMs} ms` : null;
  },
};

/** How long a probe may take at most in these worlds, and how late an alarm or an event may be. */
const SLACK_MS = 6_000;

/** A program that hangs, and says so to its alive probe, is ended. */
const noHanging: Checker = {
  name: "the hanging are ended",
  settled: (sight) => {
    for (const run of sight.host.live) {
      const { alive } = run.applied;
      if (run.state !== "alive" || run.stop !== null || alive === null) continue;
      const instance = sight.observed.services
        .get(run.id.service)
        ?.instances.find((i) => i.slot === run.id.slot && i.run === run.id.run);
      if (instance?.phase.kind !== "ready" && instance?.phase.kind !== "unready") continue;
      const hangsAt = (run.aliveAt ?? 0) + (run.program.hangsMs ?? Number.POSITIVE_INFINITY);
      const touchedAt = sight.touchedAt.get(run.id.service) ?? 0;
      const since = Math.max(hangsAt, instance.phase.since, touchedAt, sight.bornAt);
      const mostMs = (alive.failures + 1) * (alive.interval + SLACK_MS) + 2 * SLACK_MS;
      if (sight.now - since > mostMs)
        return `${nameOf(run.id)} has hung for ${sight.now - since} ms`;
    }
    return null;
  },
};

/** The host watches exactly the files of what is wanted. */
const watches: Checker = {
  name: "watches what is wanted",
  settled: (sight) => {
    const { observed, desired, host } = sight;
    const wanted = [...desired.services.keys()].filter((name) => {
      const service = observed.services.get(name);
      if (service === undefined || offReason(desired, name) !== null) return false;
      return !service.watched.paused && (aimOf(sight, name)?.watch ?? null) !== null;
    });
    const said = host.watching
      .map((spec) => spec.name)
      .sort()
      .join(" ");
    const meant = wanted.sort().join(" ");
    return said === meant ? null : `watches "${said}", not "${meant}"`;
  },
};

/** A person asks for another try: what failed before is forgotten. */
const resets: Checker = {
  name: "a new try is a new try",
  settled: ({ observed, cause, actions }) => {
    if (cause.kind !== "reset" || cause.service === null) return null;
    // What runs of a paused version may fail again at once.
    if (actions.some((a) => a.kind === "rollout" && a.step.kind === "fail")) return null;
    const service = observed.services.get(cause.service);
    const ended = service?.instances.find((instance) => instance.phase.kind === "ended");
    if (ended !== undefined) return `${nameOf(ended)} is remembered`;
    return (service?.rejected ?? null) === null ? null : `${cause.service} is still rejected`;
  },
};

/** A ready program that has said often enough that it is not is not called ready. */
const believesProbes: Checker = {
  name: "probes are believed",
  settled: ({ observed, host }) => {
    for (const run of host.live) {
      const instance = observed.services
        .get(run.id.service)
        ?.instances.find((i) => sameId(i, run.id));
      const most = run.applied.ready?.failures;
      if (instance?.phase.kind !== "ready" || most === undefined || run.notReady < most) continue;
      return `${nameOf(run.id)} is called ready after ${run.notReady} failures`;
    }
    return null;
  },
};

/** A version is called good when all of it is there, and not before. */
const goodIsGood: Checker = {
  name: "good when all of it is there",
  action: (sight, action) => {
    if (action.kind !== "rollout" || action.step.kind !== "complete") return null;
    const { spec } = action.step;
    const instances = sight.observed.services.get(action.service)?.instances ?? [];
    const isThere = (i: Instance) =>
      isSameProgram(i.applied, spec) &&
      (isDone(i) || isAvailable(i, spec.rollout.min_ready, sight.now));
    const count = wantedCount(sight, action.service);
    const slots = Array.from({ length: count }, (_, index) => index + 1);
    const missing = slots.find((slot) => !instances.some((i) => i.slot === slot && isThere(i)));
    return missing === undefined ? null : `${action.service}.${missing} is not there yet`;
  },
};

/** `overlap: skip`: a scheduled run is left to end, whatever is due. */
const leavesRuns: Checker = {
  name: "a scheduled run is left to end",
  action: (sight, action) => {
    if (action.kind !== "stop" || !action.asked) return null;
    const { service } = action.id;
    const spec = aimOf(sight, service);
    if (spec?.kind !== "task" || spec.schedule?.overlap !== "skip") return null;
    if (offReason(sight.desired, service) !== null) return null;
    const instances = sight.observed.services.get(service)?.instances ?? [];
    const instance = instances.find((i) => sameId(i, action.id));
    const { generation } = intentOf(sight.desired, service);
    if (instance?.applied.kind !== "task" || instance.slot > 1) return null;
    // A person or a changed file asked for another run.
    if (instance.generation !== generation) return null;
    return `${nameOf(action.id)} is stopped: ${action.reason}`;
  },
};

/** What is due is asked for: a ready program is not left without its probes. */
const probes: Checker = {
  name: "probes go on",
  settled: ({ observed }) => {
    for (const { instances } of observed.services.values()) {
      for (const instance of instances) {
        if (instance.phase.kind !== "ready") continue;
        for (const probe of ["ready", "alive"] as const) {
          const kind = instance.applied[probe]?.check.kind;
          const isOurs = kind === "http" || kind === "tcp" || kind === "exec";
          const { nextAt, busy } = instance[probe];
          if (isOurs && nextAt === null && !busy) return `no ${probe} probe of ${nameOf(instance)}`;
        }
      }
    }
    return null;
  },
};

export const DUTIES: readonly Checker[] = [
  reasons,
  secondThoughts,
  resets,
  believesProbes,
  goodIsGood,
  leavesRuns,
  hurries,
  debounced,
  noHanging,
  watches,
  probes,
];
