import { fstatSync } from "node:fs";
import { addressText } from "../core/address.ts";
import type { Event } from "../core/event.ts";
import type { ListenAddress, ServiceSpec } from "../core/spec.ts";
import { messageOf } from "../errors.ts";
import { explainFailure } from "./bind-failure.ts";
import { Counter, textsOf } from "./connections.ts";
import { findTaken, type Taken, type Wanted } from "./holders.ts";
import { readTcp, recently } from "./net-table.ts";
import { makeBlocking, RawListener } from "./raw-sockets.ts";
import { makeRoomFor, removeSocketFile, setMode } from "./socket-file.ts";
import { isReachable } from "./socket-state.ts";
import { Wakes } from "./wakes.ts";

/** The sockets by `addressText`, and their descriptors in this process. */
export type HeldSockets = ReadonlyMap<string, number>;

export interface SocketsOptions {
  readonly emit: (event: Event) => void;
  readonly warn: (message: string) => void;
  /** What the supervisor before this one held. */
  readonly inherited?: HeldSockets;
  /** Resolves when somebody who outlives us holds exactly these. */
  readonly hold?: (held: HeldSockets) => Promise<void>;
  /** The mark of this project, which its processes carry. */
  readonly projectId: string;
}

/** One socket that is held. */
export interface HeldSocket {
  readonly address: ListenAddress;
  readonly fd: number;
}

interface Bound extends HeldSocket {
  readonly listener: RawListener;
}

interface Held extends Bound {
  /** Bound for a bind that is still to come. */
  readonly isReserved: boolean;
  readonly service: string;
}

/** What was reserved is let go when nobody has asked for it by then. */
const RESERVE_MS = 10_000;

/** After a run has ended its sockets are looked at, all at once: a look may be slow. */
const LOOK_MS = 100;

/** The listening sockets of one project, held without ever accepting. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #held = new Map<string, Held>();
  /** What was inherited and not asked for yet. */
  readonly #inherited: Map<string, number>;
  #reserved: NodeJS.Timeout | null = null;
  #holding: Promise<void> = Promise.resolve();
  readonly #wakes = new Wakes({
    listenerOf: (text) => this.#held.get(text)?.listener ?? null,
    told: (service) => this.#emit({ kind: "woken", service }),
    warn: (message) => this.#options.warn(message),
  });
  readonly #counter = new Counter({
    told: (service, connections) => this.#emit({ kind: "traffic", service, connections }),
  });
  #isClosed = false;
  #looking: NodeJS.Timeout | null = null;
  readonly #table = recently(readTcp, LOOK_MS);

  constructor(options: SocketsOptions) {
    this.#options = options;
    this.#inherited = new Map(options.inherited);
  }

  bind(service: string, address: ListenAddress, backlog: number): void {
    const text = addressText(address);
    try {
      const held = this.#take(address, backlog);
      this.#held.set(text, { ...held, service, isReserved: false });
      void this.#tellHolder().then(() => this.#emit({ kind: "bound", service, address: text }));
    } catch (error) {
      const { taken, by } = explainFailure({ service, address, backlog }, error, this.#view());
      const facts = { service, address: text, detail: taken.reason };
      const ours = by === "runs" ? { ours: true } : {};
      setImmediate(() => this.#emit({ kind: "unbindable", ...facts, ...ours }));
    }
  }

  unbind(address: ListenAddress): void {
    const text = addressText(address);
    this.#drop(text, address);
    void this.#tellHolder().then(() => this.#emit({ kind: "unbound", address: text }));
  }

  /** What was inherited and is neither wanted nor in the books: the record of it was lost. */
  dropUnclaimed(): void {
    if (this.#inherited.size === 0) return;
    for (const [text, fd] of this.#inherited) {
      if (text.startsWith("/")) tryTo(() => removeSocketFile(text));
      RawListener.inherited(fd).close();
    }
    this.#inherited.clear();
    void this.#tellHolder();
  }

  /**
   * Binds all of these at once, for the binds that follow soon, or none: then it says which are taken, and by whom.
   * What is held already is ours, and so is what our own runs will give back.
   */
  reserve(wanted: readonly Wanted[]): readonly Taken[] {
    const taken: Taken[] = [];
    for (const { service, address, backlog } of wanted) {
      const text = addressText(address);
      if (this.#held.has(text)) continue;
      try {
        const held = this.#take(address, backlog);
        this.#held.set(text, { ...held, service, isReserved: true });
      } catch (error) {
        const failure = explainFailure({ service, address, backlog }, error, this.#view());
        if (failure.by === "stranger") taken.push(failure.taken);
      }
    }
    if (taken.length > 0) this.release();
    else this.#releaseLater();
    return taken;
  }

  /** Lets go of what was reserved and not asked for since. */
  release(): void {
    if (this.#reserved !== null) clearTimeout(this.#reserved);
    this.#reserved = null;
    for (const [text, { isReserved, address }] of this.#held) {
      if (isReserved) this.#drop(text, address);
    }
  }

  /** Which of these somebody else has, as far as can be seen without touching anything. */
  holders(wanted: readonly Wanted[]): readonly Taken[] {
    const others = wanted.filter(({ address }) => {
      const text = addressText(address);
      return !this.#held.has(text) && !this.#inherited.has(text);
    });
    return findTaken(others, this.#view());
  }

  /** What a program of this service is to be given, in order; throws an Error in words when one is not there. */
  socketsFor(spec: ServiceSpec, isUsed: (address: string) => boolean): readonly HeldSocket[] {
    if (spec.listen === null || spec.listen.mode === "proxy") return [];
    const sockets = spec.listen.addresses.map((address) => {
      const held = this.#held.get(addressText(address));
      if (held === undefined) throw new Error(`${addressText(address)} is not bound`);
      return held;
    });
    const free = sockets.filter(({ address }) => !isUsed(addressText(address)));
    for (const { listener } of free) listener.rest();
    makeBlocking(free.map(({ fd }) => fd));
    return sockets;
  }

  /** A run of this service has ended, and may have shut its sockets down for everybody: then they are told as gone. */
  look(service: string): void {
    const mine = [...this.#held].filter(([, held]) => held.service === service);
    if (mine.length === 0 || this.#looking !== null) return;
    this.#looking = setTimeout(() => this.#lookAtAll(), LOOK_MS).unref();
  }

  #lookAtAll(): void {
    this.#looking = null;
    for (const [text, { address, service }] of this.#held) {
      if (!this.#dropDead(text, address)) continue;
      this.#options.warn(`${text} of ${service} was shut down by a program: it is bound anew`);
      void this.#tellHolder().then(() => this.#emit({ kind: "unbound", address: text }));
    }
  }

  /** How the kernel numbers those that a program of this service was given. */
  inodesOf(spec: ServiceSpec): ReadonlySet<number> {
    const held = textsOf(spec).flatMap((text) => this.#held.get(text) ?? []);
    return new Set(held.map(({ fd }) => fstatSync(fd).ino));
  }

  wakeOn(specs: readonly ServiceSpec[]): void {
    this.#wakes.wakeOn(specs);
  }

  count(specs: readonly ServiceSpec[]): void {
    this.#counter.count(specs);
  }

  /** Looks away. The sockets stay with whoever else holds them. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.release();
    this.#counter.close();
    if (this.#looking !== null) clearTimeout(this.#looking);
    for (const { listener } of this.#held.values()) listener.close();
    for (const fd of this.#inherited.values()) tryTo(() => RawListener.inherited(fd).close());
    this.#held.clear();
    this.#inherited.clear();
  }

  /** One that is there already, inherited or bound; else bound now. Throws a SocketError. */
  #take(address: ListenAddress, backlog: number): Bound {
    const text = addressText(address);
    this.#dropDead(text, address);
    const before = this.#held.get(text);
    if (before !== undefined) {
      before.listener.setBacklog(backlog);
      if (address.kind === "unix") setMode(address);
      return { ...before, address };
    }
    const fd = this.#inherited.get(text);
    if (fd !== undefined) {
      this.#inherited.delete(text);
      if (address.kind === "unix") setMode(address);
      return { address, fd, listener: RawListener.inherited(fd) };
    }
    if (address.kind === "unix") makeRoomFor(address);
    const listener = RawListener.bind(address, backlog);
    return { address, fd: listener.fd, listener };
  }

  /** What nobody can reach is bound anew. */
  #dropDead(text: string, address: ListenAddress): boolean {
    const fd = this.#held.get(text)?.fd ?? this.#inherited.get(text);
    if (fd === undefined || isReachable(address, fd, this.#table)) return false;
    this.#drop(text, address);
    return true;
  }

  #drop(text: string, address: ListenAddress): void {
    const held = this.#held.get(text);
    const fd = this.#inherited.get(text);
    if (held === undefined && fd === undefined) return;
    // First the name, so that nobody comes any more, then the socket, which refuses those who wait.
    if (address.kind === "unix") tryTo(() => removeSocketFile(address.path));
    held?.listener.close();
    if (fd !== undefined) RawListener.inherited(fd).close();
    this.#held.delete(text);
    this.#inherited.delete(text);
  }

  #view() {
    return { projectId: this.#options.projectId, held: [...this.#held.values()] };
  }

  /** One after the other, so that the last one that was asked for is the last one that is known. */
  #tellHolder(): Promise<void> {
    const { hold, warn } = this.#options;
    const told = this.#holding.then(async () => {
      if (hold === undefined || this.#isClosed) return;
      try {
        await hold(this.#numbers());
      } catch (error) {
        const reason = messageOf(error);
        warn(`the sockets are not held beyond this supervisor: ${reason}`);
      }
    });
    this.#holding = told;
    return told;
  }

  #numbers(): HeldSockets {
    const asked = [...this.#held].filter(([, { isReserved }]) => !isReserved);
    return new Map([...this.#inherited, ...asked.map(([text, { fd }]) => [text, fd] as const)]);
  }

  #releaseLater(): void {
    if (this.#reserved !== null) clearTimeout(this.#reserved);
    this.#reserved = setTimeout(() => this.release(), RESERVE_MS).unref();
  }

  #emit(event: Event): void {
    if (!this.#isClosed) this.#options.emit(event);
  }
}

function tryTo(task: () => void): void {
  try {
    task();
  } catch {
    // A file that is left there is taken away by the next one who binds it, a number is nobody's any more.
  }
}
