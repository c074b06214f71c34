import { failpoint } from "./failpoint.ts";
import type { Hunts } from "./hunts.ts";
import { noteStop } from "./ledger.ts";
import type { Run } from "./run.ts";
import { killInCgroup, killTrees, signalProcess, type TreeTarget } from "./tree.ts";

/** How long the shim may take to record the exit of a program that was killed. */
const LAST_WORD_MS = 500;
/** What lives after a kill is looked for again after this, then after twice this, and so on. */
const KILL_AGAIN_MS = 50;
const KILLS_MAX = 10;
/** From this one on the life fifos are looked for among all open files of all processes. */
const DEEP_FROM = 3;

/** SIGKILL to all that runs have started, again until nothing of it is left. */
export class Kills {
  readonly #hunts: Hunts;
  readonly #due = new Set<Run>();

  constructor(hunts: Hunts) {
    this.#hunts = hunts;
  }

  /** Looking through all processes costs the same for one run as for fifty. */
  add(run: Run): void {
    if (this.#due.size === 0) setImmediate(() => this.#killAll());
    this.#due.add(run);
  }

  forget(run: Run): void {
    this.#due.delete(run);
  }

  #killAll(): void {
    const runs = [...this.#due].filter((run) => run.isSpawned);
    this.#due.clear();
    const shims = runs.filter((run) => run.isStarted && !run.hasExited);
    const spared = shims.flatMap((run) => run.shim?.pid ?? []);
    failpoint("kill.before");
    this.#strike(runs, new Set(spared));
    failpoint("kill.after");
    for (const run of runs) {
      if (run.kills === 0) noteStop(run.files.ledger, "SIGKILL");
      this.#again(run);
    }
    for (const run of shims) awaitLastWord(run);
  }

  /** What has a cgroup dies at once by that; all others, and what lives even then, are looked for. */
  #strike(runs: readonly Run[], spared: ReadonlySet<number>): void {
    const rest = new Map<TreeTarget, Run>();
    for (const run of runs) {
      const target = targetOf(run);
      // Before it has started, its program may be on the way into the cgroup.
      const struck = run.isStarted && run.kills === 0 ? killInCgroup(target) : null;
      if (struck === null) rest.set(target, run);
      else this.#hunts.killed(run, target, struck, false);
    }
    if (rest.size === 0) return;
    const isDeep = [...rest.values()].some((run) => run.kills >= DEEP_FROM);
    const found = killTrees([...rest.keys()], spared, isDeep);
    for (const [target, run] of rest) {
      this.#hunts.killed(run, target, found.get(target) ?? [], run.kills >= KILLS_MAX);
    }
  }

  /** A process may be born and its parent die between two lines of one look at all processes. */
  #again(run: Run): void {
    run.kills += 1;
    if (run.kills > KILLS_MAX) return;
    const timer = setTimeout(() => this.add(run), KILL_AGAIN_MS * run.kills);
    run.watchers.push({ close: () => clearTimeout(timer) });
  }
}

/** What the processes of a run are found by. */
export function targetOf(run: Run): TreeTarget {
  return { shim: run.shim, mark: run.mark, fifo: run.life.tree, cgroup: run.cgroup };
}

/** The shim is to write down how its program ended, and is killed only if it does not. */
function awaitLastWord(run: Run): void {
  if (run.shim !== null) signalProcess(run.shim, "SIGCONT");
  const timer = setTimeout(() => {
    if (!run.hasExited && run.shim !== null) signalProcess(run.shim, "SIGKILL");
  }, LAST_WORD_MS);
  timer.unref();
}
