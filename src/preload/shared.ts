import type { Given } from "./given.ts";
import { type ClientHandle, type ListenHandle, openListening } from "./inside-node.ts";

const BACKLOG = 511;

/** What a server has in place of a handle of its own: closing it leaves the socket open for the next one. */
export interface End extends ListenHandle {
  /** For which host it was asked; "" is all of them. */
  readonly label: string;
}

/**
 * One socket of procs in this thread. There can be one handle only for a descriptor, and closing it would
 * close the socket for good: so that handle stays, and servers come and go.
 */
export class SharedSocket {
  readonly given: Given;
  #handle: ListenHandle | null = null;
  readonly #ends: End[] = [];
  readonly #kept = new Set<End>();
  /** Whoever wants it to rest for a while. */
  readonly #holds = new Set<string>();
  /** Accepted while nobody served: the next server gets them. */
  readonly #early: ClientHandle[] = [];
  #isAccepting = false;
  #next = 0;

  constructor(given: Given) {
    this.given = given;
  }

  /** For a server; null: the descriptor cannot be used. */
  open(label: string): End | null {
    this.#handle ??= openListening(this.given.fd);
    return this.#handle === null ? null : this.#endOf(this.#handle, label);
  }

  /** For `cluster`, which sends it to its workers; null: the descriptor cannot be used. */
  handle(): ListenHandle | null {
    this.#handle ??= openListening(this.given.fd);
    // It is closed when the last worker leaves, and then opened again for the next.
    if (this.#handle !== null) this.#handle.close = (callback) => later(callback);
    return this.#handle;
  }

  /** Whether a server of this thread stands in the way of one for that host. */
  isTaken(label: string): boolean {
    return this.#ends.some((end) => end.label === label || end.label === "" || label === "");
  }

  get isServed(): boolean {
    return this.#ends.length > 0;
  }

  /** Accepts nothing until every hold has been let go of. */
  hold(who: string): void {
    this.#holds.add(who);
    this.#settle();
  }

  letGo(who: string): void {
    this.#holds.delete(who);
    this.#settle();
  }

  #endOf(handle: ListenHandle, label: string): End {
    const end: End = {
      label,
      fd: this.given.fd,
      onconnection: null,
      listen: (backlog) => this.#attach(end, backlog),
      close: (callback) => {
        this.#detach(end);
        later(callback);
      },
      ref: () => this.#keep(end, true),
      unref: () => this.#keep(end, false),
      hasRef: () => this.#kept.has(end),
      ...nameOf(handle),
    };
    return end;
  }

  #attach(end: End, backlog: number): number {
    const handle = this.#handle;
    if (handle === null) return -1;
    if (handle.onconnection === null || handle.onconnection === undefined) {
      handle.onconnection = (error, client) => this.#accepted(error, client);
      const failure = handle.listen(this.given.backlog ?? (backlog || BACKLOG));
      if (failure) return failure;
      this.#isAccepting = true;
    }
    this.#ends.push(end);
    this.#keep(end, true);
    this.#settle();
    const early = this.#early.splice(0);
    setImmediate(() => {
      for (const client of early) this.#accepted(0, client);
    });
    return 0;
  }

  #detach(end: End): void {
    const at = this.#ends.indexOf(end);
    if (at >= 0) this.#ends.splice(at, 1);
    this.#keep(end, false);
    this.#settle();
  }

  /** Gives it a connection that came in another way; false: nobody serves. */
  take(client: ClientHandle): boolean {
    const [end] = this.#ends;
    end?.onconnection?.call(end, 0, client);
    return end !== undefined;
  }

  #accepted(error: number, client: ClientHandle): void {
    const end = this.#ends[this.#next++ % Math.max(1, this.#ends.length)];
    if (end !== undefined) end.onconnection?.call(end, error, client);
    else if (!error) this.#early.push(client);
  }

  #settle(): void {
    const shouldAccept = this.isServed && this.#holds.size === 0;
    if (shouldAccept === this.#isAccepting) return;
    this.#isAccepting = shouldAccept;
    if (shouldAccept) this.#handle?.readStart?.();
    else {
      // What has never read cannot stop.
      this.#handle?.readStart?.();
      this.#handle?.readStop?.();
    }
  }

  /** One server that is not unref'd keeps the process alive, as with a handle of its own. */
  #keep(end: End, isKept: boolean): void {
    if (isKept) this.#kept.add(end);
    else this.#kept.delete(end);
    if (this.#kept.size > 0) this.#handle?.ref();
    else this.#handle?.unref();
  }

  get isKept(): boolean {
    return this.#kept.size > 0;
  }
}

/** A path has no name to ask for. */
function nameOf(handle: ListenHandle): Pick<ListenHandle, "getsockname"> {
  if (handle.getsockname === undefined) return {};
  return { getsockname: (out) => handle.getsockname?.(out) ?? 0 };
}

function later(callback: (() => void) | undefined): void {
  if (callback !== undefined) setImmediate(callback);
}
