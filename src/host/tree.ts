import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Signal } from "../core/spec.ts";
import { isPopulated, killCgroup, pidsIn } from "./cgroup.ts";
import { type Listed, psProcesses } from "./ps.ts";
import { TREE_FD } from "./shim.ts";

/** One process of the machine, as far as it matters here. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** What the kernel calls it: at most 15 letters. */
  readonly name: string;
  /** With the pid this names a process for ever: pids are used again. Ticks since boot, or a date. */
  readonly start: string;
}

/** What the processes of a run have in common; each finds some that the others miss, and the cgroup finds all. */
export interface TreeTarget {
  /** It led session and group. */
  readonly shim: Process | null;
  /** In the environment. */
  readonly mark: string;
  /** The life fifo that all of them inherited, if there is one. */
  readonly fifo: string | null;
  /** The cgroup that is the run's own, if there is one. */
  readonly cgroup?: string | null;
}

/** How often a tree is looked at anew for children born meanwhile. */
const ROUNDS_MAX = 20;

/** The live processes of each run. */
export type Members = ReadonlyMap<TreeTarget, readonly Process[]>;

/**
 * SIGKILLs everything that the runs started, also what left group and session. All are stopped first, and
 * looked for again until there are no new ones, so that none can be born behind our back. `spare`: pids that
 * live on. Returns what was killed.
 */
export function killTrees(
  targets: readonly TreeTarget[],
  spare: ReadonlySet<number>,
  deep = false,
): Members {
  const found = new Map<TreeTarget, Map<number, Process>>(
    targets.map((target) => [target, new Map()]),
  );
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let isGrowing = false;
    for (const [target, members] of membersByTarget(targets, deep)) {
      const known = found.get(target) ?? new Map<number, Process>();
      for (const process of members) {
        if (known.get(process.pid)?.start === process.start || spare.has(process.pid)) continue;
        known.set(process.pid, process);
        signalProcess(process, "SIGSTOP");
        isGrowing = true;
      }
    }
    if (!isGrowing) break;
  }
  for (const { cgroup } of targets) if (cgroup != null) killCgroup(cgroup);
  for (const known of found.values())
    for (const process of known.values()) signalProcess(process, "SIGKILL");
  return new Map([...found].map(([target, known]) => [target, [...known.values()]]));
}

/**
 * SIGKILLs all that is in the cgroup of a run, at once and without a look at any other process. Returns what
 * that was; null: it has no cgroup, or the kernel does not know how.
 */
export function killInCgroup(target: TreeTarget): readonly Process[] | null {
  const { cgroup } = target;
  if (cgroup == null || !isPopulated(cgroup)) return null;
  const members = pidsIn(cgroup).flatMap((pid) => findProcess(pid) ?? []);
  return killCgroup(cgroup) ? members : null;
}

/** Sends a signal to each live process of the runs, and returns them. */
export function signalTrees(targets: readonly TreeTarget[], signal: Signal): Members {
  const found = membersByTarget(targets);
  for (const members of found.values())
    for (const process of members) signalProcess(process, signal);
  return found;
}

/** The live processes of the runs, all together. */
export function membersOf(targets: readonly TreeTarget[]): readonly Process[] {
  return [...membersByTarget(targets).values()].flat();
}

/** Those that have left the group and the session that the shim of the run leads. */
export function outsiders(target: TreeTarget, members: readonly Process[]): readonly Process[] {
  const { shim } = target;
  if (shim === null) return [];
  return members.filter(({ group, session }) => group !== shim.pid && session !== shim.pid);
}

/**
 * The live processes of each run: in its cgroup, of the shim's session or group, with the mark, with the life
 * fifo, or started by one of these. `deep`: looks for the fifo among all open files of all processes, which
 * is slow and for what was not found otherwise.
 */
export function membersByTarget(targets: readonly TreeTarget[], deep = false): Members {
  const found = new Map<TreeTarget, Process[]>(targets.map((target) => [target, []]));
  if (targets.length === 0) return found;
  const all = listProcesses().filter(({ pid }) => pid !== globalThis.process.pid);
  const known = signsOf(targets, all);
  const owners = new Map<number, TreeTarget>();
  for (const process of all) {
    const owner = ownerOf(process, known, deep);
    if (owner !== undefined) owners.set(process.pid, owner);
  }
  addDescendants(owners, all);
  for (const process of all) {
    const owner = owners.get(process.pid);
    if (owner !== undefined) found.get(owner)?.push(process);
  }
  return found;
}

/** What tells whose a process is. */
interface Signs {
  readonly leaders: ReadonlyMap<number, TreeTarget>;
  readonly pids: ReadonlyMap<number, TreeTarget>;
  readonly marks: ReadonlyMap<string, TreeTarget>;
  readonly fifos: ReadonlyMap<string, TreeTarget>;
}

function signsOf(targets: readonly TreeTarget[], all: readonly Process[]): Signs {
  const leaders = new Map<number, TreeTarget>();
  const pids = new Map<number, TreeTarget>();
  const marks = new Map<string, TreeTarget>();
  const fifos = new Map<string, TreeTarget>();
  for (const target of targets) {
    const { shim, mark, fifo, cgroup } = target;
    if (shim !== null && isOurLeader(shim, all)) leaders.set(shim.pid, target);
    if (cgroup != null) for (const pid of pidsIn(cgroup)) pids.set(pid, target);
    // An empty word would name every process that has none.
    if (mark !== "") marks.set(mark, target);
    if (fifo !== null) fifos.set(fifo, target);
  }
  return { leaders, pids, marks, fifos };
}

function ownerOf(process: Process, signs: Signs, deep: boolean): TreeTarget | undefined {
  const { leaders, pids, marks, fifos } = signs;
  const near = leaders.get(process.session) ?? leaders.get(process.group) ?? pids.get(process.pid);
  if (near !== undefined) return near;
  const marked = marks.size === 0 ? undefined : marks.get(markIn(process.pid) ?? "");
  if (marked !== undefined || fifos.size === 0) return marked;
  const held = deep ? filesOf(process.pid) : [fifoOf(process.pid) ?? ""];
  return held.flatMap((path) => fifos.get(path) ?? [])[0];
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
export function identifyChild(pid: number): Listed | null {
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
function parseStat(pid: number, stat: string): Listed {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group, session] = fields;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    name: Buffer.from(
      stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
      "latin1",
    ).toString(),
    start: fields[19] ?? "",
    isDead: state === "Z" || state === "X",
    isStuck: state === "D",
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
  return readLink(`/proc/${pid}/fd/${TREE_FD}`);
}

/** Every file that a process has open, by path; none when we may not look. */
function filesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => readLink(`/proc/${pid}/fd/${fd}`) ?? []);
  } catch {
    return [];
  }
}

/** Where a link leads; null: it is none, or is not ours to read. */
export function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** What a member started is one too, whatever it has shaken off, while its parents live. */
function addDescendants(owners: Map<number, TreeTarget>, all: readonly Process[]): void {
  for (let isGrowing = owners.size > 0; isGrowing; ) {
    isGrowing = false;
    for (const { pid, parent } of all) {
      const owner = owners.get(parent);
      if (owner === undefined || owners.has(pid)) continue;
      owners.set(pid, owner);
      isGrowing = true;
    }
  }
}
