import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { InetdSettings } from "../core/inetd.ts";
import type { Signal } from "../core/spec.ts";
import { connectionEnvironment, type Ends, endsOf, startProcess } from "./connection.ts";
import type { Gate } from "./gate.ts";
import { Limits, Repeated } from "./limits.ts";

export interface SuperServerOptions {
  readonly say: (line: string) => void;
  readonly fileLimit: number | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Idle for long enough, or told to stop and nothing runs any more. */
  readonly onEnd: () => void;
}

/** A connection that has been taken and has no process yet. */
interface Waiting {
  readonly socket: Socket;
  readonly ends: Ends;
  readonly attempts: number;
}

/** When no process can be made (EAGAIN, EMFILE, ENOMEM), it is tried again after this. */
const RETRY_MS = 250;
const ATTEMPTS_MAX = 40;
/** The part of the grace after which processes that still run are told to end. */
const GRACE_PART = 0.8;

/** Starts one process for each connection, as inetd does. It reads and writes none of what is said over them. */
export class SuperServer {
  readonly #settings: InetdSettings;
  readonly #options: SuperServerOptions;
  readonly #limits: Limits;
  readonly #children = new Set<ChildProcess>();
  /** Taken before they could be kept from coming. */
  readonly #waiting: Waiting[] = [];
  readonly #refused: Repeated;
  readonly #delayed: Repeated;
  readonly #failed: Repeated;
  #gates: readonly Gate[] = [];
  #retry: NodeJS.Timeout | null = null;
  #pause: NodeJS.Timeout | null = null;
  #idle: NodeJS.Timeout | null = null;
  #isStopping = false;

  constructor(settings: InetdSettings, options: SuperServerOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#limits = new Limits(settings);
    this.#refused = new Repeated(options.say);
    this.#delayed = new Repeated(options.say);
    this.#failed = new Repeated(options.say);
  }

  open(gates: readonly Gate[]): void {
    this.#gates = gates;
    for (const gate of gates) {
      gate.open(
        (socket, isUnix) => this.#taken(socket, isUnix),
        (error) => this.#cannot(`a connection could not be taken: ${error.message}`),
      );
    }
    this.#watchIdle();
  }

  /** Takes no more connections; ends when those that were taken are done. */
  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    for (const gate of this.#gates) gate.close();
    for (const timer of [this.#retry, this.#pause, this.#idle]) if (timer) clearTimeout(timer);
    this.#retry = this.#pause = this.#idle = null;
    this.#serveWaiting();
    const { signal, timeout } = this.#settings.stop;
    setTimeout(() => this.#endAll(signal), timeout * GRACE_PART).unref();
    this.#settled();
  }

  #taken(socket: Socket, isUnix: boolean): void {
    // A client that resets is the business of the process that has the connection.
    socket.on("error", () => {});
    const ends = endsOf(socket, isUnix);
    if (ends === null) {
      socket.destroy();
      return;
    }
    if (this.#limits.arrived(now())) this.#beginPause();
    this.#waiting.push({ socket, ends, attempts: 0 });
    this.#serveWaiting();
  }

  /** As many as the limits allow now, in the order in which they came. */
  #serveWaiting(): void {
    while (this.#waiting.length > 0 && this.#mayServe()) {
      const [next] = this.#waiting.splice(0, 1);
      if (next !== undefined) this.#serve(next);
    }
    this.#setGates();
    this.#watchIdle();
  }

  /** What has been taken is not lost by a stop: its limits are those of the grace. */
  #mayServe(): boolean {
    if (this.#isStopping) return true;
    return this.#pause === null && this.#retry === null && !this.#limits.isFull;
  }

  #serve(waiting: Waiting): void {
    const source = waiting.ends.remote?.address ?? null;
    if (this.#limits.hasEnough(source)) {
      const { per_source } = this.#settings;
      const line = `closed a connection of ${source}, which has ${per_source} already (per_source)`;
      this.#refused.happened(line, now());
      waiting.socket.destroy();
      return;
    }
    let child: ChildProcess;
    try {
      child = this.#start(waiting);
    } catch (error) {
      this.#notStarted(waiting, error);
      return;
    }
    if (child.pid === undefined) {
      child.once("error", (error) => this.#notStarted(waiting, error));
      return;
    }
    child.on("error", () => {});
    this.#children.add(child);
    this.#limits.begun(source);
    child.once("exit", () => {
      this.#children.delete(child);
      this.#limits.ended(source);
      this.#settled();
    });
    // Only our copy: the connection is the process's now.
    waiting.socket.destroy();
    this.#sayWhenFull();
  }

  #start({ socket, ends }: Waiting): ChildProcess {
    return startProcess(socket, {
      argv: this.#settings.argv,
      env: connectionEnvironment(this.#options.environment, ends),
      fileLimit: this.#options.fileLimit,
      sockets: this.#gates.length,
    });
  }

  /** The machine has no room for a process: the connection is kept, and no other is taken meanwhile. */
  #notStarted(waiting: Waiting, error: unknown): void {
    const attempts = waiting.attempts + 1;
    const why = error instanceof Error ? error.message : String(error);
    if (attempts >= ATTEMPTS_MAX || this.#isStopping) {
      this.#failed.happened(`closed a connection: no process could be started: ${why}`, now());
      waiting.socket.destroy();
      this.#settled();
      return;
    }
    this.#waiting.unshift({ ...waiting, attempts });
    this.#cannot(`no process could be started: ${why}; trying again`);
  }

  #cannot(line: string): void {
    this.#failed.happened(line, now());
    if (this.#isStopping) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.#serveWaiting();
    }, RETRY_MS);
    this.#setGates();
  }

  #beginPause(): void {
    const { rate } = this.#settings;
    if (rate === null || this.#pause !== null || this.#isStopping) return;
    const line = `more than ${rate.count} connections within a second: the next ones wait (rate)`;
    this.#delayed.happened(line, now());
    this.#pause = setTimeout(() => {
      this.#pause = null;
      this.#limits.resumed(now());
      this.#serveWaiting();
    }, rate.pause);
  }

  #sayWhenFull(): void {
    if (!this.#limits.isFull || this.#isStopping) return;
    const line = `${this.#limits.running} connections at once: the next ones wait (max_connections)`;
    this.#delayed.happened(line, now());
  }

  #setGates(): void {
    if (this.#isStopping) return;
    const isOpen = this.#mayServe() && this.#waiting.length === 0;
    for (const gate of this.#gates) isOpen ? gate.resume() : gate.pause();
  }

  /** A process has ended: others may come, or it was the last one. */
  #settled(): void {
    if (!this.#isStopping) {
      this.#serveWaiting();
      return;
    }
    if (this.#children.size > 0 || this.#waiting.length > 0) return;
    this.#options.onEnd();
  }

  #watchIdle(): void {
    const { idle_stop } = this.#settings;
    const isIdle = this.#children.size === 0 && this.#waiting.length === 0;
    if (idle_stop === null || this.#isStopping) return;
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = isIdle ? setTimeout(() => this.stop(), idle_stop) : null;
  }

  #endAll(signal: Signal): void {
    for (const { pid } of this.#children) {
      try {
        // Its whole session: it leads a process group.
        // Every name that a file may give is one that Node knows.
        if (pid !== undefined) process.kill(-pid, signal as NodeJS.Signals);
      } catch {
        // It has just ended.
      }
    }
  }
}

function now(): number {
  return performance.now();
}
