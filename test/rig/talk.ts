import { connect, type Socket } from "node:net";
import { until } from "./until.ts";

/** A client that keeps all that it is sent. */
export interface Client {
  readonly socket: Socket;
  text(): string;
  has(text: string): Promise<void>;
  /** How it ended: `end`, the code of an error, or null while it goes on. */
  end(): string | null;
  ends(): Promise<string>;
}

export function client(port: number): Client {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  let end: string | null = null;
  socket.setEncoding("latin1");
  socket.on("data", (part) => {
    text += part;
  });
  socket.on("end", () => {
    end ??= "end";
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    end ??= error.code ?? error.message;
  });
  const client = {
    ...{ socket, text: () => text, end: () => end },
    has: async (part: string) => {
      await until(
        () => `"${part}" has come; "${text}" has, and ${end ?? "no end"}`,
        () => text.includes(part),
      );
    },
    ends: () => until("the connection has ended", () => end),
  };
  return client;
}

const CRLF = "\r\n";
export const GET = `GET / HTTP/1.1${CRLF}Host: a${CRLF}${CRLF}`;

/** Answers each request of a keep-alive connection with its name; `/slow` only once it is let. */
export function named(
  name: string,
  wait: Promise<void> = Promise.resolve(),
): (socket: Socket) => void {
  return (socket) => {
    socket.on("data", async (bytes) => {
      for (const request of bytes.toString("latin1").split(/(?<=\r\n\r\n)/)) {
        if (request.includes("/slow")) await wait;
        socket.write(
          `HTTP/1.1 200 OK${CRLF}Content-Length: ${name.length + 1}${CRLF}${CRLF}${name}.`,
        );
      }
    });
    socket.on("end", () => socket.end());
  };
}

export function echo(socket: Socket): void {
  socket.pipe(socket);
}

export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((done) => {
    open = done;
  });
  return { opened, open: () => open() };
}
