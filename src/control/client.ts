import { connect, Socket } from "node:net";
import { EXIT, UserError, userError } from "../errors.ts";
import { VERSION } from "../version.ts";
import type { ErrorReply } from "./failure.ts";
import { distrust } from "./trust.ts";
import { LineReader, type ReplyHead, ReplyReader } from "./wire.ts";

/** One request to the supervisor behind `socket`. */
export interface ClientRequest {
  readonly socket: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  /** What to call ourselves; this package's version unless a test says otherwise. */
  readonly version?: string;
}

export interface StreamRequest extends ClientRequest {
  /** The reply has begun: the supervisor has taken the request. */
  readonly onOpen?: () => void;
  readonly onValue: (value: unknown) => void;
  /** Aborting closes the connection and resolves with "aborted". */
  readonly signal?: AbortSignal;
}

/** How a stream ended: whole, cut off because the supervisor went away, or by our own signal. */
export type StreamEnd = "whole" | "cut" | "aborted";

const ANSWER_MS_MAX = 15_000;

/**
 * The JSON answer to one request, or null when nobody listens. Rejects with UserError when the request is
 * refused, when the socket belongs to somebody else (P605), or when no answer comes (P609).
 */
export async function call(request: ClientRequest): Promise<unknown> {
  const first = await attempt(request);
  if (first !== CUT) return first;
  // It was just leaving: a moment later nobody listens any more, or a new one does.
  await new Promise((resolve) => setTimeout(resolve, CUT_PAUSE_MS));
  const second = await attempt(request);
  if (second === CUT) throw passing("ended the connection without an answer");
  return second;
}

const CUT = Symbol("the connection ended without an answer");
const CUT_PAUSE_MS = 100;

function attempt(request: ClientRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const exchange = open(request, {
      onHead: () => undefined,
      onBody: (bytes) => chunks.push(bytes),
      onEnd: (end) => {
        clearTimeout(timer);
        if (end.kind === "absent") return resolve(null);
        if (end.kind === "refused") return reject(end.error);
        if (end.kind === "cut") return resolve(CUT);
        const answer = parse(Buffer.concat(chunks).toString("utf8"));
        if (answer === undefined) return reject(silent("gave an answer that is not one of procs"));
        resolve(answer);
      },
    });
    const timer = setTimeout(() => {
      reject(passing(`has not answered for ${ANSWER_MS_MAX / 1000}s`));
      exchange.destroy();
    }, ANSWER_MS_MAX);
  });
}

/** Follows a stream of NDJSON to its end; null when nobody listens. Rejects as `call` does. */
export function stream(request: StreamRequest): Promise<StreamEnd | null> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    if (signal?.aborted === true) return resolve("aborted");
    const lines = new LineReader(request.onValue);
    const abort = () => {
      resolve("aborted");
      exchange.destroy();
    };
    const exchange = open(request, {
      onHead: () => request.onOpen?.(),
      onBody: (bytes) => lines.push(bytes),
      onEnd: (end) => {
        signal?.removeEventListener("abort", abort);
        if (end.kind === "refused") return reject(end.error);
        resolve(end.kind === "absent" ? null : end.kind);
      },
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}

type End =
  | { readonly kind: "whole" }
  | { readonly kind: "cut" }
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly error: Error };

interface Exchange {
  onHead(): void;
  onBody(bytes: Buffer): void;
  /** Exactly once. */
  onEnd(end: End): void;
}

function open(request: ClientRequest, exchange: Exchange): Socket {
  const stranger = distrust(request.socket);
  const socket = stranger === null ? connect(request.socket) : new Socket();
  if (stranger !== null) socket.destroy(stranger);
  let over = false;
  const finish = (end: End) => {
    if (over) return;
    over = true;
    socket.destroy();
    exchange.onEnd(end);
  };
  let head: ReplyHead | null = null;
  const refusal: Buffer[] = [];
  const reader = new ReplyReader({
    head(read) {
      head = read;
      if (read.status === 200) exchange.onHead();
    },
    body: (bytes) => (head?.status === 200 ? exchange.onBody(bytes) : void refusal.push(bytes)),
    end() {
      if (head?.status === 200) return finish({ kind: "whole" });
      finish({ kind: "refused", error: refused(Buffer.concat(refusal).toString("utf8")) });
    },
  });
  socket.on("connect", () => socket.write(encode(request)));
  socket.on("data", (bytes) => {
    try {
      reader.push(bytes);
    } catch (error) {
      finish({ kind: "refused", error: asError(error) });
    }
  });
  socket.on("close", () => finish(reader.close() ? { kind: "whole" } : { kind: "cut" }));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error === stranger) finish({ kind: "refused", error });
    if (head === null) finish(unreachableEnd(error, request.socket));
  });
  return socket;
}

function encode(request: ClientRequest): string {
  const body = request.body === undefined ? "" : JSON.stringify(request.body);
  const head = [
    `${request.method} ${request.path} HTTP/1.1`,
    "host: procs",
    `x-procs-version: ${request.version ?? VERSION}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** No socket, or one that nobody listens on any more: nothing runs. */
function unreachableEnd(error: NodeJS.ErrnoException, path: string): End {
  switch (error.code) {
    case "ENOENT":
    case "ECONNREFUSED":
    case "ENOTDIR":
      return { kind: "absent" };
    case "EACCES":
    case "EPERM":
      return {
        kind: "refused",
        error: userError(EXIT.supervisor, "P605", `you may not talk to this supervisor: ${path}`, {
          notes: ["the socket belongs to the user who started the project"],
          help: ["run procs as that user"],
        }),
      };
    default:
      // EPIPE and ECONNRESET: it went away while we wrote; what it said before that still counts.
      return { kind: "cut" };
  }
}

function refused(body: string): Error {
  const reply = readError(body);
  if (reply === null) return silent("gave an answer that is not one of procs");
  const [first, ...more] = reply.diagnostics ?? [];
  if (first !== undefined) return new UserError(reply.exit, [first, ...more]);
  const help = reply.help === undefined ? {} : { help: reply.help };
  return userError(reply.exit, reply.code, reply.message, help);
}

function readError(body: string): ErrorReply | null {
  // The server sends nothing but an ErrorReply with a status other than 200; what we need is looked at.
  const reply = parse(body) as Partial<ErrorReply> | null | undefined;
  if (typeof reply?.message !== "string" || typeof reply.exit !== "number") return null;
  return reply as ErrorReply;
}

/** undefined, which no JSON stands for, when the text is none. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const passingOnes = new WeakSet<object>();

function passing(what: string): UserError {
  const error = silent(what);
  passingOnes.add(error);
  return error;
}

/** Whether the supervisor gave no answer at all: it may be about to be replaced, and can be asked again. */
export function mayPass(error: unknown): boolean {
  return typeof error === "object" && error !== null && passingOnes.has(error);
}

function silent(what: string): UserError {
  return userError(EXIT.supervisor, "P609", `the supervisor of this project ${what}`, {
    notes: ["its supervisor.log says what it last did"],
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
