import type { Desired } from "../../src/core/desired.ts";
import type { Observed } from "../../src/core/observed.ts";
import type { Action } from "../../src/core/plan.ts";
import type { Millis } from "../../src/core/spec.ts";
import type { Deed } from "./edits.ts";
import type { SimulatedHost } from "./processes.ts";
import type { Effect, Run } from "./run.ts";

/** What a checker may look at: the truth of the machine beside what the supervisor believes. */
export interface Sight {
  readonly now: Millis;
  readonly desired: Desired;
  /** What the supervisor knows; for an action: what it knew just before it. */
  readonly observed: Observed;
  readonly host: SimulatedHost;
  /** What the clock was last told. */
  readonly alarm: Millis | null;
  /** What woke the supervisor: a new desired, or an event. */
  readonly cause: {
    readonly deed: Deed | null;
    readonly kind: string;
    /** The service that an event is about, if it is about one as a whole. */
    readonly service: string | null;
  };
  /** Everything it has done since it was woken. */
  readonly actions: readonly Action[];
  /** When a user last asked something of each service: fault counts may start anew there. */
  readonly touchedAt: ReadonlyMap<string, Millis>;
  readonly hurriedAt: Millis;
  /** When a watched file of each service last changed. */
  readonly changedAt: ReadonlyMap<string, Millis>;
  /** When a supervisor last took over from a record that did not tell all that was done. */
  readonly lostAt: Millis;
  /** When the supervisor that is there began. */
  readonly bornAt: Millis;
  /** For how long since then a supervisor was there. */
  readonly watchedMs: (since: Millis) => Millis;
}

/** Something that must be true of every world. */
export interface Checker {
  readonly name: string;
  /** Just before the host does it. `run` is the truth about the instance it concerns, if any. */
  readonly effect?: (sight: Sight, effect: Effect, run: Run | undefined) => string | null;
  /** For each step of what was decided, in order. */
  readonly action?: (sight: Sight, action: Action) => string | null;
  /** After each event and each new desired, once the supervisor has gone to sleep again. */
  readonly settled?: (sight: Sight) => string | null;
}

/** A world that should not be: which checker says so, and what it saw. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly checker: string;

  constructor(checker: string, detail: string) {
    super(`${checker}: ${detail}`);
    this.checker = checker;
  }
}
