import { readFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import type { Millis } from "../core/spec.ts";

/** One line of /proc/net/tcp or tcp6. Hosts are 32 hex digits, IPv4 mapped into IPv6. */
export interface TcpRow {
  readonly host: string;
  readonly port: number;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly state: number;
  readonly uid: number;
  /** 0: nobody has accepted it yet, or everybody has closed it. */
  readonly inode: number;
}

/** One line of /proc/net/unix. */
export interface UnixRow {
  readonly path: string;
  readonly inode: number;
  readonly isListening: boolean;
  readonly isConnected: boolean;
}

/** As /proc numbers the states of a TCP connection. */
export const TCP_STATE = { established: 1, timeWait: 6, closeWait: 8, listen: 10 } as const;

/** All TCP sockets of the machine at one moment. */
export interface TcpTable {
  /** Those with this port at either end. */
  at(port: number): readonly TcpRow[];
}

/**
 * A look costs as much as there are connections on this machine, remembered ones too: tens of milliseconds where there
 * are ten thousand. So it is taken once for all who ask together. null: this system does not tell.
 */
export function readTcp(): TcpTable | null {
  const files = ["tcp", "tcp6"].map((name) => readTable(name));
  if (files.every((text) => text === null)) return null;
  return { at: (port) => files.flatMap((text) => (text === null ? [] : rowsIn(text, port))) };
}

/** What was read so recently is given again. */
export function recently<T>(read: () => T, freshMs: Millis): () => T {
  let last: { readonly value: T; readonly at: Millis } | null = null;
  return () => {
    const now = performance.now();
    if (last === null || now - last.at > freshMs) last = { value: read(), at: now };
    return last.value;
  };
}

function rowsIn(text: Buffer, port: number): readonly TcpRow[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  const rows: TcpRow[] = [];
  for (let at = text.indexOf(end); at >= 0; ) {
    const next = text.indexOf(10, at);
    const stop = next < 0 ? text.length : next;
    rows.push(...parseTcp(text.toString("latin1", text.lastIndexOf(10, at) + 1, stop)));
    at = text.indexOf(end, stop);
  }
  return rows;
}

/** The unix sockets whose name ends so; null: this system does not tell. */
export function unixRows(ending: string): readonly UnixRow[] | null {
  const text = readTable("unix");
  if (text === null) return null;
  const lines = text.toString("utf8").split("\n");
  return lines.flatMap((line) => (line.endsWith(ending) ? parseUnix(line) : []));
}

/** An address as the table has it: 32 hex digits. */
export function hostDigits(host: string): string {
  if (isIPv4(host))
    return (
      MAPPED +
      host
        .split(".")
        .map((part) => hex(Number(part), 2))
        .join("")
    );
  const [head = "", tail] = host.replace(/%.*$/, "").split("::");
  const [left, right] = [groupsOf(head), groupsOf(tail ?? "")];
  if (tail === undefined) return left.join("");
  const gap = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0000");
  return [...left, ...gap, ...right].join("");
}

/** Every IPv6 address, and with it every IPv4 one, unless the socket says otherwise. */
export const ANY_IPV6 = "0".repeat(32);
const MAPPED = `${"0".repeat(20)}FFFF`;
export const ANY_IPV4 = `${MAPPED}00000000`;

/** Whether two sockets with one port get in each other's way. */
export function isOverlapping(a: string, b: string): boolean {
  if (a === b || a === ANY_IPV6 || b === ANY_IPV6) return true;
  return (a === ANY_IPV4 && b.startsWith(MAPPED)) || (b === ANY_IPV4 && a.startsWith(MAPPED));
}

function readTable(name: string): Buffer | null {
  try {
    return readFileSync(`/proc/net/${name}`);
  } catch {
    return null;
  }
}

function parseTcp(line: string): readonly TcpRow[] {
  const fields = line.trim().split(/\s+/);
  const [host = "", port = ""] = (fields[1] ?? "").split(":");
  const [remoteHost = "", remotePort = ""] = (fields[2] ?? "").split(":");
  return [
    {
      ...{ host: digitsOf(host), port: Number.parseInt(port, 16) },
      ...{ remoteHost: digitsOf(remoteHost), remotePort: Number.parseInt(remotePort, 16) },
      state: Number.parseInt(fields[3] ?? "", 16),
      ...{ uid: Number(fields[7]), inode: Number(fields[9]) },
    },
  ];
}

/** The kernel writes words of four bytes, in the machine's own order: little-endian on all that Node runs on. */
function digitsOf(words: string): string {
  const turned = (words.match(/.{8}/g) ?? []).map((word) =>
    (word.match(/../g) ?? []).reverse().join(""),
  );
  return words.length === 8 ? MAPPED + turned.join("") : turned.join("");
}

/** `0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/api.sock` */
function parseUnix(line: string): readonly UnixRow[] {
  const match = /^\S+: \S+ \S+ (\S+) (\S+) (\S+)\s+(\d+) (.+)$/.exec(line);
  if (match === null || match[2] !== "0001") return [];
  return [
    {
      path: match[5] ?? "",
      inode: Number(match[4]),
      isListening: (Number.parseInt(match[1] ?? "", 16) & 0x10000) !== 0,
      isConnected: match[3] === "03",
    },
  ];
}

/** Groups of four digits; one may be an IPv4 address. */
function groupsOf(text: string): readonly string[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!isIPv4(group)) return [group.toUpperCase().padStart(4, "0")];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [hex(a * 256 + b, 4), hex(c * 256 + d, 4)];
  });
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
