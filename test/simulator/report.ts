import type { Outcome } from "./simulate.ts";

const LINES_MAX = 80;

/** A failed world for a person: what was seen, how it came to that, what was waited for, how to see it again. */
export function reportOf(outcome: Outcome, options = ""): string {
  const { seed, violation, log, rest } = outcome;
  const left = log.length - LINES_MAX;
  return [
    `seed ${seed}: ${violation?.message ?? "no violation"}`,
    ...(left > 0 ? [`(${left} earlier lines)`] : []),
    ...log.slice(-LINES_MAX),
    rest,
    `replay: npm run simulate -- ${options}--seed ${seed}`,
  ].join("\n");
}
