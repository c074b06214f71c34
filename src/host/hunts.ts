import type { Hunted } from "../core/observed.ts";
import type { Run } from "./run.ts";
import { identifyChild, outsiders, type Process, type TreeTarget } from "./tree.ts";

/** So many are named; the rest is counted. */
const NAMED_MAX = 10;

type Emit = (run: Run, event: Hunted & { readonly kind: "hunted" }) => void;

/** What had to be looked for to end runs: told as it is found, never during a call of the host. */
export class Hunts {
  readonly #emit: Emit;
  readonly #found = new WeakMap<Run, Map<string, Process>>();
  /** Those that a kill has been sent to. */
  readonly #killed = new WeakMap<Run, Set<string>>();

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** Live processes of a run that were sent a signal; those of its own group need no word. */
  found(run: Run, target: TreeTarget, members: readonly Process[]): void {
    const known = this.#found.get(run) ?? new Map<string, Process>();
    this.#found.set(run, known);
    const before = known.size;
    for (const process of outsiders(target, members)) known.set(nameOf(process), process);
    if (known.size > before) this.#tell(run, [...known.values()], false);
  }

  /** The same of a kill. `isLast`: it should not have been needed; what it found again lives on all the same. */
  killed(run: Run, target: TreeTarget, members: readonly Process[], isLast: boolean): void {
    this.found(run, target, members);
    const before = this.#killed.get(run) ?? new Set<string>();
    const again = members.filter((process) => before.has(nameOf(process)));
    this.#killed.set(run, new Set([...before, ...members.map(nameOf)]));
    // New ones only: they were born meanwhile, and have had their first kill now.
    if (isLast && (again.length > 0 || members.length === 0)) this.#tell(run, again, true);
  }

  #tell(run: Run, processes: readonly Process[], lasting: boolean): void {
    const named = processes.slice(0, NAMED_MAX).map(({ pid, name }) => {
      const isStuck = lasting && identifyChild(pid)?.isStuck === true;
      return { pid, name, ...(isStuck ? { stuck: true } : {}) };
    });
    const more = processes.length - named.length;
    queueMicrotask(() => this.#emit(run, { kind: "hunted", processes: named, more, lasting }));
  }
}

function nameOf({ pid, start }: Process): string {
  return `${pid}:${start}`;
}
