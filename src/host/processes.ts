import { assert } from "../assert.ts";
import type { Event } from "../core/event.ts";
import type { Exit, InstanceId } from "../core/observed.ts";
import type { ServiceSpec, Signal, StopSettings } from "../core/spec.ts";
import { type Switch, switchTo } from "./account.ts";
import { createFifos, type Fifos, watchFifo } from "./fifos.ts";
import { readLedger } from "./ledger.ts";
import { freePort } from "./port.ts";
import { openReporter } from "./reports.ts";
import {
  checkRun,
  newRun,
  type Run,
  type RunContext,
  renameRun,
  type SpawnedRun,
  spawnRun,
} from "./run.ts";
import {
  findProcess,
  killTrees,
  signalPid,
  signalProcess,
  signalTrees,
  type TreeTarget,
} from "./tree.ts";

/** How long the shim may take to record the exit of a program that was killed. */
const LAST_WORD_MS = 500;
/** What lives after a kill is looked for again after this, then after twice this, and so on. */
const KILL_AGAIN_MS = 50;
const KILLS_MAX = 10;

interface Options extends RunContext {
  readonly emit: (event: Event) => void;
}

/** The processes of one project: each run under its shim, watched by its life fifos. */
export class Processes {
  readonly #options: Options;
  readonly #fifos: Fifos;
  readonly #runs = new Map<string, Run>();
  readonly #toKill = new Set<Run>();

  constructor(options: Options) {
    this.#options = options;
    this.#fifos = createFifos(options.paths.life);
  }

  start(id: InstanceId, spec: ServiceSpec): void {
    assert(!this.#runs.has(keyOf(id)), `${keyOf(id)} is started twice`);
    const run = newRun(id, spec, this.#options);
    this.#runs.set(keyOf(id), run);
    void this.#launch(run);
  }

  stop(id: InstanceId, using: StopSettings): void {
    const run = this.find(id);
    if (run === undefined) return;
    if (using.signal === "SIGKILL") this.kill(id);
    else if (run.isStarted || run.hasExited) this.#sendAll(run, using.signal);
    // Before the program's pid is known, a signal could hit the shim between two of its lines.
    else run.ending ??= using.signal;
  }

  kill(id: InstanceId): void {
    const run = this.find(id);
    if (run === undefined) return;
    if (run.child === null) run.ending = "SIGKILL";
    // Looking through all processes costs the same for one run as for fifty.
    if (this.#toKill.size === 0) setImmediate(() => this.#killAll());
    this.#toKill.add(run);
  }

  /** To the program itself, not to its children: that is what a reload signal means. */
  signal(id: InstanceId, signal: Signal): void {
    const program = this.find(id)?.program ?? null;
    if (program !== null) signalProcess(program, signal);
  }

  update(id: InstanceId, spec: ServiceSpec): void {
    const run = this.find(id);
    if (run === undefined) return;
    run.spec = spec;
    if (run.isStarted) run.reporter?.listen(spec);
  }

  rename(from: InstanceId, to: InstanceId): void {
    const run = this.find(from);
    if (run === undefined) return;
    this.#runs.delete(keyOf(from));
    this.#runs.set(keyOf(to), run);
    renameRun(run, to, this.#options.paths);
  }

  find(id: InstanceId): Run | undefined {
    return this.#runs.get(keyOf(id));
  }

  all(): readonly Run[] {
    return [...this.#runs.values()];
  }

  /** Looks away: what runs goes on without us, and no more events come. */
  close(): void {
    for (const run of this.#runs.values()) letGo(run);
    this.#runs.clear();
    this.#fifos.close();
  }

  async #launch(run: Run): Promise<void> {
    try {
      // Nothing may be emitted inside start().
      await Promise.resolve();
      const { change, cancelled } = await this.#prepare(run);
      if (!this.#isOurs(run)) return letGo(run);
      if (cancelled)
        return this.#neverRan(run, { kind: "signal", signal: run.ending ?? "SIGKILL" });
      this.#watch(run, spawnRun(run, change, this.#options));
    } catch (error) {
      if (!this.#isOurs(run)) return letGo(run);
      this.#neverRan(run, { kind: "spawn", message: spawnMessage(error) });
    }
  }

  /** Everything that must be there before the spawn. Cancelled: it was told to end meanwhile. */
  async #prepare(run: Run): Promise<{ change: Switch | null; cancelled: boolean }> {
    const { paths } = this.#options;
    const { spec } = run;
    if (spec.port === "auto") run.port = await freePort(this.#ports());
    const account = switchTo(spec.user, spec.group)?.account ?? null;
    run.reporter = await openReporter({
      ...{ id: run.id, spec, account, runtime: paths.runtime },
      files: () => run.files,
      report: (ok, detail) => this.#emit(run, { kind: "probed", probe: "ready", ok, detail }),
    });
    const change = checkRun(run, run.reporter.env, this.#options);
    if (run.ending !== null) return { change, cancelled: true };
    await this.#fifos.make([run.life.main, run.life.tree]);
    return { change, cancelled: run.ending !== null };
  }

  #watch(run: Run, spawned: SpawnedRun): void {
    const { child } = spawned;
    child.on("error", (error) => {
      // A signal that could not be sent is an error event too.
      if (child.pid !== undefined) return;
      this.#neverRan(run, { kind: "spawn", message: spawnMessage(error) });
    });
    child.once("exit", (_code, signal) => this.#shimEnded(run, signal));
    // Nobody waits for it: the supervisor may leave while it runs.
    child.unref();
    const main = watchFifo(spawned.mainReader, {
      data: (text) => {
        main.close();
        this.#started(run, Number.parseInt(text, 10));
      },
      end: () => {},
    });
    const tree = watchFifo(spawned.treeReader, {
      end: () => {
        run.isTreeGone = true;
        this.#finish(run);
      },
    });
    run.watchers.push(main, tree);
  }

  #started(run: Run, pid: number): void {
    if (run.isStarted || run.hasExited || !this.#isOurs(run)) return;
    run.isStarted = true;
    run.program = findProcess(pid);
    this.#emit(run, { kind: "started", pid, port: run.port });
    run.reporter?.listen(run.spec);
    if (run.ending !== null) this.#sendAll(run, run.ending);
  }

  #shimEnded(run: Run, signal: string | null): void {
    if (!this.#isOurs(run) || run.hasExited) return;
    const ledger = readLedger(run.files.ledger);
    if (ledger.pid !== null) this.#started(run, ledger.pid);
    this.#exited(run, ledger.exit ?? exitWithoutLedger(run, signal));
  }

  #exited(run: Run, exit: Exit): void {
    if (run.hasExited) return;
    run.hasExited = true;
    this.#emit(run, { kind: "exited", exit });
    this.#finish(run);
  }

  #neverRan(run: Run, exit: Exit): void {
    run.isTreeGone = true;
    this.#exited(run, exit);
  }

  /** Gone is what the kernel says of the tree fifo, and only after the exit was told. */
  #finish(run: Run): void {
    if (!run.hasExited || !run.isTreeGone || !this.#isOurs(run)) return;
    this.#runs.delete(keyOf(run.id));
    this.#toKill.delete(run);
    letGo(run);
    this.#fifos.release([run.life.main, run.life.tree]);
    this.#options.emit({ kind: "gone", id: run.id });
  }

  #sendAll(run: Run, signal: Signal): void {
    if (!run.hasExited && run.shim !== null) {
      // Not waited for yet, so its number is still the number of our group.
      signalPid(-run.shim.pid, signal);
      signalPid(-run.shim.pid, "SIGCONT");
      return;
    }
    signalTrees([targetOf(run)], signal);
    signalTrees([targetOf(run)], "SIGCONT");
  }

  #killAll(): void {
    const runs = [...this.#toKill].filter((run) => run.child !== null);
    this.#toKill.clear();
    const shims = runs.filter((run) => run.isStarted && !run.hasExited);
    const spared = shims.flatMap((run) => run.shim?.pid ?? []);
    killTrees(runs.map(targetOf), new Set(spared));
    for (const run of runs) this.#killAgain(run);
    for (const run of shims) this.#awaitLastWord(run);
  }

  /** A process may be born and its parent die between two lines of one look at all processes. */
  #killAgain(run: Run): void {
    run.kills += 1;
    if (run.kills > KILLS_MAX) return;
    const timer = setTimeout(() => this.kill(run.id), KILL_AGAIN_MS * run.kills);
    run.watchers.push({ close: () => clearTimeout(timer) });
  }

  /** The shim is to write down how its program ended, and is killed only if it does not. */
  #awaitLastWord(run: Run): void {
    if (run.shim !== null) signalPid(run.shim.pid, "SIGCONT");
    const timer = setTimeout(() => {
      if (!run.hasExited && run.shim !== null) signalPid(run.shim.pid, "SIGKILL");
    }, LAST_WORD_MS);
    timer.unref();
  }

  #ports(): ReadonlySet<number> {
    return new Set(this.all().flatMap((run) => run.port ?? []));
  }

  #isOurs(run: Run): boolean {
    return this.#runs.get(keyOf(run.id)) === run;
  }

  #emit(run: Run, event: RunEvent): void {
    if (this.#isOurs(run)) this.#options.emit({ ...event, id: run.id });
  }
}

/** An event about a run, without the name that the run has by then. */
type RunEvent = Event extends infer E
  ? E extends { readonly id: InstanceId }
    ? Omit<E, "id">
    : never
  : never;

function letGo(run: Run): void {
  for (const watcher of run.watchers.splice(0)) watcher.close();
  run.reporter?.close();
}

function targetOf(run: Run): TreeTarget {
  return { shim: run.shim, mark: run.mark, fifo: run.life.tree };
}

/** The shim itself was killed, or could not write: what can still be said about the program. */
function exitWithoutLedger(run: Run, signal: string | null): Exit {
  const isDead = run.program === null || findProcess(run.program.pid)?.start !== run.program.start;
  if (signal !== null && (run.kills > 0 || isDead)) return { kind: "signal", signal };
  return { kind: "unknown" };
}

function spawnMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function keyOf(id: InstanceId): string {
  return `${id.service}.${id.slot}#${id.run}`;
}
