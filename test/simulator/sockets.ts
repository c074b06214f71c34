import { addressText } from "../../src/core/address.ts";
import type { Event } from "../../src/core/event.ts";
import type { ListenAddress, Millis, ServiceSpec } from "../../src/core/spec.ts";
import type { SimulatedClock } from "./clock.ts";
import type { Machine } from "./machine.ts";
import { isSamePlace, ownOf } from "./places.ts";
import type { Random } from "./random.ts";
import type { Run } from "./run.ts";

/** Somebody who connected, until one of both sides hangs up. */
export interface Caller {
  readonly text: string;
  readonly at: Millis;
  /** Who has accepted; null: nobody yet. */
  by: Run | null;
}

interface Options {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly machine: Machine;
  /** Hands an answer to the supervisor that asked, late. */
  readonly answer: (event: () => Event) => void;
}

/** Callers that nobody accepts give up after this. */
const PATIENCE_MS = 25_000;
const ACCEPT_EVERY_MS = 40;

/** Listening sockets, as the host and the guardian hold them, and those who connect to them. */
export class SimulatedSockets {
  /** By address; for which service it was asked for last. */
  readonly held = new Map<string, { readonly address: ListenAddress; readonly service: string }>();
  /** Ports that programs which are not ours listen on. */
  readonly strangers = new Set<number>();
  readonly callers = new Set<Caller>();
  waking: readonly ServiceSpec[] = [];
  counting: readonly ServiceSpec[] = [];
  readonly #counted = new Map<string, number>();
  readonly #options: Options;
  #isAccepting = false;
  #unclaimed = new Set<string>();
  #told: ReadonlySet<string> = new Set();

  constructor(options: Options) {
    this.#options = options;
  }

  /** The supervisor is no more; now and then its guardian too, and with it all that nobody was given. */
  forsake(): void {
    this.waking = [];
    this.#told = new Set();
    this.counting = [];
    this.#counted.clear();
    this.#unclaimed = new Set(this.held.keys());
    if (this.held.size === 0 || !this.#options.random.chance(0.1)) return;
    for (const text of [...this.held.keys()]) this.#close(text);
  }

  /** The first plan of the one that is there is done: what it did not ask for nobody remembers. */
  dropUnclaimed(): void {
    for (const text of this.#unclaimed) this.#close(text);
    this.#unclaimed.clear();
  }

  bind(service: string, address: ListenAddress): void {
    const text = addressText(address);
    this.#unclaimed.delete(text);
    const mine = this.held.get(text);
    const taken = mine === undefined ? this.#whoHas(address) : null;
    if (taken === null) this.held.set(text, { address, service });
    this.#options.answer(() =>
      taken === null
        ? { kind: "bound", service, address: text }
        : { kind: "unbindable", service, address: text, ...taken },
    );
  }

  unbind(address: ListenAddress): void {
    const text = addressText(address);
    this.#unclaimed.delete(text);
    this.#close(text);
    this.#options.answer(() => ({ kind: "unbound", address: text }));
  }

  wakeOn(specs: readonly ServiceSpec[]): void {
    this.waking = specs;
    this.#told = new Set(specs.map((spec) => spec.name));
    this.#wake();
  }

  /** Whether the supervisor asked to be told of its first connection, at the last time that it said of whose. */
  wasToldOf(service: string): boolean {
    return this.#told.has(service);
  }

  count(specs: readonly ServiceSpec[]): void {
    this.counting = specs;
    for (const name of this.#counted.keys()) {
      if (!specs.some((spec) => spec.name === name)) this.#counted.delete(name);
    }
    this.#recount();
  }

  /** Somebody connects. Says whether there was anything to connect to. */
  connect(text: string): boolean {
    if (!this.#isOpen(text)) return false;
    this.callers.add({ text, at: this.#options.clock.now(), by: null });
    this.#wake();
    this.#recount();
    this.#acceptSoon();
    return true;
  }

  /** Whether anybody listens: we, or an instance that was given the socket. */
  #isOpen(text: string): boolean {
    return this.held.has(text) || this.#holders(text).length > 0;
  }

  #holders(text: string): Run[] {
    const { live } = this.#options.machine;
    return [...live].filter((run) => run.aliveAt !== null && run.given.includes(text));
  }

  #whoHas(address: ListenAddress): { readonly detail: string; readonly ours?: true } | null {
    if (address.kind === "tcp" && this.strangers.has(address.port))
      return { detail: "taken by stranger (pid 7)" };
    if (this.#holders(addressText(address)).length > 0) return { detail: "lost", ours: true };
    const places = [...this.held.values()].map((one) => one.address);
    for (const run of this.#options.machine.live) {
      const isOwn = address.kind === "tcp" && run.given.length === 0 && run.port === address.port;
      if (isOwn) return { detail: `taken by run ${run.pid}` };
      places.push(...ownOf(run.started).filter((one) => run.given.includes(addressText(one))));
    }
    const other = places.find((one) => isSamePlace(one, address));
    return other === undefined ? null : { detail: `taken by ${addressText(other)}` };
  }

  #close(text: string): void {
    this.held.delete(text);
    if (this.#isOpen(text)) return;
    for (const caller of this.callers) {
      if (caller.text === text && caller.by === null) this.callers.delete(caller);
    }
    this.#recount();
  }

  #wake(): void {
    for (const spec of this.waking) {
      const texts = ownOf(spec).map(addressText);
      const isCalled = [...this.callers].some((c) => c.by === null && texts.includes(c.text));
      if (!isCalled) continue;
      this.waking = this.waking.filter((one) => one !== spec);
      this.#options.answer(() => ({ kind: "woken", service: spec.name }));
    }
  }

  #acceptSoon(): void {
    if (this.#isAccepting) return;
    this.#isAccepting = true;
    this.#options.clock.after(ACCEPT_EVERY_MS, () => {
      this.#isAccepting = false;
      this.#accept();
      if (this.callers.size > 0) this.#acceptSoon();
    });
  }

  /** Programs that are ready accept; callers hang up, give up, or are cut off. */
  #accept(): void {
    const { machine, random, clock } = this.#options;
    for (const caller of [...this.callers]) {
      if (caller.by !== null) {
        if (caller.by.state !== "alive") this.callers.delete(caller);
        continue;
      }
      const ready = this.#holders(caller.text).filter(
        (run) => machine.isReady(run) && run.stop === null,
      );
      if (ready.length > 0) {
        caller.by = random.pick(ready);
        const lasts = random.pick([0, 100, 1_000, 4_000]);
        clock.after(random.int(0, lasts), () => this.#hangUp(caller));
      } else if (clock.now() - caller.at > PATIENCE_MS || !this.#isOpen(caller.text)) {
        this.callers.delete(caller);
      }
    }
    this.#recount();
  }

  #hangUp(caller: Caller): void {
    this.callers.delete(caller);
    this.#recount();
  }

  #recount(): void {
    for (const spec of this.counting) {
      const texts = ownOf(spec).map(addressText);
      const connections = [...this.callers].filter((c) => texts.includes(c.text)).length;
      if (this.#counted.get(spec.name) === connections) continue;
      this.#counted.set(spec.name, connections);
      this.#options.answer(() => ({ kind: "traffic", service: spec.name, connections }));
    }
  }
}
