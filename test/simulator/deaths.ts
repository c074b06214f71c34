import { type Desired, intentOf } from "../../src/core/desired.ts";
import { sameProcess } from "../../src/core/diff.ts";
import type { Event } from "../../src/core/event.ts";
import { EMPTY } from "../../src/core/fold.ts";
import type { InstanceId, Observed } from "../../src/core/observed.ts";
import { restored } from "../../src/core/restore.ts";
import type { Millis, ServiceSpec } from "../../src/core/spec.ts";
import type { Deferred } from "./outbox.ts";
import type { SimulatedHost } from "./processes.ts";
import type { Random } from "./random.ts";
import { load, save } from "./snapshot.ts";

/** How often a supervisor dies, and how well its records survive that. */
export interface Mortality {
  /** At one step: before it is written down, or before or after one of its effects. */
  readonly atStep: number;
  /** Again while the next one takes over. */
  readonly takingOver: number;
  /** A record cannot be written: what was decided is done all the same. */
  readonly writeFails: number;
  /** The last record is torn, so that the one before counts; or all of them are. */
  readonly torn: number;
  readonly lost: number;
}

export const IMMORTAL: Mortality = { atStep: 0, takingOver: 0, writeFails: 0, torn: 0, lost: 0 };

export function drawMortality(random: Random): Mortality {
  const rarely = random.chance(0.3);
  return {
    atStep: random.pick([0.005, 0.02, 0.1]),
    takingOver: random.pick([0, 0.1, 0.3]),
    writeFails: rarely ? 0.05 : 0,
    torn: rarely ? 0.1 : 0,
    lost: rarely ? 0.1 : 0,
  };
}

/** After how many of writing down and then each effect of a step death strikes; null: not here. */
export type Strikes = (step: number, effects: readonly Deferred[]) => number | null;

/** When supervisors die, and for how long. */
export class Fate {
  readonly random: Random;
  readonly #strikes: Strikes | null;
  #steps = 0;

  constructor(random: Random, strikes: Strikes | null) {
    this.random = random;
    this.#strikes = strikes;
  }

  /** Of writing down and then each effect, so many are done before death comes. */
  strikesAfter(effects: readonly Deferred[], { atStep }: Mortality): number {
    const step = this.#steps++;
    if (this.#strikes !== null) return this.#strikes(step, effects) ?? Number.POSITIVE_INFINITY;
    if (atStep === 0 || !this.random.chance(atStep)) return Number.POSITIVE_INFINITY;
    return this.random.int(0, effects.length + 1);
  }

  diesTakingOver({ takingOver }: Mortality): boolean {
    return this.random.chance(takingOver / 4);
  }

  awayMs(): Millis {
    if (this.#strikes !== null) return 700;
    const isLong = this.random.chance(0.1);
    return isLong ? this.random.int(5_000, 90_000) : this.random.int(0, 1_500);
  }
}

export interface Known {
  readonly desired: Desired;
  readonly observed: Observed;
}

export interface Recorded extends Known {
  /** How many wishes of the user are in it. */
  readonly deeds: number;
}

/** The state file: what was written last, and what before that. Other ways to lose it are drawn when it is read. */
export class Records {
  readonly #random: Random;
  #last: Recorded | null = null;
  #before: Recorded | null = null;
  /** A write has failed since: something may have been done that no record tells of. */
  #isBehind = false;

  constructor(random: Random) {
    this.#random = random;
  }

  write(known: Recorded, mortality: Mortality): void {
    if (this.#random.chance(mortality.writeFails)) {
      this.#isBehind = true;
      return;
    }
    this.#isBehind = false;
    this.#before = this.#last;
    this.#last = known;
  }

  /** What the next supervisor finds; `isWhole`: all that was done is in it. */
  read(mortality: Mortality): { readonly known: Recorded | null; readonly isWhole: boolean } {
    if (this.#random.chance(mortality.lost)) this.#last = null;
    else if (this.#random.chance(mortality.torn)) this.#last = this.#before;
    else return { known: this.#last, isWhole: !this.#isBehind && this.#last !== null };
    this.#before = null;
    this.#isBehind = true;
    return { known: this.#last, isWhole: false };
  }
}

/** What a supervisor begins with that has found this: nothing but what is asked, when the rest is lost. */
export function beginWith(known: Known | null, asked: Desired, now: Millis): Known {
  if (known === null) return { desired: asked, observed: EMPTY };
  // As text, as it was on the disk.
  const { desired, observed } = load<Known>(save(known));
  return { desired, observed: restored(observed, now) };
}

/** What composition tells a supervisor that takes over, before it looks for its runs. */
export function findings(host: SimulatedHost, begun: Known): readonly Event[] {
  const events: Event[] = [...runsOf(host)];
  const { known, specs } = inBooks(begun);
  for (const stray of host.strays(known)) {
    const run = host.find(stray.id);
    const applied = specs.find((spec) => run && sameProcess(spec, run.started));
    const { service, slot } = stray.id;
    if (run === undefined) continue;
    if (applied === undefined || applied.name !== service || slot < 1) {
      host.machine.sweep(run);
      continue;
    }
    const { generation } = intentOf(begun.desired, service);
    const { id, pid, port } = stray;
    events.push({ kind: "adopted", id, pid, port, applied, generation, upstream: {} });
  }
  return events;
}

function inBooks({ desired, observed }: Known) {
  const known: InstanceId[] = [];
  const specs: ServiceSpec[] = [...desired.services.values()];
  for (const { instances, good } of observed.services.values()) {
    if (good !== null) specs.push(good.spec);
    for (const instance of instances) {
      known.push(instance, ...(instance.was ?? []));
      specs.push(instance.applied);
    }
  }
  return { known, specs };
}

/** The numbers of runs whose logs are there are used, whatever the record says. */
function runsOf(host: SimulatedHost): readonly Event[] {
  const next = new Map<string, Event & { readonly kind: "runs" }>();
  for (const { id } of host.runs) {
    const { service, slot, run } = id;
    const key = `${service}.${slot}`;
    if ((next.get(key)?.next ?? 0) > run) continue;
    next.set(key, { kind: "runs", service, slot, next: run + 1 });
  }
  return [...next.values()];
}

/** When no supervisor was there. */
export class Absences {
  readonly #over: (readonly [from: Millis, to: Millis])[] = [];
  #since: Millis = 0;
  /** How often one died. */
  count = 0;

  begin(at: Millis): void {
    this.count++;
    this.#since = at;
  }

  end(at: Millis): void {
    this.#over.push([this.#since, at]);
  }

  /** When the one that is there began; 0: it is the first. */
  get bornAt(): Millis {
    return this.#over.at(-1)?.[1] ?? 0;
  }

  /** For how long a supervisor was there since then. */
  watchedMs(since: Millis, now: Millis): Millis {
    const missed = this.#over.map(([from, to]) => Math.max(0, to - Math.max(from, since)));
    return now - since - missed.reduce((sum, ms) => sum + ms, 0);
  }
}
