import type { InnerSocket } from "./inside-node.ts";
import { detach, type Served, type Session } from "./served.ts";

/** How often is looked whether connections have come to an end. */
const LOOK_MS = 20;
/**
 * How long a connection without a request is kept: a request that is under way when it is closed is lost.
 * Whoever sends many has sent the next one long before.
 */
const IDLE_MS = 1_000;
/** A client that knows that the session ends opens no more streams on it, one way later. */
const NOTICE_MS = 250;
/** `cluster` may have connections on their way to a worker. */
const FEED_MS = 300;
const LAST_STREAM = 2 ** 31 - 1;

/** Ends the work of servers without cutting anything off. */
export class Drain {
  readonly #servers: readonly Served[];
  readonly #startedAt = performance.now();
  /** Since when a connection is without a request, and how much it had read then. */
  readonly #idle = new Map<InnerSocket, { since: number; bytes: number }>();
  readonly #noticed = new Map<Session, number>();
  #isFed = true;

  constructor(servers: readonly Served[]) {
    this.#servers = servers;
    for (const served of servers) {
      this.#stopAccepting(served);
      lastOnes(served);
    }
  }

  /** Resolves when no request is left, and with `all` no connection either; at the latest after `limitMs`. */
  async until(limitMs: number, all: boolean, isCancelled: () => boolean): Promise<void> {
    while (!isCancelled() && performance.now() - this.#startedAt < limitMs) {
      if (this.#step() === 0 && !(all && this.#open() > 0)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** What is left gets its end; what is under way is cut off. */
  end(): void {
    for (const { connections, sessions } of this.#servers) {
      for (const session of sessions) session.close();
      for (const socket of connections) socket.end();
    }
  }

  #open(): number {
    return this.#servers.reduce((count, { connections }) => count + connections.size, 0);
  }

  #stopAccepting({ server, socket }: Served): void {
    if (socket !== null) socket.hold("drain");
    else if (server._handle?.readStop !== undefined) detach(server);
  }

  /** How many requests, or connections that may bring one, there are still. */
  #step(): number {
    const now = performance.now();
    if (this.#isFed && now - this.#startedAt >= FEED_MS) {
      this.#isFed = false;
      for (const { server, socket } of this.#servers) if (socket === null) detach(server);
    }
    let left = this.#isFed && this.#servers.some(({ socket }) => socket === null) ? 1 : 0;
    for (const served of this.#servers) {
      for (const session of served.sessions) left += this.#endSession(session, now);
      for (const socket of served.connections) left += this.#endIdle(served, socket, now);
    }
    return left;
  }

  #endIdle(served: Served, socket: InnerSocket, now: number): number {
    const kind = kindOf(served, socket);
    if (kind === "raw") return 0;
    if (kind === "busy") {
      this.#idle.delete(socket);
      return 1;
    }
    const known = this.#idle.get(socket);
    const bytes = socket.bytesRead;
    if (known === undefined || known.bytes !== bytes) this.#idle.set(socket, { since: now, bytes });
    // Timers run before what has arrived is read: it is read first.
    else if (now - known.since >= IDLE_MS) setImmediate(() => endStill(served, socket, bytes));
    return 1;
  }

  #endSession(session: Session, now: number): number {
    if (session.destroyed) return 0;
    const since = this.#noticed.get(session);
    if (since === undefined) {
      this.#noticed.set(session, now);
      session.goaway(0, LAST_STREAM);
    } else if (now - since >= NOTICE_MS && !session.closed) session.close();
    return 1;
  }
}

/** The request that comes now is the last of its connection, and so is the one that is being answered. */
function lastOnes({ server, connections }: Served): void {
  const mark = (_: unknown, response: { shouldKeepAlive?: boolean } | undefined) => {
    if (response?.shouldKeepAlive !== undefined) response.shouldKeepAlive = false;
  };
  server.prependListener("request", mark);
  for (const name of ["checkContinue", "checkExpectation"]) {
    if (server.listenerCount(name) > 0) server.prependListener(name, mark);
  }
  for (const { _httpMessage: response } of connections) {
    if (response != null && !response.headersSent) response.shouldKeepAlive = false;
  }
}

/** raw: no requests and answers that we know of; a session of HTTP/2 looks after its own. */
function kindOf({ server }: Served, socket: InnerSocket): "busy" | "idle" | "raw" {
  if (socket._httpMessage != null) return "busy";
  const isHttp = socket.parser != null && server.listenerCount("request") > 0;
  return isHttp && socket.alpnProtocol !== "h2" && !socket.writableEnded ? "idle" : "raw";
}

function endStill(served: Served, socket: InnerSocket, bytes: number): void {
  if (kindOf(served, socket) === "idle" && socket.bytesRead === bytes) socket.end();
}
