import { readFileSync } from "node:fs";
import type { Millis } from "../core/spec.ts";
import { findProcess, hasProc, listProcesses, markIn, type Process } from "./tree.ts";

type Answer = (orphans: readonly Process[]) => void;

/**
 * Looks for what runs left behind whose life fifos nobody holds any more. What is asked for within `delayMs` is
 * looked for together: a look costs the same for one as for fifty.
 */
export class Orphans {
  readonly #delayMs: Millis;
  readonly #asked: { readonly mark: string; readonly answer: Answer }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(delayMs: Millis) {
    this.#delayMs = delayMs;
  }

  ask(mark: string, answer: Answer): void {
    this.#asked.push({ mark, answer });
    this.#timer ??= setTimeout(() => this.look(), this.#delayMs);
  }

  /** Answers all that was asked, now. */
  look(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const asked = this.#asked.splice(0);
    if (asked.length === 0) return;
    const found = findOrphans(new Set(asked.map((each) => each.mark)));
    for (const each of asked) each.answer(found.get(each.mark) ?? []);
  }
}

/**
 * Live processes with these marks whose parents have died. It finds what has left its session and closed its
 * files, and looks at few processes for that: orphans become children of init, or of the next above them
 * that takes in orphans, which is above us too.
 */
function findOrphans(marks: ReadonlySet<string>): ReadonlyMap<string, readonly Process[]> {
  const found = new Map<string, Process[]>();
  if (!hasProc) return found;
  const parents = new Set([1, ...ancestors()]);
  const known = [...parents].map(childrenOf);
  const pids = known.includes(null)
    ? childrenByLooking(parents)
    : known.flatMap((pids) => pids ?? []);
  for (const pid of pids) {
    const mark = pid === process.pid ? null : markIn(pid);
    const orphan = mark !== null && marks.has(mark) ? findProcess(pid) : null;
    if (mark !== null && orphan !== null) found.set(mark, [...(found.get(mark) ?? []), orphan]);
  }
  return found;
}

function ancestors(): readonly number[] {
  const found = [process.pid];
  for (let pid = process.ppid; pid > 1 && !found.includes(pid); ) {
    found.push(pid);
    pid = findProcess(pid)?.parent ?? 0;
  }
  return found;
}

/** null: this kernel keeps no such list. */
function childrenOf(pid: number): readonly number[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
    return text.split(" ").filter(Boolean).map(Number);
  } catch (error) {
    const isGone = findProcess(pid) === null;
    return isGone || isDenied(error) ? [] : null;
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code !== "ENOENT";
}

function childrenByLooking(parents: ReadonlySet<number>): readonly number[] {
  return listProcesses().flatMap(({ pid, parent }) => (parents.has(parent) ? [pid] : []));
}
