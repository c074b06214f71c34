import { readFileSync, readlinkSync } from "node:fs";
import { type Cgroups, NO_CGROUPS } from "./cgroups.ts";
import { TREE_FD } from "./shim.ts";
import { hasProc, listProcesses, type Process } from "./tree.ts";

/** A live process that belongs to a run of some project, by what it carries. */
export interface Member {
  readonly process: Process;
  /** PROCS_ID in its environment, or that of the run whose cgroup it is in; null: neither. */
  readonly mark: string | null;
  /** What is open where a life fifo would be. */
  readonly fifo: string | null;
  /** The shim of a run: it leads the session, and its environment has what the program never sees. */
  readonly shim: ShimFacts | null;
}

/** What only a shim's environment tells. */
export interface ShimFacts {
  /** See `digestOf`. */
  readonly digest: string | null;
  readonly key: string | null;
}

/**
 * One look at all processes of the machine, however many runs are asked about. Empty where there is no
 * /proc: then the fifos and the ledgers are all that is known.
 */
export function takeCensus(cgroups: Pick<Cgroups, "members"> = NO_CGROUPS): readonly Member[] {
  if (!hasProc) return [];
  const members = cgroups.members();
  return listProcesses().flatMap((process) => {
    if (process.pid === globalThis.process.pid) return [];
    const environment = environmentOf(process.pid);
    const mark = valueIn(environment, "PROCS_ID") ?? members.get(process.pid) ?? null;
    const fifo = fifoOf(process.pid);
    if (mark === null && fifo === null) return [];
    const isShim = process.pid === process.session && valueIn(environment, "PROCS_SHIM") !== null;
    const shim = isShim
      ? { digest: valueIn(environment, "PROCS_DIGEST"), key: valueIn(environment, "PROCS_KEY") }
      : null;
    return [{ process, mark, fifo, shim }];
  });
}

let recent: readonly Member[] | null = null;

/** The same look for all who ask before anything else can happen: a supervisor that begins asks several questions at once. */
export function recentCensus(cgroups: Pick<Cgroups, "members">): readonly Member[] {
  if (recent === null) {
    recent = takeCensus(cgroups);
    queueMicrotask(() => {
      recent = null;
    });
  }
  return recent;
}

/** With a NUL before each variable; empty for a process that cannot be looked into. */
function environmentOf(pid: number): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, "latin1")}`;
  } catch {
    return "";
  }
}

function valueIn(environment: string, name: string): string | null {
  const head = `\0${name}=`;
  const at = environment.indexOf(head);
  if (at < 0) return null;
  const from = at + head.length;
  const end = environment.indexOf("\0", from);
  const value = environment.slice(from, end < 0 ? undefined : end);
  return Buffer.from(value, "latin1").toString("utf8");
}

function fifoOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/fd/${TREE_FD}`);
  } catch {
    return null;
  }
}
