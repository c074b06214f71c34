import { readFileSync } from "node:fs";
import type { ListenAddress } from "../core/spec.ts";
import { namesIn } from "../logs/names-in.ts";
import { openAt } from "./connections.ts";
import { socketsOf } from "./holder.ts";
import { readTcp } from "./net-table.ts";
import { hasProc, readLink } from "./tree.ts";

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
 * Whether this instance waits for connections, by what the kernel shows of it: a socket in an epoll set, or a thread
 * that is inside accept(2).
 */
export function isSeenAccepting({ inodes }: Sharing, pids: readonly number[]): boolean {
  return pids.some((pid) => isInEpoll(pid, inodes) || isInAccept(pid, inodes));
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

/**
 * Looks for connections that this instance accepts from now on. A look at the connections of the machine is slow, so it
 * is taken only when a process of the instance has got a new socket.
 */
export class Newcomers {
  readonly #sharing: Sharing;
  readonly #known: Set<number>;

  constructor(sharing: Sharing) {
    this.#sharing = sharing;
    this.#known = new Set(sharing.pids().flatMap(socketsOf));
  }

  /** The inodes of the connections at its addresses that it has accepted since the last look. */
  look(): ReadonlySet<number> {
    const fresh = this.#fresh();
    if (fresh.length === 0) return new Set();
    const open = new Set(openAt(this.#sharing.addresses, readTcp()) ?? []);
    return new Set(fresh.filter((inode) => open.has(inode)));
  }

  /** The local ports of ours to which it has accepted a connection at `port` since the last look. */
  ports(port: number): ReadonlySet<number> {
    const fresh = new Set(this.#fresh());
    if (fresh.size === 0) return new Set();
    const rows = (readTcp()?.at(port) ?? []).filter((row) => fresh.has(row.inode));
    return new Set(rows.filter((row) => row.port === port).map(({ remotePort }) => remotePort));
  }

  #fresh(): readonly number[] {
    const now = this.#sharing.pids().flatMap(socketsOf);
    const fresh = now.filter((inode) => !this.#known.has(inode));
    for (const inode of fresh) this.#known.add(inode);
    return fresh;
  }
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
    const target = readLink(`/proc/${pid}/fd/${Number(fd)}`) ?? "";
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
  return namesIn(`/proc/${pid}/fd`).map((fd) => ({
    fd,
    target: readLink(`/proc/${pid}/fd/${fd}`) ?? "",
  }));
}

function tasks(pid: number): readonly string[] {
  return namesIn(`/proc/${pid}/task`);
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
