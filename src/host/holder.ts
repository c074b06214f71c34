import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { uptime } from "node:os";
import { dirname } from "node:path";
import { formatCommand } from "../core/units.ts";
import { folderId } from "../paths.ts";
import { findProcess, hasProc, procPids, readLink } from "./tree.ts";

/** The process that has a socket. */
export interface Holder {
  readonly pid: number;
  readonly command: string | null;
  readonly user: string | null;
  /** Milliseconds since 1970. */
  readonly startedAt: number | null;
  readonly cwd: string | null;
  /** The project of procs that it belongs to; service null: its supervisor has it, for a service that does not run. */
  readonly project: { readonly folder: string; readonly service: string | null } | null;
}

/** A holder, and what it is to us. */
export interface Described {
  readonly holder: Holder;
  /** What it carries as PROCS_ID. */
  readonly mark: string | null;
  /** A shell of ours around a program. */
  readonly isShim: boolean;
}

/** The processes that have these sockets, as far as we may look into them. */
export function ownersOf(inodes: ReadonlySet<number>): ReadonlyMap<number, readonly number[]> {
  const owners = new Map<number, number[]>();
  if (inodes.size === 0 || !hasProc) return owners;
  for (const pid of procPids()) {
    for (const inode of socketsOf(pid)) {
      if (!inodes.has(inode)) continue;
      const pids = owners.get(inode) ?? [];
      if (!pids.includes(pid)) pids.push(pid);
      owners.set(inode, pids);
    }
  }
  return owners;
}

/** The inodes of the sockets that a process has open; none where we may not look. */
export function socketsOf(pid: number): readonly number[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((fd) => inodeAt(`${folder}/${fd}`));
  } catch {
    return [];
  }
}

function inodeAt(path: string): readonly number[] {
  try {
    const target = readlinkSync(path);
    return target.startsWith("socket:[") ? [Number(target.slice(8, -1))] : [];
  } catch {
    return [];
  }
}

/** What people are told of a process; null: it has ended. */
export function describeProcess(pid: number): Described | null {
  const process = findProcess(pid);
  if (process === null) return null;
  const argv = wordsOf(pid, "cmdline");
  const environment = wordsOf(pid, "environ");
  const value = (name: string): string | null =>
    environment.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  const mark = value("PROCS_ID");
  const cwd = readLink(`/proc/${pid}/cwd`);
  const holder = {
    ...{ pid, cwd, user: userOf(pid), startedAt: startedAt(Number(process.start)) },
    command: argv.length === 0 ? null : formatCommand(argv),
    project: projectOf(mark, cwd, argv),
  };
  return { holder, mark, isShim: value("PROCS_SHIM") !== null };
}

/** `ana`, or the number where it has no name. */
export function userName(uid: number): string {
  try {
    const line = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((entry) => entry.split(":")[2] === String(uid));
    return line?.split(":")[0] ?? String(uid);
  } catch {
    return String(uid);
  }
}

/** A mark has only the name of the folder in digits: the folder is one above where the program works, or a guardian's. */
function projectOf(mark: string | null, cwd: string | null, argv: readonly string[]) {
  if (mark === null) {
    const folder = guardedBy(argv);
    return folder === null ? null : { folder, service: null };
  }
  const [, id = "", service = ""] = /^([0-9a-f]+)-[0-9a-f]+:(.+)\.\d+\.\d+$/.exec(mark) ?? [];
  if (id === "") return null;
  const folder = [...above(cwd), ...guardedFolders()].find((path) => folderId(path) === id);
  return folder === undefined ? null : { folder, service };
}

/** The folder that a guardian, or the supervisor that it started, cares for. */
function guardedBy(argv: readonly string[]): string | null {
  const isGuardian = argv[3] === "procs guardian";
  const isSupervisor = argv.at(-2)?.endsWith("/supervisor/main.js") === true;
  return isGuardian || isSupervisor ? (argv.at(-1) ?? null) : null;
}

function guardedFolders(): readonly string[] {
  return procPids().flatMap((pid) => guardedBy(wordsOf(pid, "cmdline")) ?? []);
}

function above(cwd: string | null): readonly string[] {
  if (cwd === null) return [];
  const parent = dirname(cwd);
  return parent === cwd ? [cwd] : [cwd, ...above(parent)];
}

function wordsOf(pid: number, file: "cmdline" | "environ"): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

function userOf(pid: number): string | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return userName(Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1]));
  } catch {
    return null;
  }
}

/** From ticks since the boot, a hundred a second. */
function startedAt(ticks: number): number | null {
  if (!Number.isFinite(ticks)) return null;
  return Math.round(Date.now() - uptime() * 1_000 + ticks * 10);
}
