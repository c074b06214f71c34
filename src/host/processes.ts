import { addressText } from "../core/address.ts";
import type { Event } from "../core/event.ts";
import type { InstanceId } from "../core/observed.ts";
import type { Adoption } from "../core/ports.ts";
import type { ServiceSpec, Signal, StopSettings } from "../core/spec.ts";
import { messageOf } from "../errors.ts";
import { type Switch, switchTo } from "./account.ts";
import { adoptedRun, finishRenames, recognise } from "./adopt.ts";
import { takeCensus } from "./census.ts";
import { checkRun } from "./check-run.ts";
import { failpoint } from "./failpoint.ts";
import { createFifos, type Fifos, watchFifo } from "./fifos.ts";
import { type Drain, drainsFirst, Lives } from "./lives.ts";
import { freePort } from "./port.ts";
import { moveRunFiles } from "./rename-run.ts";
import { openReporter } from "./reports.ts";
import { nameRun, newRun, type Run, type RunContext, type SpawnedRun, spawnRun } from "./run.ts";
import { spawnWords } from "./spawn-words.ts";
import { endedAt, isAlive, isMainAlive, type Trace, traceRun, watchProcesses } from "./trace.ts";
import { findProcess, signalProcess } from "./tree.ts";

/** A run that could not be looked at, for want of file descriptors, is looked at again after this. */
const ADOPT_AGAIN_MS = 200;

interface Options extends RunContext {
  readonly emit: (event: Event) => void;
  readonly warn: (message: string) => void;
  readonly drain?: Drain;
}

/** The processes of one project: each run under its shim, watched by its life fifos. */
export class Processes {
  readonly #options: Options;
  readonly #fifos: Fifos;
  readonly #lives: Lives;
  readonly #toAdopt: { readonly run: Run; readonly adoption: Adoption }[] = [];

  constructor(options: Options) {
    this.#options = options;
    this.#fifos = createFifos(options.paths.life);
    this.#lives = new Lives({ ...options, fifos: this.#fifos });
  }

  start(id: InstanceId, spec: ServiceSpec): void {
    const run = newRun(id, spec, this.#options);
    this.#lives.add(run);
    this.#options.cgroups.warm();
    void this.#launch(run);
  }

  /** What has become of it is told later; one look at all processes serves all that are asked for together. */
  adopt(adoption: Adoption): void {
    const run = adoptedRun(adoption, this.#options);
    this.#lives.add(run);
    if (this.#toAdopt.length === 0) setImmediate(() => this.#adoptAll());
    this.#toAdopt.push({ run, adoption });
  }

  stop(id: InstanceId, using: StopSettings): void {
    const run = this.find(id);
    if (run === undefined) return;
    if (using.signal === "SIGKILL") this.kill(id);
    else if (run.isStarted || run.hasExited) this.#lives.tell(run, using.signal);
    // Before the program's pid is known, a signal could hit the shim between two of its lines.
    else run.ending ??= using.signal;
  }

  kill(id: InstanceId): void {
    const run = this.find(id);
    if (run === undefined) return;
    if (!run.isSpawned) run.ending = "SIGKILL";
    run.draining?.abort();
    this.#lives.kills.add(run);
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
    // Before the spawn nothing has the old name yet, save the fifos, which are then made anew.
    if (run.isSpawned) moveRunFiles(from, to, this.#options.paths);
    nameRun(run, to, this.#options.paths);
    this.#lives.renamed(run, from);
  }

  find(id: InstanceId): Run | undefined {
    return this.#lives.find(id);
  }

  all(): readonly Run[] {
    return this.#lives.all();
  }

  /** Whether something that runs, or may, was given this address: its flags are then not ours to change. */
  uses(address: string): boolean {
    return this.all().some(
      ({ isSpawned, spec }) =>
        isSpawned &&
        spec.listen !== null &&
        spec.listen.mode !== "proxy" &&
        spec.listen.addresses.some((each) => addressText(each) === address),
    );
  }

  /** Looks away: what runs goes on without us, and no more events come. */
  close(): void {
    this.#lives.close();
    this.#fifos.close();
  }

  async #launch(run: Run): Promise<void> {
    const lives = this.#lives;
    try {
      // Nothing may be emitted inside start().
      await Promise.resolve();
      const change = await this.#prepare(run);
      if (!lives.isOurs(run)) return lives.leave(run);
      if (run.ending !== null) return lives.neverRan(run, { kind: "signal", signal: run.ending });
      this.#watch(run, spawnRun(run, change, this.#options));
    } catch (error) {
      if (!lives.isOurs(run)) return lives.leave(run);
      lives.neverRan(run, { kind: "spawn", message: spawnWords(error) });
    }
  }

  /** Everything that must be there before the spawn. */
  async #prepare(run: Run): Promise<Switch | null> {
    const { paths } = this.#options;
    const { spec, life } = run;
    if (spec.port === "auto") run.port = await freePort(this.#ports());
    const account = switchTo(spec.user, spec.group)?.account ?? null;
    await this.#fifos.make([life.main, life.tree]);
    run.reporter = await openReporter({
      ...{ id: run.id, spec, account, runtime: paths.runtime, tree: life.tree },
      files: () => run.files,
      report: this.#reportOf(run),
    });
    return checkRun(run, run.reporter.env, this.#options);
  }

  #watch(run: Run, spawned: SpawnedRun): void {
    const lives = this.#lives;
    const { child } = spawned;
    child.on("error", (error) => {
      // A signal that could not be sent is an error event too.
      if (child.pid !== undefined) return;
      lives.neverRan(run, { kind: "spawn", message: spawnWords(error) });
    });
    child.once("exit", (code, signal) => lives.shimEnded(run, code, signal));
    // Nobody waits for it: the supervisor may leave while it runs.
    child.unref();
    const main = watchFifo(spawned.mainReader, {
      data: (text) => {
        main.close();
        this.#toldPid(run, text);
      },
      end: () => {},
    });
    const tree = watchFifo(spawned.treeReader, { end: () => lives.treeEnded(run) });
    run.watchers.push(main, tree);
  }

  #adoptAll(): void {
    const due = this.#toAdopt.splice(0).filter(({ run }) => this.#lives.isOurs(run));
    if (due.length === 0) return;
    const adoptions = due.map(({ adoption }) => adoption);
    finishRenames(adoptions, this.#options);
    const census = takeCensus(this.#options.cgroups);
    for (const each of due) {
      try {
        this.#takeOver(each.run, each.adoption, traceRun(each.run.id, census, this.#options));
      } catch (error) {
        this.#options.warn(`${each.run.mark} cannot be looked at yet: ${messageOf(error)}`);
        if (this.#toAdopt.push(each) === 1) setTimeout(() => this.#adoptAll(), ADOPT_AGAIN_MS);
      }
    }
  }

  #takeOver(run: Run, adoption: Adoption, trace: Trace): void {
    failpoint("adopt.before");
    recognise(run, adoption, trace, { ...this.#options, report: this.#reportOf(run) });
    const lives = this.#lives;
    if (adoption.signal !== null && isAlive(trace)) {
      const { stop, stopAt: at } = trace.ledger;
      if (stop === null) run.ending ??= adoption.signal;
      // Otherwise it is told when it is sent.
      if (stop !== null || !drainsFirst(run)) {
        lives.emit(run, { kind: "resent", ...(at === null ? {} : { at }) });
      }
    }
    this.#watchTrace(run, trace);
    if (!isMainAlive(trace)) {
      const isRecorded = trace.ledger.exit !== null;
      lives.mainEnded(run, isRecorded ? endedAt(run.id, this.#options) : null);
    } else if (trace.pid !== null) lives.started(run, trace.pid, trace.program);
    failpoint("adopt.after");
  }

  /** As a child of ours is watched, but for its exit, which the end of the main fifo tells. */
  #watchTrace(run: Run, { main, tree, shim, members, ledger }: Trace): void {
    const lives = this.#lives;
    const treeEnded = () => lives.treeEnded(run);
    const mainEnded = () => lives.mainEnded(run, null);
    if (tree === null && members.length === 0) treeEnded();
    if (tree !== null) run.watchers.push(watchFifo(tree.fd, { end: treeEnded }));
    else if (members.length > 0) run.watchers.push(watchProcesses(members, run.mark, treeEnded));
    if (main !== null) {
      const data = (text: string) => this.#toldPid(run, text);
      run.watchers.push(watchFifo(main.fd, { data, end: mainEnded }));
    } else if (shim !== null && ledger.exit === null) {
      run.watchers.push(watchProcesses([shim], null, mainEnded));
    }
  }

  /** The inner shell of the shim says which process becomes the program. */
  #toldPid(run: Run, text: string): void {
    const pid = Number.parseInt(text, 10);
    this.#lives.started(run, pid, findProcess(pid));
  }

  #reportOf(run: Run): (ok: boolean, detail: string) => void {
    return (ok, detail) => this.#lives.emit(run, { kind: "probed", probe: "ready", ok, detail });
  }

  #ports(): ReadonlySet<number> {
    return new Set(this.all().flatMap((run) => run.port ?? []));
  }
}
