import { explain } from "../../../src/core/explain.ts";
import { verdict } from "../../../src/core/outcome.ts";
import { serviceState } from "../../../src/core/status.ts";
import type { Checker, Sight } from "../checker.ts";

/** Whatever the state, there are words for it: `ps`, `why` and the commands that wait never fail on one. */
export const speaks: Checker = {
  name: "words for everything",
  settled: (sight) => {
    const { desired, observed, now, cause } = sight;
    if (cause.kind !== "want") return null;
    for (const name of new Set([...desired.services.keys(), ...observed.services.keys()])) {
      const state = serviceState(desired, observed, name, now);
      const { outcome, detail } = verdict(desired, observed, name, now);
      const said = JSON.stringify([state, outcome, detail, explain(desired, observed, name, now)]);
      const nonsense = /NaN|undefined|\[object|Infinity/.exec(said);
      if (nonsense !== null) return `${name}: ${nonsense[0]} in ${said}`;
    }
    return null;
  },
};

/** Who waits for a service that has settled is told so: `up` and `reload` come to an end. */
export function hasVerdict(sight: Sight, name: string): string | null {
  const { kind, outcome, detail } = verdict(sight.desired, sight.observed, name, sight.now);
  return kind === "ok" ? null : `${name} is ${kind} (${outcome}: ${detail})`;
}
