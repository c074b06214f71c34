import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { ListenAddress } from "../core/spec.ts";
import { connectionsIn } from "./connections.ts";
import { socketsOf } from "./holder.ts";
import { TCP_STATE, tcpRows } from "./net-table.ts";
import { hasProc } from "./tree.ts";

/** Sockets that several instances may share, and which of all processes are the one instance that is asked about. */
export interface Sharing {
  readonly addresses: readonly ListenAddress[];
  /** Of the sockets that it was given. */
  readonly inodes: ReadonlySet<number>;
  /** The processes of this instance now. */
  pids(): readonly number[];
  /** No other instance has these sockets: whoever answers is this one. */
  isAlone(): boolean;
}

/**
 * Whether this instance waits for connections, by what the kernel shows of it: a socket in an epoll set, a thread that
 * is inside accept(2), or a connection that it has accepted.
 */
export function isSeenAccepting({ inodes, addresses }: Sharing, pids: readonly number[]): boolean {
  if (pids.some((pid) => isInEpoll(pid, inodes) || isInAccept(pid, inodes))) return true;
  return (connectionsIn(addresses, [pids])[0] ?? 0) > 0;
}

/** Whether it may be waiting for connections in a way that does not show: poll(2), select(2), or a system without /proc. */
export function mayBeAccepting(pids: readonly number[]): boolean {
  const calls = WAITING[process.arch];
  if (calls === undefined || !hasProc) return true;
  return pids.some((pid) => {
    const now = tasks(pid).map((task) => read(`/proc/${pid}/task/${task}/syscall`));
    return now.some((text) => text === "" || calls.includes(Number(text.split(" ")[0])));
  });
}

export type Accepted = "this" | "other" | "nobody" | "unknown";

/**
 * Who has accepted connections of ours to `port`, by the local port of each. nobody: it still waits. unknown: it was
 * accepted and closed before we could look, or this system does not tell.
 */
export function acceptedBy(pids: readonly number[], port: number): (localPort: number) => Accepted {
  const rows = (tcpRows(port) ?? []).filter((row) => row.port === port);
  const own = new Set(pids.flatMap(socketsOf));
  return (localPort) => {
    const row = rows.find(({ remotePort }) => remotePort === localPort);
    if (row === undefined) return "unknown";
    if (row.inode === 0) return row.state === TCP_STATE.established ? "nobody" : "unknown";
    return own.has(row.inode) ? "this" : "other";
  };
}

function isInEpoll(pid: number, inodes: ReadonlySet<number>): boolean {
  return descriptors(pid).some(({ fd, target }) => {
    if (target !== "anon_inode:[eventpoll]") return false;
    const info = read(`/proc/${pid}/fdinfo/${fd}`);
    return [...info.matchAll(/ ino:([0-9a-f]+)/g)].some(([, ino = ""]) =>
      inodes.has(Number.parseInt(ino, 16)),
    );
  });
}

/** `288 0x3 ...`: the number of the system call, and the descriptor that it was given. */
function isInAccept(pid: number, inodes: ReadonlySet<number>): boolean {
  const calls = ACCEPT[process.arch];
  if (calls === undefined) return false;
  return tasks(pid).some((task) => {
    const [call = "", fd = ""] = read(`/proc/${pid}/task/${task}/syscall`).split(" ");
    if (!calls.includes(Number(call))) return false;
    const target = link(`/proc/${pid}/fd/${Number(fd)}`);
    return target.startsWith("socket:[") && inodes.has(Number(target.slice(8, -1)));
  });
}

/** Numbers of system calls, by the kind of processor. */
type SystemCalls = Readonly<Partial<Record<string, readonly number[]>>>;

/** accept and accept4. */
const ACCEPT: SystemCalls = {
  x64: [43, 288],
  arm64: [202, 242],
};

/** poll, select, pselect6 and ppoll. */
const WAITING: SystemCalls = {
  x64: [7, 23, 270, 271],
  arm64: [72, 73],
};

function descriptors(pid: number): readonly { readonly fd: string; readonly target: string }[] {
  return list(`/proc/${pid}/fd`).map((fd) => ({ fd, target: link(`/proc/${pid}/fd/${fd}`) }));
}

function tasks(pid: number): readonly string[] {
  return list(`/proc/${pid}/task`);
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
