import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Signal } from "../core/spec.ts";
import { TREE_FD } from "./shim.ts";

/** One process of the machine, as far as it matters here. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** With the pid this names a process for ever: pids are used again. Ticks since boot, or a date. */
  readonly start: string;
}

/** What the processes of a run have in common; each of the three finds some that the others miss. */
export interface TreeTarget {
  /** It led session and group. */
  readonly shim: Process | null;
  /** In the environment. */
  readonly mark: string;
  /** The life fifo that all of them inherited, if there is one. */
  readonly fifo: string | null;
}

/** How often a tree is looked at anew for children born meanwhile. */
const ROUNDS_MAX = 20;

/**
 * SIGKILLs everything that the runs started, also what left group and session, except what `spare` names.
 * All are stopped first, and looked for again until there are no new ones, so that none can be born
 * behind our back. Returns how many were killed.
 */
export function killTrees(targets: readonly TreeTarget[], spare: ReadonlySet<number>): number {
  const found = new Map<number, Process>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const fresh = membersOf(targets).filter(({ pid }) => !found.has(pid) && !spare.has(pid));
    if (fresh.length === 0) break;
    for (const process of fresh) {
      found.set(process.pid, process);
      signalProcess(process, "SIGSTOP");
    }
  }
  for (const process of found.values()) signalProcess(process, "SIGKILL");
  return found.size;
}

/** Sends a signal to each live process of the runs. */
export function signalTrees(targets: readonly TreeTarget[], signal: Signal): void {
  for (const process of membersOf(targets)) signalProcess(process, signal);
}

/** The live processes of the runs: of the shim's session or group, with the mark, or with the life fifo. */
export function membersOf(targets: readonly TreeTarget[]): readonly Process[] {
  if (targets.length === 0) return [];
  const all = listProcesses();
  const leaders = new Set<number>();
  for (const { shim } of targets) {
    if (shim !== null && isOurLeader(shim, all)) leaders.add(shim.pid);
  }
  // An empty word would name every process that has none.
  const marks = new Set(targets.map((target) => target.mark).filter((mark) => mark !== ""));
  const fifos = new Set(targets.flatMap((target) => target.fifo ?? []));
  const below = hasProc ? new Set<number>() : descendants(leaders, all);
  return all.filter((process) => {
    if (process.pid === globalThis.process.pid) return false;
    if (leaders.has(process.session) || leaders.has(process.group)) return true;
    if (below.has(process.pid)) return true;
    const mark = markIn(process.pid);
    if (mark !== null && marks.has(mark)) return true;
    const fifo = fifos.size === 0 ? null : fifoOf(process.pid);
    return fifo !== null && fifos.has(fifo);
  });
}

/** What a live process carries of a run. */
export interface Carrier {
  readonly pid: number;
  readonly mark: string | null;
  readonly fifo: string | null;
}

/** Every other live process that carries a mark or has something open where a life fifo would be. */
export function listCarriers(): readonly Carrier[] {
  return listProcesses().flatMap(({ pid }) => {
    const [mark, fifo] = [markIn(pid), fifoOf(pid)];
    const isOne = pid !== globalThis.process.pid && (mark !== null || fifo !== null);
    return isOne ? [{ pid, mark, fifo }] : [];
  });
}

/** Sends a signal to exactly this process: never to another one that has its pid by now. */
export function signalProcess(target: Process, signal: Signal): boolean {
  if (findProcess(target.pid)?.start !== target.start) return false;
  return signalPid(target.pid, signal);
}

/** Sends a signal to a pid, or with a minus to a group, that is known to be ours. False: nobody there. */
export function signalPid(pid: number, signal: Signal): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** The process with this pid now, or null. A dead one whose parent has not looked yet counts as none. */
export function findProcess(pid: number): Process | null {
  const process = identifyChild(pid);
  return process === null || process.isDead ? null : process;
}

/** The same for a child of ours that nobody has waited for: dead or alive, its pid is still its own. */
export function identifyChild(pid: number): (Process & { readonly isDead: boolean }) | null {
  if (!hasProc) return psProcesses(["-p", String(pid)])[0] ?? null;
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return null;
  }
}

/** Every live process of the machine. */
export function listProcesses(): readonly Process[] {
  if (!hasProc) return psProcesses(["-ax"]).filter((process) => !process.isDead);
  return procPids().flatMap((pid) => findProcess(pid) ?? []);
}

/** The numbers in /proc. */
export function procPids(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => name >= "0" && name <= ":")
    .map(Number);
}

/** Whether this is a Linux, with /proc; elsewhere `ps` is asked, which sees no environment marks. */
export const hasProc = process.platform === "linux" && findSelf();

function findSelf(): boolean {
  try {
    return readFileSync("/proc/self/stat", "latin1").length > 0;
  } catch {
    return false;
  }
}

/** The name, in parentheses, may contain anything: fields are counted from behind it. */
function parseStat(pid: number, stat: string): Process & { readonly isDead: boolean } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group, session] = fields;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    start: fields[19] ?? "",
    isDead: state === "Z" || state === "X",
  };
}

/**
 * A session lives on in its members after its leader has died, and only then can a stranger not have its
 * number. A leader of that number that began at another time is a stranger, with a session of its own.
 */
function isOurLeader(shim: Process, all: readonly Process[]): boolean {
  const now = all.find(({ pid }) => pid === shim.pid);
  return now === undefined || now.start === shim.start;
}

/** PROCS_ID in the environment that a process was started with; null when it has none, or hides it. */
export function markIn(pid: number): string | null {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, "latin1")}`;
    const at = environment.indexOf("\0PROCS_ID=");
    if (at < 0) return null;
    const end = environment.indexOf("\0", at + 1);
    const value = environment.slice(at + 10, end < 0 ? undefined : end);
    return Buffer.from(value, "latin1").toString("utf8");
  } catch {
    return null;
  }
}

function fifoOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/fd/${TREE_FD}`);
  } catch {
    return null;
  }
}

function descendants(roots: ReadonlySet<number>, all: readonly Process[]): Set<number> {
  const below = new Set<number>();
  let isGrowing = true;
  while (isGrowing) {
    const next = all.filter(
      (p) => !below.has(p.pid) && (roots.has(p.parent) || below.has(p.parent)),
    );
    for (const { pid } of next) below.add(pid);
    isGrowing = next.length > 0;
  }
  return below;
}

/** Without /proc. Sessions are not shown as numbers there, so the group stands in for them. */
function psProcesses(
  which: readonly string[],
): readonly (Process & { readonly isDead: boolean })[] {
  const args = [...which, "-o", "pid=,ppid=,pgid=,stat=,lstart="];
  try {
    const text = execFileSync("ps", args, { encoding: "utf8", timeout: 5_000 });
    return text.split("\n").flatMap(parsePs);
  } catch {
    return [];
  }
}

function parsePs(line: string): readonly (Process & { readonly isDead: boolean })[] {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
  if (match === null) return [];
  const [pid = 0, parent = 0, group = 0] = match.slice(1, 4).map(Number);
  const isDead = match[4]?.startsWith("Z") === true;
  return [{ pid, parent, group, session: group, start: match[5] ?? "", isDead }];
}
