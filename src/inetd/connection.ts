import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";

/** Who is at the other end of a connection, and which of our addresses it came to. */
export interface Ends {
  /** null: a unix socket has no addresses. */
  readonly remote: { readonly address: string; readonly port: number } | null;
  readonly local: { readonly address: string; readonly port: number } | null;
}

/** null: the client has gone already. */
export function endsOf(socket: Socket, isUnix: boolean): Ends | null {
  if (isUnix) return { remote: null, local: null };
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return null;
  const remote = { address: plain(remoteAddress), port: remotePort };
  if (localAddress === undefined || localPort === undefined) return { remote, local: null };
  return { remote, local: { address: plain(localAddress), port: localPort } };
}

/** An IPv4 client of a socket for both is written as in IPv6: `::ffff:127.0.0.1`. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

/** The environment of one connection's process: the names are those of inetd, of systemd and of tcpserver. */
export function connectionEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  { remote, local }: Ends,
): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !OURS.has(entry[0]),
  );
  const own: Record<string, string> = { PROTO: remote === null ? "UNIX" : "TCP" };
  if (remote !== null) {
    own.REMOTE_HOST = own.REMOTE_ADDR = own.TCPREMOTEIP = remote.address;
    own.REMOTE_PORT = own.TCPREMOTEPORT = String(remote.port);
  }
  if (local !== null) {
    own.TCPLOCALIP = local.address;
    own.TCPLOCALPORT = String(local.port);
  }
  return { ...Object.fromEntries(kept), ...own };
}

/** What we were told ourselves, and the sockets that the process of a connection is not given. */
const OURS: ReadonlySet<string> = new Set([
  "PROCS_INETD",
  "PROCS_FILE_LIMIT",
  "PROCS_LISTEN",
  "PROCS_STOP",
  "LISTEN_FDS",
  "LISTEN_PID",
  "LISTEN_FDNAMES",
]);

export interface Started {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Soft limit of open files; null: ours. */
  readonly fileLimit: number | null;
  /** How many listening sockets we have, which the process must not have. */
  readonly sockets: number;
}

/** Starts a process whose standard input and output are the connection. Errors come as `error` or are thrown. */
export function startProcess(socket: Socket, started: Started): ChildProcess {
  const [file, ...args] = throughShell(started);
  return spawn(file, args, {
    env: started.env,
    // A session of its own: the stop signal is for us, and it may finish what it is doing.
    detached: true,
    stdio: [socket, socket, "inherit"],
  });
}

/**
 * A shell gives back the limit that Node has raised and closes the listening sockets, then becomes the program.
 * It drops variables that it cannot spell: env(1) sets those again.
 */
function throughShell({ argv, env, fileLimit, sockets }: Started): [string, ...string[]] {
  const closed = Array.from({ length: Math.min(sockets, 6) }, (_, index) => `${3 + index}<&-`);
  const limit = fileLimit === null ? "" : `ulimit -Sn ${fileLimit} 2>/dev/null; `;
  const odd = Object.entries(env).filter(([name]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  const pairs = odd.map(([name, value]) => `${name}=${value}`);
  const before = pairs.length === 0 ? [] : ["/usr/bin/env", ...pairs];
  const text = `${limit}exec "$@" ${closed.join(" ")}`;
  return ["/bin/sh", "-c", text, "procs", ...before, ...argv];
}
