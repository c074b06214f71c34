import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import type { Millis } from "../core/spec.ts";
import { hasProc, type Process, procPids } from "./tree.ts";

/** What a whole tree of processes uses. */
export interface TreeStats {
  /** Percent of one processor since the last sample; null for the first sample of a tree. */
  readonly cpuPercent: number | null;
  /** Resident memory of all its processes, in bytes; pages shared between them count for each. */
  readonly memoryBytes: number;
  readonly processes: number;
}

interface Usage {
  readonly parent: number;
  readonly session: number;
  readonly start: string;
  readonly ticks: number;
  readonly pages: number;
}

/** Ticks of a processor's time in /proc: fixed by the kernel's interface on every architecture of Linux. */
const TICKS_PER_SECOND = 100;

/** A look that is younger than this is given again: in less time a tick of 10 ms is too coarse for a share. */
const FRESH_MS = 1_000;

/** Samples what trees use. One sampler a host: processor time is what came since its last sample. */
export class Sampler {
  #ticks = new Map<string, number>();
  #at: Millis = 0;
  #asked: ReadonlySet<string> = new Set();
  #last: ReadonlyMap<string, TreeStats> = new Map();

  /**
   * One look at all processes for all trees, by the shim that leads each. What left the session counts
   * while its parents live. null without /proc.
   */
  sample(shims: ReadonlyMap<string, Process>): ReadonlyMap<string, TreeStats> | null {
    if (!hasProc) return null;
    const now = performance.now();
    const elapsedMs = now - this.#at;
    const isAskedAgain = [...shims.keys()].every((key) => this.#asked.has(key));
    if (isAskedAgain && elapsedMs < FRESH_MS) return this.#last;
    const usages = readUsages();
    const owners = ownersOf(usages, shims);
    const seen = new Map<string, number>();
    const sums = new Map<
      string,
      { ticks: number; isFirst: boolean; pages: number; count: number }
    >();
    for (const [pid, key] of owners) {
      const usage = usages.get(pid);
      if (usage === undefined) continue;
      const name = `${pid}:${usage.start}`;
      const before = this.#ticks.get(name);
      seen.set(name, usage.ticks);
      const sum = sums.get(key) ?? { ticks: 0, isFirst: true, pages: 0, count: 0 };
      sum.ticks += usage.ticks - (before ?? 0);
      sum.pages += usage.pages;
      sum.count += 1;
      if (before !== undefined) sum.isFirst = false;
      sums.set(key, sum);
    }
    this.#ticks = seen;
    this.#at = now;
    this.#asked = new Set(shims.keys());
    this.#last = new Map([...sums].map(([key, sum]) => [key, statsOf(sum, elapsedMs)]));
    return this.#last;
  }
}

function statsOf(
  sum: { ticks: number; isFirst: boolean; pages: number; count: number },
  elapsedMs: Millis,
): TreeStats {
  const usedMs = (sum.ticks * 1_000) / TICKS_PER_SECOND;
  return {
    cpuPercent: sum.isFirst || elapsedMs <= 0 ? null : (usedMs / elapsedMs) * 100,
    memoryBytes: sum.pages * pageBytes(),
    processes: sum.count,
  };
}

/** Process to tree: by session, else by the nearest parent that belongs to one. */
function ownersOf(usages: ReadonlyMap<number, Usage>, shims: ReadonlyMap<string, Process>) {
  const keys = new Map<number, string>();
  for (const [key, shim] of shims) {
    const now = usages.get(shim.pid);
    if (now === undefined || now.start === shim.start) keys.set(shim.pid, key);
  }
  const owners = new Map<number, string>();
  for (const pid of usages.keys()) {
    const key = ownerOf(pid, usages, keys);
    if (key !== null) owners.set(pid, key);
  }
  return owners;
}

function ownerOf(
  pid: number,
  usages: ReadonlyMap<number, Usage>,
  keys: ReadonlyMap<number, string>,
): string | null {
  let usage = usages.get(pid);
  // Parents may change between two reads, so a circle is possible in theory.
  for (let hops = 0; usage !== undefined && hops < usages.size; hops++) {
    const key = keys.get(usage.session);
    if (key !== undefined) return key;
    usage = usages.get(usage.parent);
  }
  return null;
}

function readUsages(): ReadonlyMap<number, Usage> {
  const usages = new Map<number, Usage>();
  for (const pid of procPids()) {
    try {
      const stat = readStat(pid);
      // The name, in parentheses, may contain anything: fields are counted from behind it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const number = (index: number) => Number(fields[index] ?? 0);
      usages.set(pid, {
        parent: number(1),
        session: number(3),
        ticks: number(11) + number(12),
        start: fields[19] ?? "",
        pages: number(21),
      });
    } catch {
      // It ended while we looked.
    }
  }
  return usages;
}

const statBuffer = Buffer.alloc(4096);

/** One buffer for all: half the time of readFileSync, and `ps` waits for this. */
function readStat(pid: number): string {
  const fd = openSync(`/proc/${pid}/stat`, "r");
  try {
    return statBuffer.toString("latin1", 0, readSync(fd, statBuffer, 0, 4096, 0));
  } finally {
    closeSync(fd);
  }
}

let pageBytesKnown = 0;

/** 4096 nearly everywhere, 16384 or 65536 on some ARM machines. */
function pageBytes(): number {
  if (pageBytesKnown === 0) {
    const kilobytes = /^KernelPageSize: +(\d+) kB/m.exec(
      readFileSync("/proc/self/smaps", "latin1"),
    );
    pageBytesKnown = Number(kilobytes?.[1] ?? 4) * 1_024;
  }
  return pageBytesKnown;
}
