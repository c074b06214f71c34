import { acted } from "../../src/core/acted.ts";
import type { Desired } from "../../src/core/desired.ts";
import type { Event } from "../../src/core/event.ts";
import { observe } from "../../src/core/observe.ts";
import type { InstanceId, Observed } from "../../src/core/observed.ts";
import { type Action, formatAction } from "../../src/core/plan.ts";
import type { Millis } from "../../src/core/spec.ts";
import { Supervisor } from "../../src/core/supervisor.ts";
import { type Checker, type Sight, Violation } from "./checker.ts";
import { SimulatedClock } from "./clock.ts";
import type { Deed } from "./edits.ts";
import { nameOf, stable, versionOf } from "./oracle.ts";
import { SimulatedHost } from "./processes.ts";
import type { Faults } from "./program.ts";
import type { Random } from "./random.ts";
import type { Effect } from "./run.ts";

/** Any moment: a supervisor must not care when its clock began. */
const START_MS = 1_000_000;

/** A machine, a supervisor on it, and everything that watches them. */
export class World {
  readonly clock = new SimulatedClock(START_MS);
  readonly host: SimulatedHost;
  readonly supervisor: Supervisor;
  /** One line for each event, effect and deed: the same for the same seed, byte for byte. */
  readonly log: string[] = [];
  /** Every step that was decided, oldest first. */
  readonly done: Action[] = [];
  readonly #checkers: readonly Checker[];
  readonly #random: Random;
  readonly #touchedAt = new Map<string, Millis>();
  readonly #changedAt = new Map<string, Millis>();
  #hurriedAt = Number.NEGATIVE_INFINITY;
  #cause: Sight["cause"] = { deed: null, kind: "start", service: null };
  #event: Event = { kind: "woke" };
  #actions: readonly Action[] = [];
  #frozenUntil = START_MS;
  readonly #unheard: (() => Event)[] = [];

  constructor(options: {
    readonly random: Random;
    readonly faults: Faults;
    readonly checkers: readonly Checker[];
  }) {
    this.#random = options.random.fork();
    this.#checkers = options.checkers;
    const { clock } = this;
    this.host = new SimulatedHost({
      clock,
      random: options.random.fork(),
      faults: options.faults,
      deliver: (event) => this.deliver(event),
      onEffect: (effect) => this.#onEffect(effect),
    });
    clock.lateness = () => this.#random.int(0, this.host.faults.alarmLateMsMax);
    clock.onAlarm = () => this.deliver(() => ({ kind: "woke" }));
    this.supervisor = new Supervisor({
      host: this.host,
      clock,
      onChange: ({ before, actions }) => this.#onChange(before, actions),
    });
  }

  /** A user, an editor or a file does something; what is due anyway is done first, so that it is not blamed. */
  do(drawDeed: (desired: Desired) => Deed): void {
    this.#handle({ kind: "woke" });
    const before = this.supervisor.desired;
    const deed = drawDeed(before);
    this.#say(`* ${deed.name}`);
    for (const name of deed.touched) this.#touchedAt.set(name, this.clock.now());
    for (const event of deed.events) this.#handle(event);
    if (deed.desired !== before) this.#want(deed);
  }

  deliver(event: () => Event): void {
    if (this.clock.now() < this.#frozenUntil) this.#unheard.push(event);
    else this.#handle(event());
  }

  /** The supervisor hears nothing for a while, as under SIGSTOP or on a machine that swaps. */
  freeze(durationMs: Millis): void {
    this.#say(`* frozen for ${durationMs} ms`);
    this.#frozenUntil = this.clock.now() + durationMs;
    this.clock.after(durationMs, () => this.#thaw());
  }

  /** What happened meanwhile is heard at once, in its order. */
  #thaw(): void {
    if (this.clock.now() < this.#frozenUntil) return;
    for (const event of this.#unheard.splice(0)) this.#handle(event());
  }

  runUntil(at: Millis): void {
    while (this.clock.step(at));
    this.clock.jump(at);
  }

  /** What a saved and loaded supervisor would know. */
  snapshot(): { readonly desired: Desired; readonly observed: Observed } {
    return { desired: this.supervisor.desired, observed: this.supervisor.observed };
  }

  sight(observed: Observed = this.supervisor.observed): Sight {
    return {
      now: this.clock.now(),
      desired: this.supervisor.desired,
      observed,
      host: this.host,
      alarm: this.clock.alarm,
      cause: this.#cause,
      actions: this.#actions,
      touchedAt: this.#touchedAt,
      hurriedAt: this.#hurriedAt,
      changedAt: this.#changedAt,
    };
  }

  #want(deed: Deed): void {
    this.#cause = { deed, kind: "want", service: null };
    this.#event = { kind: "woke" };
    this.#actions = [];
    this.supervisor.want(deed.desired);
    this.#check((checker, sight) => checker.settled?.(sight));
  }

  #handle(event: Event): void {
    const service = "service" in event ? event.service : null;
    this.#cause = { deed: null, kind: event.kind, service };
    this.#event = event;
    this.#actions = [];
    if (event.kind === "hurry") this.#hurriedAt = this.clock.now();
    if (event.kind === "changed") this.#changedAt.set(event.service, this.clock.now());
    this.#say(`> ${eventText(event)}`);
    this.supervisor.handle(event);
    this.#check((checker, sight) => checker.settled?.(sight));
  }

  #onEffect(effect: Effect): void {
    const sight = this.sight();
    const run = "id" in effect ? this.host.find(targetOf(effect)) : undefined;
    for (const checker of this.#checkers) {
      const found = checker.effect?.(sight, effect, run) ?? null;
      if (found !== null) throw new Violation(checker.name, found);
    }
  }

  /** Plays the settled step again, so that each action is seen beside what was known just before it. */
  #onChange(before: Observed, actions: readonly Action[]): void {
    const now = this.clock.now();
    this.#actions = actions;
    this.done.push(...actions);
    let known = observe(before, this.#event, now);
    for (const action of actions) {
      this.#say(`  ${formatAction(action)}`);
      const sight = this.sight(known);
      this.#check((checker) => checker.action?.(sight, action));
      if (action.kind === "start") this.#label(action);
      known = acted(known, action, now);
    }
  }

  #label(action: Action & { readonly kind: "start" }): void {
    const run = this.host.find(action.id);
    if (run === undefined) return;
    run.revision = stable([action.generation, action.upstream]);
    const names = Object.keys(action.spec.depends_on);
    const sight = this.sight();
    run.upstream = Object.fromEntries(names.map((name) => [name, versionOf(sight, name)]));
  }

  #check(ask: (checker: Checker, sight: Sight) => string | null | undefined): void {
    const sight = this.sight();
    for (const checker of this.#checkers) {
      const found = ask(checker, sight) ?? null;
      if (found !== null) throw new Violation(checker.name, found);
    }
  }

  #say(line: string): void {
    this.log.push(`${this.clock.now() - START_MS} ${line}`);
  }
}

/** The instance that an effect finds on the machine; a rename finds it under its old name. */
function targetOf(effect: Extract<Effect, { readonly id: InstanceId }>): InstanceId {
  return effect.kind === "rename" ? effect.from : effect.id;
}

function eventText(event: Event): string {
  const who = "id" in event ? nameOf(event.id) : "service" in event ? event.service : "";
  switch (event.kind) {
    case "started":
      return `started ${who} pid ${event.pid}`;
    case "exited":
      return `exited ${who} ${JSON.stringify(event.exit)}`;
    case "probed":
      return `probed ${who} ${event.probe} ${event.ok ? "ok" : "not ok"}`;
    case "changed":
      return `changed ${who} ${event.path}`;
    case "scheduled":
      return `scheduled ${who} ${event.at}`;
    default:
      return `${event.kind} ${who}`;
  }
}
