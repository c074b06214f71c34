import { connect, type Socket } from "node:net";
import { type Accepted, READ_BYTES, readingInto } from "./accepted.ts";
import { Exchange } from "./exchange.ts";
import { proxyHeader } from "./proxy-header.ts";
import type { Upstream } from "./upstreams.ts";

/** What a connection asks of the proxy that it belongs to. */
export interface Owner {
  /** Find it an upstream: `connectTo` or `giveUp` follows, at once or later. */
  place(connection: Connection): void;
  /** An upstream has one connection less. */
  left(upstream: Upstream): void;
  /** An upstream refused it, or broke off before anything was said. */
  refused(upstream: Upstream, error: NodeJS.ErrnoException): void;
  closed(connection: Connection): void;
  readonly saysWho: boolean;
}

/** How long after the upstream's end a client may go on sending, and a client without upstream stay silent. */
const SILENCE_MS_MAX = 60_000;

/** One client's connection, and the upstream that it has at the moment. */
export class Connection {
  readonly client: Socket;
  /** Those that refused since it was last connected. */
  tried: Set<Upstream> | null = null;
  /** When it began to wait for an upstream; 0: it does not. Milliseconds of the proxy's clock. */
  heldSince = 0;
  readonly #owner: Owner;
  readonly #exchange = new Exchange();
  #target: Upstream | null = null;
  #upstream: Socket | null = null;
  /** The path was not there: the port is asked. */
  #isByPort = false;
  /** The upstream is connected, and has been sent what was kept. */
  #isOpen = false;
  /** Bytes have gone to this upstream, or come from it. */
  #isUsed = false;
  /** To leave its upstream when nobody can tell. */
  #isMoving = false;
  /** To end then; where the client can be told, it has been. */
  #isLast = false;
  #hasSaidLast = false;
  #clientEnded = false;
  #kept: Buffer | null = null;

  constructor(accepted: Accepted, owner: Owner) {
    this.#owner = owner;
    this.client = accepted((bytes, length) => this.#fromClient(bytes, length));
    const { client } = this;
    client.on("end", () => this.#onClientEnd());
    client.on("drain", () => this.#upstream?.resume());
    client.on("timeout", () => this.#onSilence());
    client.on("error", () => this.#breakUpstream());
    client.on("close", () => this.#onClientClose());
  }

  get target(): Upstream | null {
    return this.#target;
  }

  /** It will come to a moment of rest. */
  get isMovable(): boolean {
    return this.#exchange.hasBegun && !this.#exchange.isOpaque && !this.#isMoving;
  }

  /** Waits for the client to speak before it is given an upstream again. */
  get isDetached(): boolean {
    return this.#upstream === null && this.heldSince === 0;
  }

  connectTo(target: Upstream): void {
    this.heldSince = 0;
    this.#target = target;
    target.connections += 1;
    this.#isByPort = target.path === null;
    this.#connect(target);
  }

  /** Nobody takes it. */
  giveUp(): void {
    this.client.resetAndDestroy();
  }

  /** Its upstream is to be left: at once, at the next moment of rest, or never where there is none. */
  move(): void {
    if (this.#upstream === null || this.#isMoving) return;
    if (!this.#exchange.hasBegun) return void this.#moveUnused();
    this.#isMoving = true;
    if (this.#exchange.isAtRest) this.#detach();
  }

  /** The proxy leaves: an answer from now on says that it is the last, and then the connection ends. */
  announceEnd(): void {
    this.#isLast = true;
  }

  /** It ends at the next moment of rest, whatever the client was told. */
  finish(): void {
    this.#isLast = true;
    if (this.isDetached) this.client.end();
    else this.move();
  }

  /** It may go on with what it has after all. */
  #connect(target: Upstream): void {
    const onread = readingInto((bytes, length) => this.#fromServer(bytes, length));
    const options = { allowHalfOpen: true, onread };
    const { path, port } = target;
    const upstream =
      path !== null && !this.#isByPort
        ? connect({ ...options, path })
        : connect({ ...options, port: port ?? 0, host: "127.0.0.1", noDelay: true });
    this.#upstream = upstream;
    this.#isOpen = false;
    this.#isUsed = false;
    upstream.on("connect", () => this.#onOpen(upstream));
    upstream.on("drain", () => this.#resumeClient());
    upstream.on("end", () => this.#onServerEnd(upstream));
    upstream.on("error", (error) => this.#onServerError(upstream, error));
    upstream.on("close", () => this.#onServerClose(upstream));
  }

  #onOpen(upstream: Socket): void {
    if (upstream !== this.#upstream) return;
    this.#isOpen = true;
    this.tried = null;
    if (this.#owner.saysWho) upstream.write(proxyHeader(this.client));
    const kept = this.#kept;
    this.#kept = null;
    if (kept !== null) this.#pass(kept, kept.length);
    if (this.#clientEnded) upstream.end();
    this.#resumeClient();
  }

  #resumeClient(): void {
    if (this.#isOpen && this.#kept === null && !this.#clientEnded) this.client.resume();
  }

  /** Returns whether more may be read at once. */
  #fromClient(bytes: Buffer, length: number): boolean {
    if (this.#isOpen && (!this.#isMoving || !this.#exchange.isBetweenRequests)) {
      return this.#pass(bytes, length);
    }
    // It was told that this is over.
    if (this.client.writableEnded) return true;
    this.#keep(bytes, 0, length);
    if (this.isDetached) this.#attach();
    return false;
  }

  #pass(bytes: Buffer, length: number): boolean {
    const upstream = this.#upstream;
    if (upstream === null) return false;
    const exchange = this.#exchange;
    const end = exchange.fromClient(bytes, 0, length, this.#isMoving);
    this.#isUsed = true;
    const text = end === length ? exchange.requestText : null;
    const isRoom =
      text === null ? upstream.write(copied(bytes, end)) : upstream.write(text, "latin1");
    if (end === length) return isRoom;
    this.#keep(bytes, end, length);
    return false;
  }

  #fromServer(bytes: Buffer, length: number): boolean {
    const exchange = this.#exchange;
    this.#isUsed = true;
    exchange.fromServer(bytes, length);
    const { client } = this;
    const at = this.#isLast ? exchange.lastHeaderEnd : 0;
    if (at > 0) {
      this.#hasSaidLast = true;
      client.write(copied(bytes, at));
      client.write("Connection: close\r\n", "latin1");
      const isRoom = client.write(Buffer.from(bytes.subarray(at, length)));
      if (exchange.isAtRest) this.#detach();
      return isRoom;
    }
    const text = exchange.responseText;
    const isRoom =
      text === null ? client.write(copied(bytes, length)) : client.write(text, "latin1");
    if ((this.#isMoving || this.#hasSaidLast) && exchange.isAtRest) this.#detach();
    return isRoom;
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const piece = Buffer.from(bytes.subarray(from, to));
    this.#kept = this.#kept === null ? piece : Buffer.concat([this.#kept, piece]);
  }

  /** The client goes on without an upstream, and is given another when it says something. */
  #detach(): void {
    this.#isMoving = false;
    this.#leave()?.destroy();
    if (this.#isLast && this.#kept === null) return void this.client.end();
    if (this.#clientEnded && this.#kept === null) return void this.client.end();
    if (this.#kept !== null) return void this.#attach();
    this.client.setTimeout(SILENCE_MS_MAX);
    this.client.resume();
  }

  #attach(): void {
    this.client.setTimeout(0);
    this.#owner.place(this);
  }

  /** Nothing was said yet: it may be a protocol in which the server speaks first, so it is given another at once. */
  #moveUnused(): void {
    this.#leave()?.destroy();
    this.#owner.place(this);
  }

  #leave(): Socket | null {
    const [upstream, target] = [this.#upstream, this.#target];
    this.#upstream = null;
    this.#target = null;
    this.#isOpen = false;
    if (target !== null) {
      target.connections -= 1;
      this.#owner.left(target);
    }
    return upstream;
  }

  #onClientEnd(): void {
    this.#clientEnded = true;
    if (this.#isOpen && this.#kept === null) this.#upstream?.end();
    else if (this.isDetached) this.client.end();
  }

  #onClientClose(): void {
    this.#leave()?.destroySoon();
    this.#owner.closed(this);
  }

  /** A reset is passed on as one. */
  #breakUpstream(): void {
    const upstream = this.#leave();
    if (upstream !== null && !upstream.destroyed) reset(upstream);
  }

  #onSilence(): void {
    if (this.#upstream === null) this.client.end();
    else this.client.destroy();
  }

  #onServerEnd(upstream: Socket): void {
    if (upstream !== this.#upstream) return;
    const isAway = this.#isMoving || this.#target?.state !== "ready";
    if (isAway && this.#exchange.hasBegun && this.#exchange.isAtRest) return void this.#detach();
    this.client.end();
    this.client.setTimeout(SILENCE_MS_MAX);
  }

  #onServerError(upstream: Socket, error: NodeJS.ErrnoException): void {
    if (upstream !== this.#upstream) return;
    const target = this.#target;
    if (target === null) return;
    if (!this.#isOpen && !this.#isByPort && target.port !== null) {
      this.#isByPort = true;
      return void this.#connect(target);
    }
    if (this.#isUsed) return void reset(this.client);
    this.#leave();
    this.tried ??= new Set();
    this.tried.add(target);
    this.#owner.refused(target, error);
    this.#owner.place(this);
  }

  #onServerClose(upstream: Socket): void {
    if (upstream !== this.#upstream) return;
    this.#leave();
    this.client.destroySoon();
  }
}

function copied(bytes: Buffer, length: number): Buffer {
  // What was kept is nobody else's.
  if (bytes.length === length && length < READ_BYTES) return bytes;
  return Buffer.from(bytes.subarray(0, length));
}

function reset(socket: Socket): void {
  if (socket.destroyed) return;
  // Only TCP has one.
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
