import type { Socket } from "node:net";
import { RequestError } from "./failure.ts";

/** Together they cost a few megabytes and leave descriptors for what is supervised. */
export const CONNECTIONS_MAX = 256;

/**
 * The open connections. Whoever has not said what he wants holds his place only as long as there is room: a
 * flood of them never keeps somebody out who asks at once.
 */
export class Connections {
  /** In the order in which they came. */
  readonly #silent = new Set<Socket>();
  readonly #asking = new Set<Socket>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** False: every place is taken by a request that was read whole, and the newcomer was told so. */
  admit(socket: Socket): boolean {
    // A client that goes away while it is written to is no fault.
    socket.on("error", () => undefined);
    if (this.#silent.size + this.#asking.size >= this.#max && !this.#makeRoom()) {
      answerRaw(socket, tooMany(this.#max));
      return false;
    }
    this.#silent.add(socket);
    socket.once("close", () => {
      this.#silent.delete(socket);
      this.#asking.delete(socket);
    });
    return true;
  }

  /** Its request has been read whole. */
  asks(socket: Socket): void {
    if (this.#silent.delete(socket)) this.#asking.add(socket);
  }

  all(): readonly Socket[] {
    return [...this.#silent, ...this.#asking];
  }

  #makeRoom(): boolean {
    for (const oldest of this.#silent) {
      this.#silent.delete(oldest);
      oldest.destroy();
      return true;
    }
    return false;
  }
}

/** One whole answer to what is not, or will not be, read as a request; then the connection ends. */
export function answerRaw(socket: Socket, error: RequestError): void {
  if (!socket.writable) return void socket.destroy();
  const body = `${JSON.stringify(error.toReply())}\n`;
  const head = [
    `HTTP/1.1 ${error.status} ${error.status === 503 ? "Service Unavailable" : "Bad Request"}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroySoon());
}

function tooMany(max: number): RequestError {
  return new RequestError(503, "P609", `the supervisor has ${max} clients already`, {
    help: ["end some of them: procs logs -f, procs events -f and attached procs up stay connected"],
  });
}
