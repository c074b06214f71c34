import { offReason } from "../../../src/core/desired.ts";
import type { Checker, Sight } from "../checker.ts";
import { isSameProgram, nameOf, stable } from "../oracle.ts";

/* What must be true although supervisors die, where the record that they leave is whole. */

/** How a program ended is known exactly, also when nobody was there; and counted once. */
const exactExits: Checker = {
  name: "exits are known exactly",
  settled: (sight) => {
    for (const instance of instancesOf(sight)) {
      const { phase, exits } = instance;
      const run = sight.host.find(instance);
      if (phase.kind !== "ended" || run === undefined || isLost(sight, run.askedAt)) continue;
      if (stable(phase.exit) !== stable(run.exit))
        return `${nameOf(instance)} ended with ${stable(run.exit)}, not ${stable(phase.exit)}`;
      const counted = exits.filter((at) => at === phase.at).length;
      if (!phase.asked && counted !== 1) return `${nameOf(instance)} is counted ${counted} times`;
    }
    return null;
  },
};

/** A task that did its work does not do it again, unless somebody asks for that. */
const workIsDoneOnce: Checker = {
  name: "work is done once",
  effect: (sight, effect) => {
    if (effect.kind !== "start" || effect.spec.kind !== "task") return null;
    const { service } = effect.id;
    if (effect.spec.schedule !== null || effect.spec.restart.policy === "always") return null;
    const start = sight.actions.find((a) => a.kind === "start" && a.id === effect.id);
    if (start?.kind !== "start") return null;
    const revision = stable([start.generation, start.upstream]);
    const done = sight.host.runs.find(
      (run) =>
        run.id.service === service &&
        run.revision === revision &&
        !run.wasAsked &&
        run.exit?.kind === "code" &&
        effect.spec.success_codes.includes(run.exit.code) &&
        run.askedAt > (sight.touchedAt.get(service) ?? 0) &&
        !isLost(sight, run.askedAt) &&
        isSameProgram(run.started, effect.spec),
    );
    return done === undefined ? null : `${nameOf(effect.id)} after ${nameOf(done.id)} was done`;
  },
};

/** A host that begins must hear again of everything that it is to tell of by itself. */
const nothingIsWaitedForInVain: Checker = {
  name: "what is waited for is on its way",
  settled: ({ observed, desired, host }) => {
    for (const [name, service] of observed.services) {
      if (offReason(desired, name) !== null) continue;
      if (service.due !== null && !host.schedules.knows(name))
        return `the host does not know the schedule of ${name}`;
      if (service.watched.running && !host.commands.has(name))
        return `the watch command of ${name} is awaited, but does not run`;
      for (const instance of service.instances) {
        const { kind } = instance.phase;
        if (kind !== "running" && kind !== "ready" && kind !== "unready") continue;
        const run = host.find(instance);
        for (const probe of ["ready", "alive"] as const) {
          if (instance[probe].busy && (run?.asked[probe] ?? 0) < 1)
            return `${probe} of ${nameOf(instance)} is awaited, but was not asked for`;
        }
      }
    }
    return null;
  },
};

/** What is not written down does not count: whoever lost a record cannot be held to it. */
function isLost(sight: Sight, at: number): boolean {
  return sight.lostAt >= at;
}

function instancesOf(sight: Sight) {
  return [...sight.observed.services.values()].flatMap((service) => service.instances);
}

export const DEATHS: readonly Checker[] = [exactExits, workIsDoneOnce, nothingIsWaitedForInVain];
