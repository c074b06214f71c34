import { transitions } from "../core/changes.ts";
import type { Told } from "../core/changes-run.ts";
import type { Desired } from "../core/desired.ts";
import { lastLines } from "../logs/last-lines.ts";
import { runFiles } from "../logs/layout.ts";
import type { NewEvent } from "./event-log.ts";
import type { Change } from "./session.ts";

const LINES_SHOWN = 10;

/** What a step of the core means for people; a failure comes with the last words of the run that failed. */
export function happenings(change: Change, desired: Desired, runs: string): readonly NewEvent[] {
  if (change.before === change.after) return [];
  return transitions(change.before, change.after, desired, change.now).map((told) => {
    const lines = lastWords(told, runs);
    return lines.length === 0 ? rounded(told) : { ...rounded(told), last_lines: lines };
  });
}

function lastWords(told: Told, runs: string): readonly string[] {
  const { state, service, instance, run } = told;
  if (state !== "crashed" && state !== "failed") return [];
  if (instance === undefined || run === undefined) return [];
  return lastLines(runFiles(runs, service, instance, run), LINES_SHOWN);
}

/** Whole milliseconds: the core's clock has fractions, which say nothing to anybody. */
function rounded(told: Told): NewEvent {
  const whole = Object.entries(told).map(([key, value]) =>
    key.endsWith("_ms") && typeof value === "number" ? [key, Math.round(value)] : [key, value],
  );
  // The same keys, each with a value of the same type.
  return Object.fromEntries(whole) as Told;
}
