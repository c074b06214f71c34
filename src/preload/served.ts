import type net from "node:net";
import type { InnerServer, InnerSocket, ListenHandle } from "./inside-node.ts";
import type { SharedSocket } from "./shared.ts";

/** A session of HTTP/2, as far as it concerns us. */
export interface Session {
  readonly closed: boolean;
  readonly destroyed: boolean;
  goaway(code?: number, lastStream?: number): void;
  close(): void;
  destroy(): void;
}

/** A server on a socket of procs, and the connections that it has. */
export interface Served {
  readonly server: InnerServer;
  /** null: `cluster` gives it its connections. */
  socket: SharedSocket | null;
  readonly connections: Set<InnerSocket>;
  readonly sessions: Set<Session>;
}

/** All servers of this thread that are on a socket of procs, from their `listen` on. */
export class ServedList {
  /** How many connections they have. */
  connections = 0;
  /** Connections came or went. */
  onTraffic: () => void = () => {};
  /** A server came, or the last one went. */
  onServers: () => void = () => {};
  /** Workers of this process accept on a socket that it has lent them. */
  #isLent = false;
  /** A server accepts by itself. */
  onShared: () => void = () => {};
  /** What comes in meanwhile is no client: it does not count. */
  #isPrivate = false;
  readonly #uncounted = new WeakSet<net.Socket>();
  readonly #known = new WeakMap<net.Server, Served>();
  readonly #open = new Set<Served>();

  get open(): readonly Served[] {
    return [...this.#open];
  }

  /** This process has something to end before it ends itself. */
  get isBusy(): boolean {
    return this.#open.size > 0 || this.#isLent;
  }

  lend(): void {
    this.#isLent = true;
    this.onServers();
  }

  privately(run: () => void): void {
    this.#isPrivate = true;
    run();
    this.#isPrivate = false;
  }

  add(server: net.Server, socket: SharedSocket | null): void {
    const known = this.#known.get(server);
    const served = known ?? this.#follow(server);
    served.socket = socket;
    this.#open.add(served);
    this.onServers();
    if (socket !== null) this.onShared();
  }

  /** A server outlives its closing: it may listen again. */
  #follow(server: net.Server): Served {
    const served: Served = {
      // The same object; its inside is not in the types of Node.
      server: server as InnerServer,
      ...{ socket: null, connections: new Set<InnerSocket>(), sessions: new Set<Session>() },
    };
    this.#known.set(server, served);
    server.on("connection", (socket: InnerSocket) => this.#opened(served, socket));
    server.on("secureConnection", (socket: InnerSocket) => this.#opened(served, socket));
    server.on("session", (session: Session & NodeJS.EventEmitter) => {
      served.sessions.add(session);
      session.once("close", () => served.sessions.delete(session));
    });
    server.on("close", () => {
      this.#open.delete(served);
      this.onServers();
    });
    return served;
  }

  #opened(served: Served, socket: InnerSocket): void {
    const isPrivate = this.#isPrivate || this.#uncounted.has(socket._parent ?? socket);
    if (isPrivate) this.#uncounted.add(socket);
    served.connections.add(socket);
    this.#count(isPrivate ? 0 : 1);
    socket.once("close", () => {
      served.connections.delete(socket);
      this.#count(isPrivate ? 0 : -1);
    });
  }

  #count(change: number): void {
    if (change === 0) return;
    this.connections += change;
    this.onTraffic();
  }
}

/** Gives up a handle that is not ours, so that the program can still close its server as it is used to. */
export function detach(server: InnerServer): void {
  const handle = server._handle;
  if (handle === null || handle === undefined) return;
  const name = {};
  const hasName = handle.getsockname?.(name) === 0;
  const getsockname = (out: object) => {
    Object.assign(out, name);
    return 0;
  };
  const empty: ListenHandle = {
    onconnection: null,
    listen: () => 0,
    close: (callback) => void (callback === undefined ? null : setImmediate(callback)),
    ref: () => {},
    unref: () => {},
    ...(hasName ? { getsockname } : {}),
  };
  server._handle = empty;
  handle.close();
}
