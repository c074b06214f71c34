import cluster from "node:cluster";
import { realpathSync } from "node:fs";
import net from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { type InnerServer, onCreateHandle } from "./inside-node.ts";
import type { ServedList } from "./served.ts";
import type { SharedSocket } from "./shared.ts";

/** What a call of `server.listen` asks for, as far as it concerns the sockets of procs. */
interface Wish {
  readonly port: number | null;
  readonly path: string | null;
  readonly fd: number | null;
  readonly host: string | null;
  readonly backlog: number;
  readonly exclusive: boolean;
  readonly signal: AbortSignal | null;
}

/**
 * `server.listen` of every kind of server, with what asks for a socket of procs given that socket. All else
 * is left to Node. Every server that serves one gets into the list, also through `cluster`.
 */
export function patchListen(sockets: readonly SharedSocket[], served: ServedList): void {
  const prototype = net.Server.prototype;
  const original = prototype.listen;
  function listen(this: net.Server, ...args: unknown[]): net.Server {
    const server = this as InnerServer;
    const wish = server._handle == null ? wishOf(args) : null;
    const socket = wish === null ? undefined : find(sockets, wish);
    if (wish !== null && socket !== undefined) {
      // A worker is given its connections by the primary, which has the socket.
      const isFed = cluster.isWorker && !wish.exclusive;
      if (!isFed && serve(server, wish, socket, args)) {
        served.add(server, socket);
        return server;
      }
      if (isFed) served.add(server, null);
    }
    // The arguments are those of the caller, whatever they are.
    return Reflect.apply(original, this, args) as net.Server;
  }
  prototype.listen = listen;
  onCreateHandle((port, path, fd) => {
    const wish = { ...NO_WISH, port: port > 0 ? port : null, path, fd: isNumber(fd) ? fd : null };
    const handle = find(sockets, wish)?.handle() ?? null;
    if (handle !== null) served.lend();
    return handle;
  });
}

/** False: it is taken in this process, or cannot be used; Node then says what it says of such a port. */
function serve(
  server: InnerServer,
  wish: Wish,
  socket: SharedSocket,
  args: readonly unknown[],
): boolean {
  const label = labelOf(wish.host);
  const end = socket.isTaken(label) ? null : socket.open(label);
  if (end === null) return false;
  const callback = args[args.length - 1];
  if (wish.signal !== null) closeOn(server, wish.signal);
  if (typeof callback === "function") server.once("listening", () => callback.call(server));
  const { port, path, host } = socket.given;
  if (path !== null) server._pipeName = wish.path ?? path;
  server._handle = end;
  server._listen2(path ?? host, port ?? -1, path !== null ? -1 : 6, wish.backlog, undefined, 0);
  return true;
}

const NO_WISH: Wish = {
  ...{ port: null, path: null, fd: null, host: null },
  ...{ backlog: 0, exclusive: false, signal: null },
};

/** null: not for us (a handle, any port, nothing at all). */
function wishOf(args: readonly unknown[]): Wish | null {
  const [first, second, third] = args;
  if (typeof first === "object" && first !== null) return wishIn(first);
  const backlog = isNumber(second) ? second : isNumber(third) ? third : 0;
  const port = portOf(first);
  if (port !== null) {
    return { ...NO_WISH, port, host: typeof second === "string" ? second : null, backlog };
  }
  if (typeof first !== "string" || first === "") return null;
  return { ...NO_WISH, path: resolve(first), backlog };
}

function wishIn(options: object): Wish | null {
  const given: Readonly<Record<string, unknown>> = { ...options };
  if ("_handle" in options || "handle" in options) return null;
  const { host, path, backlog, signal, exclusive, fd } = given;
  const port = portOf(given.port);
  if (given.port != null && port === null) return null;
  return {
    port,
    path: port === null && typeof path === "string" ? resolve(path) : null,
    fd: isNumber(fd) && fd >= 0 ? fd : null,
    host: typeof host === "string" ? host : null,
    backlog: isNumber(backlog) ? backlog : 0,
    exclusive: exclusive === true,
    signal: signal instanceof AbortSignal ? signal : null,
  };
}

function portOf(value: unknown): number | null {
  if (typeof value === "string" && value.trim() === "") return null;
  if (typeof value !== "string" && typeof value !== "number") return null;
  const port = Number(value);
  return Number.isInteger(port) && port > 0 ? port : null;
}

/**
 * The file decides where is listened, so a host that the program names chooses only between several sockets
 * of one port.
 */
function find(sockets: readonly SharedSocket[], wish: Wish): SharedSocket | undefined {
  const { port, path, fd, host } = wish;
  if (fd !== null) return sockets.find(({ given }) => given.fd === fd);
  if (path !== null) return sockets.find(({ given }) => isSamePath(given.path, path));
  const fitting = port === null ? [] : sockets.filter(({ given }) => given.port === port);
  const label = labelOf(host);
  return (
    fitting.find(({ given }) => label !== "" && labelOf(given.host) === label) ??
    fitting.find((socket) => !socket.isTaken(label)) ??
    fitting[0]
  );
}

function isSamePath(given: string | null, path: string): boolean {
  if (given === null || basename(given) !== basename(path)) return false;
  return given === path || realPath(given) === realPath(path);
}

function realPath(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

/** "" for all addresses. */
function labelOf(host: string | null): string {
  if (host === null || host === "0.0.0.0" || host === "::") return "";
  return host === "localhost" ? "127.0.0.1" : host;
}

function closeOn(server: net.Server, signal: AbortSignal): void {
  const close = () => void server.close();
  if (signal.aborted) {
    process.nextTick(close);
    return;
  }
  signal.addEventListener("abort", close);
  server.once("close", () => signal.removeEventListener("abort", close));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
