import type { Desired } from "../../src/core/desired.ts";
import type { Event } from "../../src/core/event.ts";
import type { Observed } from "../../src/core/observed.ts";
import type { Action } from "../../src/core/plan.ts";
import { adoptionsOf } from "../../src/core/restore.ts";
import type { Millis } from "../../src/core/spec.ts";
import { Supervisor } from "../../src/core/supervisor.ts";
import type { Checker, Sight } from "./checker.ts";
import { SimulatedClock } from "./clock.ts";
import {
  Absences,
  beginWith,
  Fate,
  findings,
  IMMORTAL,
  type Known,
  type Mortality,
  Records,
  type Strikes,
} from "./deaths.ts";
import type { Deed } from "./edits.ts";
import { eventText } from "./event-text.ts";
import { Listening, undressed } from "./listening.ts";
import { nameOf } from "./oracle.ts";
import { SimulatedOutbox } from "./outbox.ts";
import { SimulatedHost } from "./processes.ts";
import type { Faults } from "./program.ts";
import { createRandom, type Random } from "./random.ts";
import { Witness } from "./witness.ts";

/** Any moment: a supervisor must not care when its clock began. */
const START_MS = 1_000_000;
/** How long a change that leads to nothing may wait before it is written down. */
const RECORD_MS = 100;

/** A machine, the supervisors that follow each other on it, and everything that watches them. */
export class World {
  readonly clock = new SimulatedClock(START_MS);
  readonly host: SimulatedHost;
  /** One line for each event, effect and deed: the same for the same seed, byte for byte. */
  readonly log: string[] = [];
  /** From here on supervisors die so often. */
  mortality: Mortality = IMMORTAL;
  readonly absences = new Absences();
  readonly #witness: Witness;
  #supervisor: Supervisor;
  #outbox: SimulatedOutbox;
  #isDead = false;
  readonly #records: Records;
  readonly #fate: Fate;
  readonly #isMortal: boolean;
  readonly #random: Random;
  #frozenUntil = START_MS;
  #unheard: (() => Event)[] = [];
  #lastDeed: Deed | null = null;
  #deeds = 0;
  /** How many of them the supervisor knows that is there. */
  #heard = 0;
  #isRecordDue = false;
  /** What only worlds with sockets know; null: this is none. */
  readonly listening: Listening | null;

  constructor(options: {
    readonly random: Random;
    readonly faults: Faults;
    readonly checkers: readonly Checker[];
    /** Says which services listen; null: none does. */
    readonly listening?: Random;
    /** Decides on deaths; a stream of its own, so that worlds without deaths stay as they are. */
    readonly fate?: Random;
    /** Instead of that. */
    readonly strikes?: Strikes;
  }) {
    this.#random = options.random.fork();
    this.#fate = new Fate(options.fate ?? createRandom(0), options.strikes ?? null);
    this.#isMortal = options.fate !== undefined;
    this.#records = new Records(this.#fate.random);
    this.#witness = new Witness(this, options.checkers);
    const { listening } = options;
    this.listening = listening === undefined ? null : new Listening(listening.fork());
    const { clock } = this;
    this.host = new SimulatedHost({
      clock,
      random: options.random.fork(),
      faults: options.faults,
      ...(listening === undefined ? {} : { callers: listening.fork() }),
      deliver: (event) => this.deliver(event),
      onEffect: (effect) => this.#witness.onEffect(effect),
    });
    clock.lateness = () => this.#random.int(0, this.host.faults.alarmLateMsMax);
    clock.onAlarm = () => this.deliver(() => ({ kind: "woke" }));
    this.#outbox = new SimulatedOutbox(this.host);
    this.#supervisor = this.#born(null);
  }

  get supervisor(): Supervisor {
    return this.#supervisor;
  }

  get done(): readonly Action[] {
    return this.#witness.done;
  }

  /** A user, an editor or a file does something; what is due anyway is done first, so that it is not blamed. */
  do(drawDeed: (desired: Desired) => Deed): void {
    this.awaitSupervisor();
    this.#handle({ kind: "woke" });
    this.awaitSupervisor();
    const before = this.asked;
    const drawn = drawDeed(before);
    const isSame = drawn.desired === before;
    const { desired } = isSame ? this.supervisor : { desired: this.dress(drawn.desired) };
    const deed = { ...drawn, desired };
    this.#lastDeed = deed;
    this.#heard = ++this.#deeds;
    this.say(`* ${deed.name}`);
    this.#witness.touch(deed.touched);
    deed.act?.();
    if (!isSame) this.listening?.keep(deed.desired);
    for (const event of deed.events) if (!this.#isDead) this.#handle(event);
    if (!isSame && !this.#isDead) this.#want(deed);
  }

  get asked(): Desired {
    return this.listening === null ? this.supervisor.desired : undressed(this.supervisor.desired);
  }

  readonly dress = (desired: Desired): Desired => this.listening?.dress(desired) ?? desired;

  deliver(event: () => Event): void {
    if (this.#isDead) return;
    if (this.clock.now() < this.#frozenUntil) this.#unheard.push(event);
    else this.#handle(event());
  }

  /** The supervisor hears nothing for a while, as under SIGSTOP or on a machine that swaps. */
  freeze(durationMs: Millis): void {
    if (this.#isDead) return;
    this.say(`* frozen for ${durationMs} ms`);
    this.#frozenUntil = this.clock.now() + durationMs;
    this.clock.after(durationMs, () => this.#thaw());
  }

  /** What happened meanwhile is heard at once, in its order. */
  #thaw(): void {
    if (this.clock.now() < this.#frozenUntil) return;
    for (const event of this.#unheard.splice(0)) if (!this.#isDead) this.#handle(event());
  }

  runUntil(at: Millis): void {
    while (this.clock.step(at));
    this.clock.jump(at);
  }

  awaitSupervisor(): void {
    while (this.#isDead || this.supervisor.isTakingOver) {
      if (!this.clock.step(Number.POSITIVE_INFINITY)) throw new Error("no supervisor ever comes");
    }
  }

  /** What a saved and loaded supervisor would know. */
  snapshot(): Known {
    return { desired: this.supervisor.desired, observed: this.supervisor.observed };
  }

  /** The supervisor is killed, and `awayMs` later the guardian has the next one running. */
  die(awayMs: Millis): void {
    if (this.#isDead) return;
    this.say(`* the supervisor dies, for ${awayMs} ms`);
    this.absences.begin(this.clock.now());
    this.#isDead = true;
    this.#isRecordDue = false;
    this.#outbox.take();
    this.#unheard = [];
    this.#frozenUntil = this.clock.now();
    this.clock.wakeAt(null);
    this.host.forsake();
    this.clock.after(awayMs, () => this.#follow());
  }

  /** The next supervisor takes over. */
  #follow(): void {
    const { known, isWhole } = this.#records.read(this.mortality);
    const begun = beginWith(known, this.supervisor.desired, this.clock.now());
    this.#isDead = false;
    this.absences.end(this.clock.now());
    const found = known === null ? "nothing" : isWhole ? "all" : "what was written before";
    this.say(`* the next one takes over, and finds ${found}`);
    if (!isWhole) this.#witness.loses();
    this.#outbox = new SimulatedOutbox(this.host);
    this.#supervisor = this.#born(begun);
    for (const event of findings(this.host, begun)) {
      if (this.#isDead || this.#diesTakingOver()) return;
      this.#handle(event);
    }
    for (const adoption of adoptionsOf(this.supervisor.observed)) {
      if (this.#isDead || this.#diesTakingOver()) return;
      this.say(`  adopt ${nameOf(adoption.id)} ${adoption.phase} ${adoption.signal ?? ""}`);
      this.host.adopt(adoption);
    }
    if (this.#isDead) return;
    this.#witness.begins({ kind: "woke" }, null);
    this.#heard = known?.deeds ?? this.#deeds;
    this.supervisor.goOn();
    this.#flush();
    this.#askAgain();
  }

  #born(from: Known | null): Supervisor {
    return new Supervisor({
      host: this.#outbox.host,
      clock: this.clock,
      onChange: ({ before, actions }) => this.#witness.onChange(before, actions),
      ...(from === null ? {} : { from }),
    });
  }

  #diesTakingOver(): boolean {
    const dies = this.#fate.diesTakingOver(this.mortality);
    if (dies) this.die(this.#fate.awayMs());
    return dies;
  }

  /** A command whose supervisor died under it asks the next one. */
  #askAgain(): void {
    const deed = this.#lastDeed;
    // Who connected did so whatever became of the supervisor.
    if (deed === null || deed.act || this.#heard >= this.#deeds || this.#isDead) return;
    this.#heard = this.#deeds;
    this.say(`* asked again: ${deed.name}`);
    this.#witness.touch(deed.touched);
    for (const event of deed.events) {
      if (event.kind === "reset" && !this.#isDead) this.#handle(event);
    }
    // What else was lost with the record may follow from it too.
    if (!this.#isDead) this.#want({ ...deed, class: "any" });
  }

  sight(observed?: Observed): Sight {
    return this.#witness.sight(observed);
  }

  #want(deed: Deed): void {
    this.#witness.begins({ kind: "woke" }, deed);
    this.supervisor.want(deed.desired);
    this.#flush();
  }

  #handle(event: Event): void {
    this.#witness.begins(event, null);
    this.say(`> ${eventText(event)}`);
    this.supervisor.handle(event);
    this.#flush();
  }

  /** What was decided is written down, then done; death may come before, in between and after. */
  #flush(): void {
    const effects = this.#outbox.take();
    const survived = this.#fate.strikesAfter(effects, this.mortality);
    if (survived > 0) {
      if (effects.some((effect) => effect.isNoted)) this.#record();
      else this.#recordSoon();
      for (const effect of effects.slice(0, survived - 1)) effect.run();
      this.#witness.label();
    }
    if (Number.isFinite(survived)) {
      if (effects[survived - 2]?.kind === "stop" && this.#fate.random.chance(0.5))
        this.#unnoteStop();
      this.die(this.#fate.awayMs());
    } else if (!this.supervisor.isTakingOver) {
      this.host.sockets.dropUnclaimed();
      this.#witness.settled();
    }
  }

  /** Death came after the signal and before the note of it. */
  #unnoteStop(): void {
    const run = this.host.runs.findLast((one) => one.stop?.at === this.clock.now());
    if (run !== undefined) run.stopNoted = false;
  }

  #record(): void {
    if (!this.#isMortal) return;
    this.#isRecordDue = false;
    this.#records.write({ ...this.snapshot(), deeds: this.#heard }, this.mortality);
  }

  #recordSoon(): void {
    if (!this.#isMortal || this.#isRecordDue) return;
    this.#isRecordDue = true;
    const { count } = this.absences;
    this.clock.after(this.#fate.random.int(0, RECORD_MS), () => {
      if (count === this.absences.count && this.#isRecordDue) this.#record();
    });
  }

  say(line: string): void {
    this.log.push(`${this.clock.now() - START_MS} ${line}`);
  }
}
