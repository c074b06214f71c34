import { expect, test } from "vitest";
import { reportOf } from "./report.ts";
import { simulate } from "./simulate.ts";

/*
 * Mistakes that the simulator found in the core, each with a seed that shows it when it is made again. Those that
 * it takes thousands of seeds to meet are stories in cases.test.ts. A change of the workload changes what a seed
 * means: README.md says what to do then.
 */
const FOUND: readonly (readonly [seed: number, mistake: string])[] = [
  [8, "a new instance was judged by a deadline that had run while a dependency was awaited"],
  [63, "a rename in the middle of a replacement gave two runs one number"],
  [84, "older instances above the count stayed while a dependency was awaited"],
  [135, "when a port came free, two services that wanted it were started by one plan"],
];

test.each(FOUND)("seed %i: %s", (seed) => {
  const outcome = simulate(seed);
  if (outcome.violation !== null) expect.fail(reportOf(outcome));
});

/** The same, of supervisors that died. */
const FOUND_AFTER_DEATHS: readonly (readonly [seed: number, mistake: string])[] = [
  [
    85,
    "what was taken over was replaced, as nobody knew which dependencies it had been started for",
  ],
  [118, "the grace of a stop that was sent late was forgotten by the second death"],
];

test.each(FOUND_AFTER_DEATHS)("seed %i with deaths: %s", (seed) => {
  const outcome = simulate(seed, true);
  if (outcome.violation !== null) expect.fail(reportOf(outcome, "--deaths "));
});
