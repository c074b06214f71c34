import cluster, { type Worker } from "node:cluster";
import { constants } from "node:os";
import { Drain } from "./drain.ts";
import type { StopOrder } from "./given.ts";
import type { ServedList } from "./served.ts";
import type { Threads } from "./threads.ts";

/** Of the grace: what a program that hears the signal itself has left for its own ways to end. */
const SHARE_OF_DRAIN = 0.7;
/** How long connections that were ended have to go. */
const LAST_MS = 100;
const LOOK_MS = 20;
/** npm and the like pass on to their child what the whole group was sent anyway: that is no second signal. */
const ECHO_MS = 1_000;

interface Options {
  readonly order: StopOrder;
  /** In place of the signal; null: the signal. */
  readonly message: string | null;
  readonly served: ServedList;
  readonly threads: Threads;
  /** Other processes need not wait for this one any more. */
  readonly end: () => void;
}

type Emit = (this: NodeJS.Process, name: string | symbol, ...args: unknown[]) => boolean;

/**
 * Keeps the stop signal from the program until its servers have finished what they had begun; then the
 * program gets it, or dies by it when it does not listen for it. A second one is not kept back.
 */
export class Stop {
  readonly #options: Options;
  readonly #listener = () => this.#unheard();
  #attends = false;
  #drainsSince = 0;
  #phase: "waiting" | "draining" | "over" = "waiting";

  constructor(options: Options) {
    this.#options = options;
    const original = process.emit as Emit;
    const take = (name: string | symbol) => this.#take(name);
    const emit: Emit = function (name, ...args) {
      return take(name) || original.call(this, name, ...args);
    };
    process.emit = emit as typeof process.emit;
    options.served.onServers = () => this.#attend();
    options.threads.onServes = () => this.#attend();
    if (options.message === null) return;
    process.on("newListener", (name: string) => {
      if (name === "message") setImmediate(() => this.#attend());
    });
  }

  /** A signal that nobody listens for ends the process before we hear of it. */
  #attend(): void {
    const { order } = this.#options;
    if (this.#phase !== "waiting" || this.#attends === this.#concerns()) return;
    this.#attends = !this.#attends;
    if (this.#attends) process.on(order.signal, this.#listener);
    else process.removeListener(order.signal, this.#listener);
  }

  #concerns(): boolean {
    const { served, threads } = this.#options;
    return served.isBusy || threads.areBusy || this.#hears();
  }

  #hears(): boolean {
    return this.#options.message !== null && process.listenerCount("message") > 0;
  }

  /** True: it has been taken, and nobody else hears of it yet. */
  #take(name: string | symbol): boolean {
    if (name !== this.#options.order.signal || this.#phase === "over") return false;
    if (this.#phase === "draining") {
      if (performance.now() - this.#drainsSince < ECHO_MS) return true;
      this.#phase = "over";
      return false;
    }
    if (!this.#concerns()) return false;
    this.#phase = "draining";
    this.#drainsSince = performance.now();
    void this.#drain();
    return true;
  }

  async #drain(): Promise<void> {
    const { order, served, threads } = this.#options;
    const { graceMs } = order;
    const workers = Object.values(cluster.workers ?? {});
    this.#options.end();
    const hasOwn =
      this.#hears() || process.listeners(order.signal).some((l) => l !== this.#listener);
    const limitMs = hasOwn ? graceMs * SHARE_OF_DRAIN : Math.max(0, graceMs * 0.9 - LAST_MS);
    const isOver = () => this.#phase === "over";
    threads.drain(limitMs, !hasOwn);
    const drain = new Drain(served.open);
    const areOthersDone = () => isOver() || (workers.every(isGone) && !threads.areBusy);
    await Promise.all([drain.until(limitMs, !hasOwn, isOver), until(areOthersDone, limitMs)]);
    if (isOver()) return;
    if (!hasOwn) {
      drain.end();
      await until(() => isOver() || served.connections === 0, LAST_MS);
    }
    this.#handOver();
  }

  #handOver(): void {
    const { order, message } = this.#options;
    this.#phase = "over";
    process.removeListener(order.signal, this.#listener);
    if (message !== null && this.#hears()) emit("message", message, undefined);
    else if (process.listenerCount(order.signal) > 0)
      emit(order.signal, order.signal, constants.signals[order.signal]);
    else process.kill(process.pid, order.signal);
  }

  /** It went by us: a second one, or the servers have gone. Without us it would have ended the process. */
  #unheard(): void {
    const { signal } = this.#options.order;
    process.removeListener(signal, this.#listener);
    this.#phase = "over";
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  }
}

/** With arguments that its types do not know. */
function emit(name: string, ...args: readonly unknown[]): void {
  Reflect.apply(process.emit, process, [name, ...args]);
}

/** Those that the program starts in place of the ones that end are not waited for. */
function isGone(worker: Worker | undefined): boolean {
  return worker === undefined || worker.isDead();
}

async function until(holds: () => boolean, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds() && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
