import { closeSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { InstanceId } from "../core/observed.ts";
import type { Millis } from "../core/spec.ts";
import { runFiles } from "../logs/layout.ts";
import { type Member, takeCensus } from "./census.ts";
import { monotonicMs } from "./clock.ts";
import { markOf, readMark } from "./environment.ts";
import { type HeldFifo, openHeld } from "./fifos.ts";
import { type Ledger, NO_LEDGER, readLedger } from "./ledger.ts";
import { lifeFifos } from "./life.ts";
import type { RunContext } from "./run.ts";
import { MAIN_FD, TREE_FD } from "./shim.ts";
import { findProcess, hasProc, type Process } from "./tree.ts";

/** All that can be found of a run that another supervisor started. Whoever takes it closes the two fifos. */
export interface Trace {
  readonly mark: string;
  readonly ledger: Ledger;
  /** Held by the shim alone: the main process has not ended yet, or nobody could write down that it has. */
  readonly main: HeldFifo | null;
  /** Held by everything that it started. */
  readonly tree: HeldFifo | null;
  /** Only where it is beyond doubt that this is the shim, and the program: signals are sent to them. */
  readonly shim: Process | null;
  readonly program: Process | null;
  /** The program's pid: also where that process has gone meanwhile. */
  readonly pid: number | null;
  /** Live processes of it, where they can be found. */
  readonly members: readonly Process[];
}

type Context = Pick<RunContext, "paths" | "projectId">;

/** Looks for what is left of a run: the kernel's word first, then the ledger's. */
export function traceRun(id: InstanceId, census: readonly Member[], context: Context): Trace {
  const ledger = ledgerOfRun(id, context);
  // A renamed run has the mark of its first name.
  const mark = ledger.mark ?? markOf(context.projectId, id);
  const life = lifeFifos(context.paths, id);
  const own = census.filter((each) => each.mark === mark || isFifo(each.fifo, life.tree));
  const shims = own.filter((each) => each.shim !== null).map((each) => each.process);
  const leader = shims.find(({ pid }) => isTrusted(pid, basename(life.main))) ?? null;
  const members = own.map((each) => each.process);
  const tree = openHeld(life.tree) ?? reopened(members, TREE_FD, ".tree");
  const main = mainOf(life.main, leader, tree);
  const told = main === null ? null : pidIn(main.text);
  const noted = ledger.pid ?? told;
  const isWaitedFor = ledger.exit !== null;
  const program = isWaitedFor
    ? null
    : programOf({ pid: noted, leader, isMainHeld: main !== null, members });
  const shim = leader ?? (main === null ? null : shimAbove(program));
  const pid = noted ?? program?.pid ?? null;
  return { mark, ledger, main, tree, shim, program, pid, members };
}

/** Anybody can write a mark into an environment of his own; nobody else has the fifo, or our uid. */
function isTrusted(pid: number, main: string): boolean {
  try {
    if (statSync(`/proc/${pid}`).uid === process.getuid?.()) return true;
    return basename(readlinkSync(`/proc/${pid}/fd/${MAIN_FD}`).replace(DELETED, "")) === main;
  } catch {
    return false;
  }
}

function mainOf(path: string, leader: Process | null, tree: HeldFifo | null): HeldFifo | null {
  try {
    return openHeld(path) ?? reopened(leader === null ? [] : [leader], MAIN_FD, ".main");
  } catch (error) {
    if (tree !== null) closeSync(tree.fd);
    throw error;
  }
}

/** Closes what nobody takes. */
export function dropTrace({ main, tree }: Trace): void {
  for (const held of [main, tree]) if (held !== null) closeSync(held.fd);
}

/** Whether anything of it lives. */
export function isAlive({ main, tree, members }: Trace): boolean {
  return main !== null || tree !== null || members.length > 0;
}

/** Whether its main process does; a run whose fork is under way has one. */
export function isMainAlive({ ledger, main, shim }: Trace): boolean {
  return main !== null || (shim !== null && ledger.exit === null);
}

/**
 * Whether it ever got as far as its program. The shim writes the pid down before that; when even that was lost,
 * its output may be there.
 */
export function hasBegun(id: InstanceId, context: Context): boolean {
  const { service, slot, run } = id;
  const files = runFiles(context.paths.runs, service, slot, run);
  const { pid, exit } = ledgerOfRun(id, context);
  return pid !== null || exit !== null || [files.out, files.err].some((path) => sizeOf(path) > 0);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** When a run that has ended did so, on the monotonic clock; null: nobody can know. */
export function endedAt(id: InstanceId, context: Context): Millis | null {
  try {
    const agoMs = Date.now() - statSync(ledgerOf(id, context)).mtimeMs;
    return monotonicMs() - Math.max(0, agoMs);
  } catch {
    return null;
  }
}

/** One that names a run of another project is not believed, whatever else it says. */
export function ledgerOfRun(id: InstanceId, context: Context): Ledger {
  const ledger = readLedger(ledgerOf(id, context));
  const isForeign = ledger.mark !== null && readMark(context.projectId, ledger.mark) === null;
  return isForeign ? NO_LEDGER : ledger;
}

export function ledgerOf({ service, slot, run }: InstanceId, { paths }: Context): string {
  return runFiles(paths.runs, service, slot, run).ledger;
}

/**
 * A pid that was written down says who it was. It still is him if he carries the mark or the fifo, or is the
 * shim's child; without /proc, if the shim holds its fifo: it has not waited for him then.
 */
function programOf(facts: {
  readonly pid: number | null;
  readonly leader: Process | null;
  readonly isMainHeld: boolean;
  readonly members: readonly Process[];
}): Process | null {
  const { pid, leader, members } = facts;
  if (pid === null) return members.find(({ parent }) => parent === leader?.pid) ?? null;
  const member = members.find((each) => each.pid === pid);
  if (member !== undefined) return member;
  const process = findProcess(pid);
  if (process === null) return null;
  const isChild = leader !== null && process.parent === leader.pid;
  return isChild || (facts.isMainHeld && !hasProc) ? process : null;
}

/** Without /proc: the shim leads the group of its program. */
function shimAbove(program: Process | null): Process | null {
  const parent = program === null ? null : findProcess(program.parent);
  return parent !== null && parent.pid === parent.group ? parent : null;
}

/** The fifos were cleaned away with the runtime folder: what a process still holds can be opened through it. */
function reopened(holders: readonly Process[], fd: number, ending: string): HeldFifo | null {
  for (const { pid } of holders) {
    const path = `/proc/${pid}/fd/${fd}`;
    try {
      if (!readlinkSync(path).replace(DELETED, "").endsWith(ending)) continue;
    } catch {
      continue;
    }
    const held = openHeld(path);
    if (held !== null) return held;
  }
  return null;
}

function isFifo(link: string | null, path: string): boolean {
  return link !== null && link.replace(DELETED, "") === path;
}

const DELETED = / \(deleted\)$/;

function pidIn(text: string): number | null {
  const [, digits] = /^(\d+)\n/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** How often processes without a fifo are looked for. */
const LOOK_EVERY_MS = 100;

/** Calls `onGone` once, when none of them lives any more, nor anything else that carries the mark. */
export function watchProcesses(
  processes: readonly Process[],
  mark: string | null,
  onGone: () => void,
): { close(): void } {
  let rest = processes;
  const look = (): void => {
    rest = rest.filter(({ pid, start }) => findProcess(pid)?.start === start);
    if (rest.length > 0) return;
    // One of them may have had a child since.
    const born = mark === null ? [] : takeCensus().filter((each) => each.mark === mark);
    rest = born.map((each) => each.process);
    if (rest.length > 0) return;
    clearInterval(timer);
    onGone();
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return { close: () => clearInterval(timer) };
}
