import net from "node:net";

/**
 * What is taken hold of inside Node, in one place. All of it is there from Node 18 to 24 and is what `cluster`
 * is made of; `canShare` looks whether it still is.
 */
export interface ListenHandle {
  readonly fd?: number;
  onconnection: ((this: ListenHandle, error: number, client: ClientHandle) => void) | null;
  listen(backlog: number): number;
  close(callback?: () => void): void;
  ref(): void;
  unref(): void;
  hasRef?(): boolean;
  /** A path has none. */
  getsockname?(out: object): number;
  /** A listening handle that was opened from a descriptor accepts while it reads. */
  readStart?(): number;
  readStop?(): number;
}

export interface ClientHandle {
  close(): void;
}

/** A server of net, as it is inside. */
export type InnerServer = net.Server & {
  _handle: ListenHandle | null;
  _pipeName?: string;
  /** Serves `_handle` when there is one: what `cluster` calls in a worker. */
  _listen2(
    address: string | null,
    port: number,
    addressType: number,
    backlog: number,
    fd: number | undefined,
    flags: number | undefined,
  ): void;
};

/** A connection of an HTTP server, as it is inside. */
export type InnerSocket = net.Socket & {
  /** The response that is being made on it. */
  readonly _httpMessage?: { shouldKeepAlive: boolean; readonly headersSent: boolean } | null;
  /** HTTP is still spoken on it: no upgrade has taken it away. */
  readonly parser?: object | null;
  readonly alpnProtocol?: string | false | null;
  /** What TLS is spoken over. */
  readonly _parent?: net.Socket | null;
};

type CreateHandle = (
  address: string | null,
  port: number,
  addressType: number,
  fd: number | undefined,
  flags?: number,
) => ListenHandle | number;

interface InnerNet {
  _createServerHandle?: CreateHandle;
}

// They are no part of the types of Node.
const inner = net as typeof net & InnerNet;

export function canShare(): boolean {
  const prototype = net.Server.prototype as Partial<InnerServer>;
  return (
    typeof inner._createServerHandle === "function" && typeof prototype._listen2 === "function"
  );
}

/** A handle on a descriptor that listens already; null when it cannot be had. */
export function openListening(fd: number): ListenHandle | null {
  const handle = createHandle?.(null, 0, 0, fd) ?? -1;
  if (typeof handle === "number") return null;
  if (handle.readStart !== undefined && handle.readStop !== undefined) return handle;
  handle.close();
  return null;
}

/** A new socket at a path, not listening yet; null when it cannot be had. */
export function bindPath(path: string): ListenHandle | null {
  const handle = createHandle?.(path, -1, -1, undefined) ?? -1;
  return typeof handle === "number" ? null : handle;
}

/** The first one: what is put in its place must not be asked by us. */
const createHandle = inner._createServerHandle;

/** `cluster` asks this for the handle that its workers are to share. */
export function onCreateHandle(
  instead: (port: number, path: string | null, fd: number | null) => ListenHandle | null,
): void {
  if (createHandle === undefined) return;
  inner._createServerHandle = (address, port, addressType, fd, flags) => {
    const path = port === -1 && addressType === -1 ? address : null;
    return instead(port, path, fd ?? null) ?? createHandle(address, port, addressType, fd, flags);
  };
}
