import { acted } from "../../src/core/acted.ts";
import type { Event } from "../../src/core/event.ts";
import { helperName } from "../../src/core/helpers.ts";
import { observe } from "../../src/core/observe.ts";
import type { InstanceId, Observed } from "../../src/core/observed.ts";
import { type Action, formatAction } from "../../src/core/plan.ts";
import type { Millis } from "../../src/core/spec.ts";
import { type Checker, type Sight, Violation } from "./checker.ts";
import type { Deed } from "./edits.ts";
import { stable, versionOf } from "./oracle.ts";
import type { Effect } from "./run.ts";
import type { World } from "./world.ts";

/** Sees all that happens in a world, remembers what the checkers ask for, and asks them. */
export class Witness {
  /** Every step that was decided, oldest first. */
  readonly done: Action[] = [];
  /** What the last step did. */
  actions: readonly Action[] = [];
  readonly #world: World;
  readonly #checkers: readonly Checker[];
  readonly #touchedAt = new Map<string, Millis>();
  readonly #changedAt = new Map<string, Millis>();
  #lostAt = Number.NEGATIVE_INFINITY;
  #hurriedAt = Number.NEGATIVE_INFINITY;
  #cause: Sight["cause"] = { deed: null, kind: "start", service: null };
  #event: Event = { kind: "woke" };

  constructor(world: World, checkers: readonly Checker[]) {
    this.#world = world;
    this.#checkers = checkers;
  }

  /** An event is about to be handled, or a new desired. */
  begins(event: Event, deed: Deed | null): void {
    const service = "service" in event ? event.service : null;
    this.#cause = { deed, kind: deed === null ? event.kind : "want", service };
    this.#event = event;
    this.actions = [];
    if (event.kind === "hurry") this.#hurriedAt = this.#now;
    if (event.kind === "changed") this.#changedAt.set(event.service, this.#now);
  }

  /** A user has asked something of these services. */
  touch(names: Iterable<string>): void {
    for (const name of names) {
      this.#touchedAt.set(name, this.#now);
      this.#touchedAt.set(helperName(name), this.#now);
    }
  }

  /** Of some starts and ends the record does not tell: from here on counts of failures may begin anew. */
  loses(): void {
    this.#lostAt = this.#now;
    const { observed, desired } = this.#world.supervisor;
    this.touch([...observed.services.keys(), ...desired.services.keys()]);
  }

  onEffect(effect: Effect): void {
    const sight = this.sight();
    const run = "id" in effect ? this.#world.host.find(targetOf(effect)) : undefined;
    this.#ask((checker) => checker.effect?.(sight, effect, run));
  }

  /** Plays the settled step again, so that each action is seen beside what was known just before it. */
  onChange(before: Observed, actions: readonly Action[]): void {
    this.actions = actions;
    this.done.push(...actions);
    let known = observe(before, this.#event, this.#now);
    for (const action of actions) {
      this.#world.say(`  ${formatAction(action)}`);
      const sight = this.sight(known);
      this.#ask((checker) => checker.action?.(sight, action));
      known = acted(known, action, this.#now);
    }
  }

  /** The supervisor has gone to sleep. */
  settled(): void {
    const sight = this.sight();
    this.#ask((checker) => checker.settled?.(sight));
  }

  /** Notes what those that were started just now were started for. */
  label(): void {
    const sight = this.sight();
    for (const action of this.actions) {
      const run = action.kind === "start" ? sight.host.find(action.id) : undefined;
      if (run === undefined || action.kind !== "start") continue;
      run.revision = stable([action.generation, action.upstream]);
      const names = Object.keys(action.spec.depends_on);
      run.upstream = Object.fromEntries(names.map((name) => [name, versionOf(sight, name)]));
    }
  }

  sight(observed: Observed = this.#world.supervisor.observed): Sight {
    const { supervisor, host, clock, absences } = this.#world;
    return {
      now: clock.now(),
      desired: supervisor.desired,
      observed,
      host,
      alarm: clock.alarm,
      cause: this.#cause,
      actions: this.actions,
      touchedAt: this.#touchedAt,
      hurriedAt: this.#hurriedAt,
      changedAt: this.#changedAt,
      lostAt: this.#lostAt,
      bornAt: absences.bornAt,
      watchedMs: (since) => absences.watchedMs(since, clock.now()),
    };
  }

  #ask(ask: (checker: Checker) => string | null | undefined): void {
    for (const checker of this.#checkers) {
      const found = ask(checker) ?? null;
      if (found !== null) throw new Violation(checker.name, found);
    }
  }

  get #now(): Millis {
    return this.#world.clock.now();
  }
}

/** The instance that an effect finds on the machine; a rename finds it under its old name. */
function targetOf(effect: Extract<Effect, { readonly id: InstanceId }>): InstanceId {
  return effect.kind === "rename" ? effect.from : effect.id;
}
