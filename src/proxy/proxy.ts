import { performance } from "node:perf_hooks";
import type { ProxyTable } from "../control/proxying.ts";
import { type Accepted, Listener } from "./accepted.ts";
import { Connection, type Owner } from "./connection.ts";
import { type Upstream, Upstreams } from "./upstreams.ts";

export interface ProxyOptions {
  /** Listening sockets, held by others too. */
  readonly descriptors: readonly number[];
  /** Client connections at a time; beyond it they wait in the queue of the socket. */
  readonly connectionsMax: number;
  /** The instances that are drained may have become others. */
  readonly onDrained: () => void;
  readonly log: (message: string) => void;
}

/** Connections that wait for an instance that is ready; beyond it they wait in the queue of the socket. */
const HELD_MAX = 1_024;
/** How often those that wait are looked at while there are any. */
const LOOK_MS = 100;
/** How long a client that says nothing is kept by a proxy that leaves. */
const LAST_WORD_MS = 1_000;

/** Takes the connections of one service, and gives each to an instance. */
export class ServiceProxy {
  readonly #options: ProxyOptions;
  readonly #listeners: readonly Listener[];
  readonly #upstreams = new Upstreams();
  readonly #connections = new Set<Connection>();
  readonly #held = new Set<Connection>();
  readonly #owner: Owner;
  #table: ProxyTable | null = null;
  #looking: NodeJS.Timeout | null = null;
  #isResting = false;
  #onEmpty: (() => void) | null = null;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#listeners = options.descriptors.map(
      (fd) => new Listener(fd, (accepted) => this.#accept(accepted)),
    );
    const proxy = this;
    this.#owner = {
      place: (connection) => this.#place(connection),
      left: (upstream) => this.#left(upstream),
      refused: (upstream, error) => this.#refused(upstream, error),
      closed: (connection) => this.#closed(connection),
      get saysWho() {
        return proxy.#table?.proxy_protocol === true;
      },
    };
  }

  async open(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.open()));
  }

  get connections(): number {
    return this.#connections.size;
  }

  get held(): number {
    return this.#held.size;
  }

  /** Those of the last table that drain and have no connection of this proxy any more. */
  drained(): readonly Upstream[] {
    return this.#upstreams.drained();
  }

  /** Goes by this table from now on. */
  take(table: ProxyTable): void {
    this.#table = table;
    const leaving = new Set(this.#upstreams.take(table));
    if (!table.accepts) this.#windUp();
    else if (leaving.size > 0) {
      for (const connection of this.#connections) {
        if (connection.target !== null && leaving.has(connection.target)) connection.move();
      }
    }
    this.#level();
    this.#look();
    this.#options.onDrained();
  }

  /** Lets kept connections go on at an instance that has come, or come back, and would have none for long. */
  #level(): void {
    const surplus = new Map(this.#upstreams.surplus());
    if (surplus.size === 0) return;
    for (const connection of this.#connections) {
      const { target } = connection;
      const left = target === null ? 0 : (surplus.get(target) ?? 0);
      if (target === null || left === 0 || !connection.isMovable) continue;
      surplus.set(target, left - 1);
      connection.move();
    }
  }

  /** Accepts no more; resolves when no connection is left, or when `drain_ms` of the table are over. */
  leave(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    const over = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    this.#windUp();
    setTimeout(() => this.#onEmpty?.(), this.#table?.drain_ms ?? 0);
    this.#look();
    if (this.#connections.size === 0) this.#onEmpty?.();
    return over;
  }

  /** Connections end, each when its client has been told or says nothing; others accept from the socket. */
  #windUp(): void {
    for (const connection of this.#connections) connection.announceEnd();
    setTimeout(() => {
      for (const connection of this.#connections) connection.finish();
    }, LAST_WORD_MS);
  }

  #accept(accepted: Accepted): void {
    const connection = new Connection(accepted, this.#owner);
    this.#connections.add(connection);
    this.#place(connection);
    this.#restOrGoOn();
  }

  #place(connection: Connection): void {
    const { client } = connection;
    if (client.destroyed) return;
    const now = performance.now();
    const source = this.#table?.sticky === true ? (client.remoteAddress ?? "") : "";
    const spare = this.#onEmpty !== null || this.#table?.accepts === false;
    const upstream = this.#upstreams.pick(source, connection.tried, now, spare);
    if (upstream !== null) {
      this.#held.delete(connection);
      return void connection.connectTo(upstream);
    }
    if (this.#table?.hopeless === true) return void connection.giveUp();
    if (connection.heldSince === 0) connection.heldSince = now;
    this.#held.add(connection);
    this.#looking ??= setTimeout(() => this.#look(), LOOK_MS);
  }

  /** Gives those that wait to who is ready, the longest first. */
  #look(): void {
    if (this.#looking !== null) clearTimeout(this.#looking);
    this.#looking = null;
    const limit = performance.now() - (this.#table?.hold_ms ?? Number.POSITIVE_INFINITY);
    for (const connection of [...this.#held]) {
      connection.tried = null;
      if (connection.heldSince < limit) connection.giveUp();
      else this.#place(connection);
    }
    this.#restOrGoOn();
  }

  #left(upstream: Upstream): void {
    if (upstream.state === "draining" && upstream.connections === 0) this.#options.onDrained();
  }

  #refused(upstream: Upstream, error: NodeJS.ErrnoException): void {
    // Ours to bear, not its fault.
    if (error.code === "EMFILE" || error.code === "ENFILE" || error.code === "EADDRNOTAVAIL")
      return;
    if (upstream.suspectUntil === 0) {
      this.#options.log(`${upstream.key} does not take connections: ${error.message}`);
    }
    this.#upstreams.suspect(upstream, performance.now());
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    this.#held.delete(connection);
    if (this.#onEmpty !== null) {
      if (this.#connections.size === 0) this.#onEmpty();
    } else this.#restOrGoOn();
  }

  #restOrGoOn(): void {
    const isFull =
      this.#table?.accepts === false ||
      this.#connections.size >= this.#options.connectionsMax ||
      this.#held.size >= HELD_MAX;
    if (isFull === this.#isResting || this.#onEmpty !== null) return;
    this.#isResting = isFull;
    for (const listener of this.#listeners) {
      if (isFull) listener.rest();
      else listener.goOn();
    }
  }
}
