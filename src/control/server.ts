import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { answerRaw, CONNECTIONS_MAX, Connections } from "./connections.ts";
import { RequestError } from "./failure.ts";

/** A request that was read whole. */
export interface ControlRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** What the client calls itself in X-Procs-Version, or null. */
  readonly version: string | null;
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown;
}

/** How a request is answered: once with `reply`, or with any number of lines and `end`. */
export interface Responder {
  reply(value: unknown): void;
  /** One NDJSON line; the first one sends the headers. Nothing happens once the client has gone. */
  line(value: unknown): void;
  /** Sends the headers of a stream that has no line yet. */
  open(): void;
  /** Resolves when the last byte has been handed over, or the client has gone. */
  end(): Promise<void>;
  /** Called once when the client goes away before the end; at once when it has gone already. */
  onGone(listener: () => void): void;
}

export type Handler = (request: ControlRequest, responder: Responder) => Promise<void>;

export interface ControlServerOptions {
  readonly socket: string;
  readonly handler: Handler;
  /** A fault of ours: the client got a 500 without details. */
  readonly onFault: (error: unknown) => void;
  /** From connecting until the request has been read whole, in milliseconds. */
  readonly requestMsMax?: number;
  /** How many clients at a time. */
  readonly connectionsMax?: number;
}

export interface ControlServer {
  /** Accepts no more, ends what is open, resolves when all connections are closed. */
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const HEADER_BYTES_MAX = 16 * 1024;
/** What a follower that does not read may leave in memory. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024;
const REQUEST_MS_MAX = 10_000;
/** How long a reply may take to be read by the other side. */
const READ_MS_MAX = 30_000;
/** Node's own check wakes the process twice a minute; each connection has a deadline of ours instead. */
const NEVER_MS = 2 ** 31 - 1;

/** Listens on a unix socket that nobody but this user can open, from its first moment on. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const connections = new Connections(options.connectionsMax ?? CONNECTIONS_MAX);
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    keepAlive: false,
    connectionsCheckingInterval: NEVER_MS,
    requestTimeout: 0,
    headersTimeout: 0,
  });
  // What is sent behind the first request, smuggled or just early, is not acted on.
  server.maxRequestsPerSocket = 1;
  server.on("connection", (socket) => {
    deadline(socket, options.requestMsMax ?? REQUEST_MS_MAX);
    connections.admit(socket);
  });
  const onRead = (socket: Socket) => connections.asks(socket);
  server.on("request", (message, response) => void answer(options, message, response, onRead));
  server.on("checkExpectation", (_message, response) => {
    refuse(response, new RequestError(400, "P608", "there is nothing to expect but 100-continue"));
  });
  server.on("clientError", refuseGarbage);
  await listen(server, options.socket);
  return { close: () => close(server, connections) };
}

async function answer(
  options: ControlServerOptions,
  message: IncomingMessage,
  response: ServerResponse,
  onRead: (socket: Socket) => void,
): Promise<void> {
  const responder = respond(response);
  try {
    const body = await readBody(message);
    cancelDeadline(message.socket);
    onRead(message.socket);
    const url = readUrl(message.url ?? "/");
    const version = message.headers["x-procs-version"];
    const request: ControlRequest = {
      method: message.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      version: typeof version === "string" ? version : null,
      body,
    };
    await options.handler(request, responder);
  } catch (error) {
    const known = error instanceof RequestError ? error : shortage(error);
    if (known === null) options.onFault(error);
    refuse(
      response,
      known ?? new RequestError(500, "P607", "procs made a mistake; supervisor.log says which"),
    );
  }
}

/** The machine has nothing left to answer with: no fault of ours, and over when there is some again. */
function shortage(error: unknown): RequestError | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!["EMFILE", "ENFILE", "ENOMEM", "EAGAIN"].includes(code)) return null;
  const what = code === "EMFILE" || code === "ENFILE" ? "open files" : "memory or processes";
  return new RequestError(503, "P615", `the supervisor may not have more ${what} (${code})`, {
    help: [
      "give the command again; if that does not help, raise the limit (ulimit) and restart it",
    ],
  });
}

/** A path; a whole address is taken too, as HTTP demands. */
function readUrl(given: string): URL {
  try {
    return new URL(given, "http://procs");
  } catch {
    throw new RequestError(400, "P608", `"${given.slice(0, 60)}" is not the path of a request`);
  }
}

function respond(response: ServerResponse): Responder {
  const open = (type: string) => {
    if (response.headersSent) return;
    response.writeHead(200, { "content-type": type, connection: "close" });
    response.flushHeaders();
  };
  return {
    reply(value) {
      open("application/json");
      response.end(`${JSON.stringify(value)}\n`);
      limitReading(response);
    },
    line(value) {
      if (response.destroyed || response.writableEnded) return;
      open("application/x-ndjson");
      response.write(`${JSON.stringify(value)}\n`);
      // Node holds it back until the next tick: what a supervisor does right after this may be its last.
      response.socket?.uncork();
      if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();
    },
    open: () => open("application/x-ndjson"),
    end() {
      open("application/x-ndjson");
      const over = new Promise<void>((resolve) => response.once("close", resolve));
      if (response.destroyed) return Promise.resolve();
      response.end();
      limitReading(response);
      return over;
    },
    onGone(listener) {
      if (response.destroyed && !response.writableFinished) return listener();
      response.once("close", () => {
        if (!response.writableFinished) listener();
      });
    },
  };
}

async function readBody(message: IncomingMessage): Promise<unknown> {
  const bytes = await readBytes(message);
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new RequestError(400, "P608", "the body of the request is not JSON");
  }
}

/** Not with `for await`: leaving that early closes the connection before the refusal was read. */
function readBytes(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooBig = () => reject(new RequestError(413, "P608", "the request is larger than 4 MB"));
    if (Number(message.headers["content-length"] ?? 0) > BODY_BYTES_MAX) return tooBig();
    const chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_BYTES_MAX) return void chunks.push(chunk);
      chunks.length = 0;
      tooBig();
    });
    message.once("end", () => resolve(Buffer.concat(chunks)));
    message.once("close", () => reject(new RequestError(400, "P608", "the request broke off")));
  });
}

function refuse(response: ServerResponse, error: RequestError): void {
  if (response.headersSent) return void response.destroy();
  const body = `${JSON.stringify(error.toReply())}\n`;
  response.writeHead(error.status, { "content-type": "application/json", connection: "close" });
  response.end(body);
  // What the client still sends is read and dropped, so that it can read the reply instead of a reset.
  response.req.resume();
  limitReading(response);
}

/** Not HTTP at all, or headers without end: one clear answer, then the end of the connection. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET") return void socket.destroy();
  answerRaw(socket, new RequestError(400, "P608", "this is not an HTTP request"));
}

const deadlines = new WeakMap<Socket, NodeJS.Timeout>();

/** The connection ends after `limitMs` unless cancelled: a half-open or slow client costs nothing for long. */
function deadline(socket: Socket, limitMs: number): void {
  cancelDeadline(socket);
  const timer = setTimeout(() => socket.destroy(), limitMs);
  timer.unref();
  deadlines.set(socket, timer);
  socket.once("close", () => clearTimeout(timer));
}

function cancelDeadline(socket: Socket): void {
  clearTimeout(deadlines.get(socket));
}

function limitReading(response: ServerResponse): void {
  if (response.socket !== null) deadline(response.socket, READ_MS_MAX);
}

/** The mask stands only during the synchronous bind inside listen(): the socket never has another mode. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const mask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.removeListener("error", reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

function close(server: Server, connections: Connections): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of connections.all()) socket.destroySoon();
    const timer = setTimeout(() => {
      for (const socket of connections.all()) socket.destroy();
    }, 1000);
    timer.unref();
  });
}
