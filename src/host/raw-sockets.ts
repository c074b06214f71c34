import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import * as net from "node:net";
import { getSystemErrorName } from "node:util";
import type { ListenAddress } from "../core/spec.ts";
import { descriptorFlags } from "./descriptors.ts";
import { SHIM_SHELL } from "./ledger.ts";

/**
 * All of Node that is not documented and that sockets need: binding without accepting, and hearing of a connection
 * without taking it. Present and working in Node 20, 22 and 24; where it is missing, `listen` is refused in words.
 */
export class RawListener {
  readonly fd: number;
  /** Made when it was bound by us; never closed by itself, as it would take the file of a unix socket with it. */
  readonly #bound: Handle | null;
  #waker: Waker | null = null;
  #isClosed = false;

  private constructor(fd: number, bound: Handle | null) {
    this.fd = fd;
    this.#bound = bound;
  }

  /** Throws a SocketError. Clients may connect from here on, and wait until a program accepts. */
  static bind(address: ListenAddress, backlog: number): RawListener {
    const handle = createBound(address);
    try {
      check(listenQuietly(handle, backlog));
    } catch (error) {
      handle.close();
      throw error;
    }
    const listener = new RawListener(handle.fd, handle);
    makeBlocking([handle.fd]);
    return listener;
  }

  /** One that was inherited: a plain number, as a handle would change its flags for whoever accepts on it. */
  static inherited(fd: number): RawListener {
    return new RawListener(fd, null);
  }

  /** Changes how many may wait. False: not now, for it is not ours to touch while somebody accepts on it. */
  setBacklog(backlog: number): boolean {
    return this.#bound !== null && listenQuietly(this.#bound, backlog) === 0;
  }

  /**
   * Calls back once, as soon as a connection waits; later, never during this call. The descriptor is non-blocking from
   * here on, for everybody who has it: only to be asked for while nobody accepts.
   */
  wake(onConnection: () => void): void {
    this.#waker ??= new Waker(this.fd);
    this.#waker.arm(onConnection);
  }

  /** Waits no more, and gives the descriptor back as programs expect it. */
  rest(): void {
    if (this.#waker?.disarm() === true) makeBlocking([this.fd]);
  }

  /** Ours is closed; the socket itself once nobody else has it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The event loop must forget the number before somebody else is given it.
    if (this.#waker !== null) this.#waker.close();
    else closeSync(this.fd);
  }
}

/** What the system says to a bind or listen. */
export class SocketError extends Error {
  /** `EADDRINUSE`, `EACCES`, `EMFILE`, ...; `UNSUPPORTED`: this Node cannot do it. */
  readonly code: string;

  constructor(code: string, message: string = code) {
    super(message);
    this.code = code;
  }
}

/**
 * Programs expect descriptors that wait. The flag belongs to the socket, not to the number, so a child clears it for
 * everybody: libuv does, for what becomes the standard input, output and error of a program. Done when this returns.
 */
export function makeBlocking(fds: readonly number[]): void {
  const wrong = fds.filter((fd) => isNonBlocking(fd));
  for (let at = 0; at < wrong.length; at += 3) {
    const three = wrong.slice(at, at + 3);
    const stdio = [0, 1, 2].map((index) => three[index] ?? ("ignore" as const));
    const child = spawn(SHIM_SHELL, ["-c", ":"], { stdio, env: {}, cwd: "/" });
    // Without a process to spare they stay as they are: the next start tries again.
    child.on("error", () => undefined);
    child.unref();
  }
}

/** Also where that cannot be seen. */
function isNonBlocking(fd: number): boolean {
  try {
    return ((descriptorFlags(fd) ?? 0) & O_NONBLOCK) !== 0;
  } catch {
    return true;
  }
}

const O_NONBLOCK = 0o4000;

/** A second handle on the same socket, which was never told to listen: reading from it fails as soon as one waits. */
class Waker {
  readonly #socket: net.Socket;
  readonly #handle: Handle;
  readonly #fd: number;
  #onConnection: (() => void) | null = null;
  #isArmed = false;
  /** A failed read leaves it unreadable until it is opened again. */
  #isSpent = false;

  constructor(fd: number) {
    const socket = new net.Socket({ fd, readable: true, writable: false, manualStart: true } as {
      // Node's types lack `manualStart`, which cluster and child_process use.
      fd: number;
    });
    // The handle is there, and not in the types: it is what this file is about.
    const handle = (socket as { _handle?: Partial<Handle> })._handle;
    if (!isHandle(handle)) throw unsupported();
    this.#socket = socket;
    this.#handle = handle;
    this.#fd = fd;
  }

  arm(onConnection: () => void): void {
    if (this.#isSpent) this.#handle.open(this.#fd);
    this.#isSpent = false;
    this.#onConnection = onConnection;
    this.#handle.onread = () => {
      this.#isSpent = true;
      const told = this.#onConnection;
      this.disarm();
      told?.();
    };
    this.#isArmed = true;
    check(this.#handle.readStart());
    this.#handle.unref();
  }

  /** Whether it was armed. */
  disarm(): boolean {
    const wasArmed = this.#isArmed;
    this.#isArmed = false;
    this.#onConnection = null;
    if (wasArmed) this.#handle.readStop();
    return wasArmed;
  }

  close(): void {
    this.disarm();
    this.#handle.close();
    this.#socket.on("error", () => undefined);
  }
}

interface Handle {
  readonly fd: number;
  onread: () => void;
  onconnection: () => void;
  open(fd: number): number;
  listen(backlog: number): number;
  readStart(): number;
  readStop(): number;
  getsockname?(out: object): number;
  unref(): void;
  close(): void;
}

function createBound(address: ListenAddress): Handle {
  if (address.kind === "unix") {
    // The file has its mode from the first moment on.
    const mask = process.umask(0o777 & ~address.mode);
    try {
      return create(address.path, -1, -1);
    } finally {
      process.umask(mask);
    }
  }
  const { host, port } = address;
  if (host !== null) return create(host, port, host.includes(":") ? 6 : 4);
  try {
    return create("::", port, 6);
  } catch (error) {
    const code = error instanceof SocketError ? error.code : "";
    if (!NO_IPV6.has(code)) throw error;
    return create("0.0.0.0", port, 4);
  }
}

/** What a machine without IPv6 says, in its several ways. */
const NO_IPV6: ReadonlySet<string> = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL", "EINVAL"]);

function create(host: string, port: number, type: number): Handle {
  // Not in the types: cluster has used it since there is one.
  const { _createServerHandle: createHandle } = net as { _createServerHandle?: CreateHandle };
  if (createHandle === undefined) throw unsupported();
  const handle = createHandle(host, port, type, -1);
  if (typeof handle === "number") throw systemError(handle);
  if (!isHandle(handle)) throw unsupported();
  // That an address is taken is told late; asking for the name tells it.
  const late = handle.getsockname?.({}) ?? 0;
  if (late !== 0) {
    handle.close();
    throw systemError(late);
  }
  return handle;
}

type CreateHandle = (host: string, port: number, type: number, fd: number) => number | object;

/** listen(2), and in the same turn of the loop an end to what Node would do about connections. */
function listenQuietly(handle: Handle, backlog: number): number {
  // Opening what it has already makes it readable in libuv's eyes, and only so can it be stopped.
  const opened = handle.open(handle.fd);
  if (opened !== 0) return opened;
  handle.onconnection = () => undefined;
  const listens = handle.listen(backlog);
  if (listens !== 0) return listens;
  handle.readStart();
  handle.readStop();
  handle.unref();
  return 0;
}

function isHandle(handle: object | undefined): handle is Handle {
  if (handle === undefined) return false;
  const has = (name: string): boolean => name in handle;
  return "fd" in handle && typeof handle.fd === "number" && NEEDED.every(has);
}

const NEEDED: readonly string[] = ["open", "listen", "readStart", "readStop", "unref", "close"];

function check(code: number): void {
  if (code !== 0) throw systemError(code);
}

function systemError(code: number): SocketError {
  return new SocketError(getSystemErrorName(code));
}

function unsupported(): SocketError {
  const words = `Node ${process.version} cannot hold a socket without accepting on it`;
  return new SocketError("UNSUPPORTED", `not to be had: ${words}; Node 20, 22 and 24 can`);
}
