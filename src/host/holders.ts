import { fstatSync, readFileSync } from "node:fs";
import { addressText } from "../core/address.ts";
import type { ListenAddress } from "../core/spec.ts";
import { describeProcess, type Holder, ownersOf, userName } from "./holder.ts";
import { holderByLsof } from "./lsof.ts";
import {
  hostDigits,
  isOverlapping,
  readTcp,
  TCP_STATE,
  type TcpTable,
  unixRows,
} from "./net-table.ts";
import { SocketError } from "./raw-sockets.ts";
import { socketWords } from "./socket-words.ts";
import { hasProc } from "./tree.ts";

/** An address that a service is to listen on. */
export interface Wanted {
  readonly service: string;
  readonly address: ListenAddress;
  readonly backlog: number;
}

/** An address that cannot be had. */
export interface Taken {
  readonly service: string;
  /** As `addressText` says it. */
  readonly address: string;
  /** null: it cannot be seen, or nobody has it and something else is in the way. */
  readonly holder: Holder | null;
  /** Follows `port 3000 is`: `taken by node server.js (pid 2865, user ana, in ~/old-shop)`. */
  readonly reason: string;
  /** Those who have it are runs of this very project, whose supervisor and guardian died together. */
  readonly isOurs?: boolean;
}

/** What is ours already. */
export interface OwnView {
  readonly projectId: string;
  readonly held: readonly { readonly fd: number }[];
}

/**
 * Which of these somebody has, as far as can be seen without touching anything. `any`: connections that go out from
 * such a port count too, as they do for a bind.
 */
export function findTaken(
  wanted: readonly Wanted[],
  own: OwnView,
  what: "listening" | "any" = "listening",
): readonly Taken[] {
  if (!hasProc) return wanted.flatMap(takenByLsof);
  const ownInodes = new Set(own.held.map(({ fd }) => fstatSync(fd).ino));
  const table = wanted.some(({ address }) => address.kind === "tcp") ? readTcp() : null;
  const listeners = wanted.map(({ address }) =>
    socketsAt(address, what, table).filter(({ inode }) => !ownInodes.has(inode)),
  );
  const owners = ownersOf(new Set(listeners.flat().map(({ inode }) => inode)));
  return wanted.flatMap((each, index) => {
    const found = listeners[index] ?? [];
    const [first] = found;
    if (first === undefined) return needsRoot(each) ? [denied(each)] : [];
    const pids = found.flatMap(({ inode }) => owners.get(inode) ?? []);
    return [takenBy(each, pids, first.uid, own)];
  });
}

/** Without /proc: who has it, not whose it is. */
function takenByLsof({ service, address }: Wanted): readonly Taken[] {
  const holder = holderByLsof(address);
  if (holder === null) return [];
  const reason = `taken by ${holderWords(holder)}`;
  return [{ service, address: addressText(address), holder, reason }];
}

interface Found {
  readonly inode: number;
  readonly uid: number | null;
}

function socketsAt(
  address: ListenAddress,
  what: "listening" | "any",
  table: TcpTable | null,
): readonly Found[] {
  if (address.kind === "unix") {
    const rows = (unixRows(address.path) ?? []).filter(({ path }) => path === address.path);
    return rows.flatMap(({ isListening, inode }) => (isListening ? [{ inode, uid: null }] : []));
  }
  const host = hostDigits(address.host ?? "::");
  const rows = (table?.at(address.port) ?? []).filter(
    (row) => row.port === address.port && row.inode !== 0 && isOverlapping(row.host, host),
  );
  const listening = rows.filter(({ state }) => state === TCP_STATE.listen);
  return listening.length > 0 || what === "listening" ? listening : rows;
}

function takenBy(
  { service, address }: Wanted,
  pids: readonly number[],
  uid: number | null,
  { projectId }: OwnView,
): Taken {
  const at = { service, address: addressText(address) };
  const all = pids.map(describeProcess).filter((found) => found !== null);
  // The program rather than the shells around it; of those that share it, the one that was there first.
  const [best] = [...all].sort(
    (a, b) =>
      Number(a.isShim) - Number(b.isShim) || (a.holder.startedAt ?? 0) - (b.holder.startedAt ?? 0),
  );
  if (best === undefined) {
    const who = uid === null ? "another process" : `a process of user ${userName(uid)}`;
    return { ...at, holder: null, reason: `taken by ${who}` };
  }
  const isOurs = all.every(({ mark }) => mark?.startsWith(`${projectId}:`) === true);
  const taken = { ...at, holder: best.holder, reason: `taken by ${holderWords(best.holder)}` };
  return isOurs ? { ...taken, isOurs } : taken;
}

/** `node server.js (pid 2865, user ana, in /home/ana/old-shop)`. */
function holderWords({ pid, command, user, cwd, project }: Holder): string {
  const facts = [
    `pid ${pid}`,
    ...(user === null ? [] : [`user ${user}`]),
    ...(project === null
      ? []
      : [`${project.service ?? "a service"} of the project in ${project.folder}`]),
    ...(cwd === null || project !== null ? [] : [`in ${cwd}`]),
  ];
  return `${command ?? "a process"} (${facts.join(", ")})`;
}

/** A low port that the system keeps for root. */
function needsRoot({ address }: Wanted): boolean {
  return address.kind === "tcp" && address.port < lowestPort() && process.geteuid?.() !== 0;
}

function denied({ service, address }: Wanted): Taken {
  const reason = socketWords(new SocketError("EACCES"), address);
  return { service, address: addressText(address), holder: null, reason };
}

function lowestPort(): number {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "latin1"));
  } catch {
    return 1_024;
  }
}
