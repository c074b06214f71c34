import type { Millis, ServiceSpec, StopSettings } from "./spec.ts";

/** What should be: the file, plus what the user asked by hand. */
export interface Desired {
  /** In file order. */
  readonly services: ReadonlyMap<string, ServiceSpec>;
  /** What was asked by hand; survives reload, not down. */
  readonly intents: ReadonlyMap<string, Intent>;
  /** `up a b`: these and what they need. null: all. */
  readonly selected: ReadonlySet<string> | null;
  readonly profiles: ReadonlySet<string>;
  /** Everything is to end, dependents first (`down`). */
  readonly draining: boolean;
  /** `down -t`: instead of each service's own grace. */
  readonly grace: Millis | null;
}

/** What was asked of one service by hand. */
export interface Intent {
  /** Stopped by hand: stays so across reloads. */
  readonly stopped: boolean;
  /** Scaled by hand: wins over the file until `--reset-scale`. */
  readonly scale: number | null;
  /** Counts restarts that were asked for; an instance of an older generation is out of date. */
  readonly generation: number;
  /** Replace by surge rather than one at a time, for this generation. */
  readonly rolling: boolean;
  /** Why the generation was last raised: `restart asked`, `src/app.js changed`. */
  readonly reason: string;
  /** `stop --signal`, `stop -t`: instead of the spec's own, for this stop. */
  readonly using: Partial<StopSettings> | null;
}

const NO_INTENT: Intent = {
  stopped: false,
  scale: null,
  generation: 0,
  rolling: false,
  reason: "",
  using: null,
};

/** A project without services, of which nothing was asked. */
export const NOTHING: Desired = {
  services: new Map(),
  intents: new Map(),
  selected: null,
  profiles: new Set(),
  draining: false,
  grace: null,
};

/** What was asked of a service by hand; that of a service of which nothing was asked is empty. */
export function intentOf(desired: Desired, service: string): Intent {
  return desired.intents.get(service) ?? NO_INTENT;
}

/** A copy of `desired` in which one service's intent is changed. */
export function withIntent(desired: Desired, service: string, change: Partial<Intent>): Desired {
  const intents = new Map(desired.intents);
  intents.set(service, { ...intentOf(desired, service), ...change });
  return { ...desired, intents };
}

/** Asks for new instances of a service, for a reason that people will read. */
export function withRestart(
  desired: Desired,
  service: string,
  reason: string,
  rolling = false,
): Desired {
  const generation = intentOf(desired, service).generation + 1;
  return withIntent(desired, service, { generation, reason, rolling, stopped: false, using: null });
}

/** Why a service should have no instance at all, or null when it should run. */
export function offReason(desired: Desired, name: string): OffReason | null {
  const spec = desired.services.get(name);
  if (spec === undefined) return "removed";
  if (desired.draining) return "down";
  if (spec.helps !== null) return offReason(desired, spec.helps);
  if (!spec.enabled) return "disabled";
  if (spec.profiles.length > 0 && !spec.profiles.some((p) => desired.profiles.has(p))) {
    if (desired.selected?.has(name) !== true) return "profile";
  }
  if (desired.selected !== null && !desired.selected.has(name)) return "unselected";
  if (intentOf(desired, name).stopped) return "stopped";
  return null;
}

/** The same for people: the reason of a stop, and the words of a plan. */
export const OFF_WORDS: Readonly<Record<OffReason, string>> = {
  removed: "not in the file any more",
  down: "down",
  disabled: "disabled",
  profile: "its profile is not selected",
  unselected: "not selected",
  stopped: "stopped by hand",
};

/** From the strongest to the weakest: the first that holds is the reason. */
export type OffReason = "removed" | "down" | "disabled" | "profile" | "unselected" | "stopped";
