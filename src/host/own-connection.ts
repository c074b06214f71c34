import { connect, type LookupFunction, type Socket } from "node:net";
import type { ListenAddress } from "../core/spec.ts";
import { Newcomers, type Sharing } from "./accepting.ts";

/** Where a probe connects: a port of this machine or another one, or a path. */
export type Destination =
  | { readonly path: string }
  | { readonly port: number; readonly host: string | null };

/** Where clients of this machine reach a socket. */
export function destinationOf(address: ListenAddress): Destination {
  if (address.kind === "unix") return { path: address.path };
  const { host, port } = address;
  return { port, host: host === "0.0.0.0" || host === "::" ? null : host };
}

function connectTo(to: Destination): Socket {
  if ("path" in to) return connect(to.path);
  const { host, port } = to;
  return connect(host === null ? { host: "localhost", lookup: lookupLocal, port } : { host, port });
}

/** `localhost` means this machine, whichever of its two addresses the program listens on. */
const lookupLocal: LookupFunction = (_host, options, callback) => {
  const both = [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ];
  if (options.all === true) callback(null, both);
  else callback(null, "127.0.0.1", 4);
};

/** So many connections are made in a round: whoever has some leaves the next ones to others. */
const ROUNDS: readonly number[] = [1, 2, 4, 8, 16, 16];
const ROUND_MS = 80;
const LOOK_MS = 10;

/**
 * A connection that this very instance has accepted, of the several that share the socket. Those that others took are
 * kept open until ours is there, so that it is its turn. Rejects with what went wrong; null: others always took them.
 */
export async function connectToInstance(
  to: { readonly port: number; readonly host: string | null },
  sharing: Sharing,
  signal: AbortSignal,
): Promise<Socket | null> {
  const newcomers = new Newcomers(sharing);
  const made: Socket[] = [];
  let ours: Socket | null = null;
  try {
    for (const count of ROUNDS) {
      const round = Array.from({ length: count }, () => opened(to, signal));
      made.push(...(await Promise.all(round)));
      for (const until = performance.now() + ROUND_MS; performance.now() < until; ) {
        const ports = newcomers.ports(to.port);
        ours = made.find(({ localPort }) => ports.has(localPort ?? 0)) ?? null;
        if (ours !== null || signal.aborted) return ours;
        await pause(LOOK_MS);
      }
    }
    return null;
  } finally {
    for (const socket of made) if (socket !== ours) socket.destroy();
  }
}

/** Connected; what goes wrong later is the business of whoever uses it. */
export function opened(to: Destination, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTo(to);
    const give = (): void => void socket.destroy();
    signal.addEventListener("abort", give, { once: true });
    socket.once("close", () => signal.removeEventListener("abort", give));
    socket.once("connect", () => resolve(socket));
    socket.on("error", reject);
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
