import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Exit, Oom } from "../core/observed.ts";

/** What is known of a run when its program has ended. */
export interface OomFacts {
  /** The program itself. */
  readonly pid: number | null;
  /** `oomKills()` when the run was started; null: it could not be asked. */
  readonly killsBefore: number | null;
  /** procs sent it SIGKILL itself. */
  readonly wasKilled: boolean;
  /** The cgroup that is the run's own. */
  readonly cgroup: string | null;
}

/** Where the kernel tells of what it killed; another place in tests. */
export interface OomSources {
  readonly vmstat: string;
  readonly kmsg: string;
}

const SOURCES: OomSources = { vmstat: "/proc/vmstat", kmsg: "/dev/kmsg" };

/** The exit with whether it was for lack of memory. Reads nothing for an exit that cannot have been. */
export function withOom(exit: Exit, facts: OomFacts, sources: OomSources = SOURCES): Exit {
  if (exit.kind !== "code" && exit.kind !== "signal") return exit;
  if (exit.kind === "code" && exit.code === 0) return exit;
  const oom = oomOf(isSigkill(exit), facts, sources);
  return oom === null ? exit : { ...exit, oom };
}

/** How many processes the kernel of this machine has killed for lack of memory; null: it does not say. */
export function oomKills(sources: OomSources = SOURCES): number | null {
  return countIn(sources.vmstat);
}

function oomOf(isKill: boolean, facts: OomFacts, sources: OomSources): Oom | null {
  if (facts.wasKilled) return isKill ? "none" : null;
  const own = facts.cgroup === null ? null : countIn(join(facts.cgroup, "memory.events"));
  if (own !== null && own > 0) return "sure";
  if (!isKill) return null;
  const now = oomKills(sources);
  if (now === null || facts.killsBefore === null) return null;
  const fresh = now - facts.killsBefore;
  if (fresh <= 0) return "none";
  return killedPids(sources.kmsg, fresh).includes(facts.pid ?? 0) ? "sure" : "probable";
}

/** A shell reports the SIGKILL of its own child as 137. */
function isSigkill(exit: Exit & { readonly kind: "code" | "signal" }): boolean {
  return exit.kind === "signal" ? exit.signal === "SIGKILL" : exit.code === 137;
}

function countIn(path: string): number | null {
  try {
    const found = /^oom_kill (\d+)$/m.exec(readFileSync(path, "latin1"));
    return found === null ? null : Number(found[1]);
  } catch {
    return null;
  }
}

const RECORD_BYTES_MAX = 8_192;

/** The last pids that the kernel's log names as killed for lack of memory; none when we may not read it. */
function killedPids(kmsg: string, count: number): readonly number[] {
  const pids: number[] = [];
  for (const record of readRecords(kmsg)) {
    const found = record.matchAll(/out of memory.*: Killed process (\d+) /gi);
    for (const [, pid] of found) pids.push(Number(pid));
  }
  return pids.slice(-count);
}

/** Each read gives one record; at the end, where others would wait, EAGAIN. */
function* readRecords(kmsg: string): Generator<string> {
  let fd = -1;
  try {
    fd = openSync(kmsg, constants.O_RDONLY | constants.O_NONBLOCK);
    const record = Buffer.alloc(RECORD_BYTES_MAX);
    for (;;) {
      const bytes = readNext(fd, record);
      if (bytes === 0) return;
      if (bytes !== null) yield record.toString("latin1", 0, bytes);
    }
  } catch {
    // Not for us to read, or at its end.
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** null: records were overwritten before we came to them, and reading goes on at the oldest that is there. */
function readNext(fd: number, into: Buffer): number | null {
  try {
    return readSync(fd, into);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EPIPE") return null;
    throw error;
  }
}
