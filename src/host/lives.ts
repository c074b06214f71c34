import { assert } from "../assert.ts";
import type { Event } from "../core/event.ts";
import type { Exit, InstanceId } from "../core/observed.ts";
import type { Millis, Signal } from "../core/spec.ts";
import { failpoint } from "./failpoint.ts";
import type { Fifos } from "./fifos.ts";
import { Kills, targetOf } from "./kills.ts";
import { noteStop, readLedger } from "./ledger.ts";
import type { Run, RunContext } from "./run.ts";
import { hasBegun, ledgerOfRun } from "./trace.ts";
import { findProcess, identifyChild, type Process, signalPid, signalTrees } from "./tree.ts";

interface Options extends Pick<RunContext, "paths" | "projectId"> {
  readonly emit: (event: Event) => void;
  readonly fifos: Fifos;
}

/** What becomes of the runs of a project, told in the order that core knows: started, exited, gone. */
export class Lives {
  readonly kills = new Kills();
  readonly #options: Options;
  readonly #runs = new Map<string, Run>();

  constructor(options: Options) {
    this.#options = options;
  }

  add(run: Run): void {
    assert(!this.#runs.has(keyOf(run.id)), `${keyOf(run.id)} is there twice`);
    this.#runs.set(keyOf(run.id), run);
  }

  /** To be called after the run got its new name. */
  renamed(run: Run, from: InstanceId): void {
    this.#runs.delete(keyOf(from));
    this.#runs.set(keyOf(run.id), run);
  }

  find(id: InstanceId): Run | undefined {
    return this.#runs.get(keyOf(id));
  }

  all(): readonly Run[] {
    return [...this.#runs.values()];
  }

  isOurs(run: Run): boolean {
    return this.#runs.get(keyOf(run.id)) === run;
  }

  /** Looks away: what runs goes on without us, and no more is told. */
  close(): void {
    for (const run of this.#runs.values()) this.leave(run);
    this.#runs.clear();
  }

  /** It goes on in the care of the next supervisor, or was never spawned. */
  leave(run: Run): void {
    for (const watcher of run.watchers.splice(0)) watcher.close();
    if (run.isSpawned) run.reporter?.leave();
    else run.reporter?.close();
  }

  started(run: Run, pid: number, program: Process | null): void {
    if (run.isStarted || run.hasExited || !this.isOurs(run)) return;
    run.isStarted = true;
    run.hasNeverBegun = false;
    run.program = program;
    this.emit(run, { kind: "started", pid, port: run.port });
    run.reporter?.listen(run.spec);
    if (run.ending !== null) this.send(run, run.ending);
  }

  /** A child of ours; `signal` is what ended the shim itself. */
  shimEnded(run: Run, signal: string | null): void {
    if (!this.isOurs(run) || run.hasExited) return;
    const ledger = readLedger(run.files.ledger);
    if (ledger.pid !== null) this.started(run, ledger.pid, findProcess(ledger.pid));
    this.#exited(run, ledger.exit ?? exitWithoutLedger(run, signal));
  }

  /** No child of ours. The shim writes the exit down before it leaves, so the ledger says all that it ever will. */
  mainEnded(run: Run, at: Millis | null): void {
    if (!this.isOurs(run) || run.hasExited) return;
    if (run.hasNeverBegun && !hasBegun(run.id, this.#options)) {
      run.hasExited = true;
      this.#finish(run);
      return;
    }
    run.hasNeverBegun = false;
    run.endedAt = at;
    const { exit, stop } = ledgerOfRun(run.id, this.#options);
    const isKilled = run.kills > 0 || stop === "SIGKILL";
    this.#exited(run, exit ?? (isKilled ? KILLED : { kind: "unknown" }));
  }

  neverRan(run: Run, exit: Exit): void {
    run.isTreeGone = true;
    this.#exited(run, exit);
  }

  treeEnded(run: Run): void {
    run.isTreeGone = true;
    this.#finish(run);
  }

  /** To all of it; noted, so that the next supervisor knows whether it still is to be sent. */
  send(run: Run, signal: Signal): void {
    if (signal === "SIGKILL") {
      this.kills.add(run);
      return;
    }
    failpoint("signal.before");
    // A shim that is there, dead or alive, leads its group: nobody else can have that number.
    const leader = run.hasExited || run.shim === null || !isStill(run.shim) ? null : run.shim;
    for (const each of [signal, "SIGCONT"] as const) {
      if (leader === null) signalTrees([targetOf(run)], each);
      else signalPid(-leader.pid, each);
    }
    failpoint("signal.after");
    noteStop(run.files.ledger, signal);
  }

  emit(run: Run, event: RunEvent): void {
    if (this.isOurs(run)) this.#options.emit({ ...event, id: run.id });
  }

  #exited(run: Run, exit: Exit): void {
    if (run.hasExited) return;
    run.hasExited = true;
    this.emit(run, { kind: "exited", exit, ...when(run) });
    // What it left behind has not heard of its end, and nobody else will tell it.
    if (run.isAdopted && !run.isStarted && run.ending !== null) this.send(run, run.ending);
    this.#finish(run);
  }

  /** Gone is what the kernel says of the tree fifo, and only after the exit was told. */
  #finish(run: Run): void {
    if (!run.hasExited || !run.isTreeGone || !this.isOurs(run)) return;
    this.#runs.delete(keyOf(run.id));
    this.kills.forget(run);
    for (const watcher of run.watchers.splice(0)) watcher.close();
    run.reporter?.close();
    const { fifos, emit } = this.#options;
    const { main, tree } = run.life;
    if (run.isAdopted) fifos.remove([main, tree]);
    else fifos.release([main, tree]);
    const { id } = run;
    emit(run.hasNeverBegun ? { kind: "unstarted", id } : { kind: "gone", id, ...when(run) });
  }
}

/** An event about a run, without the name that the run has by then. */
type RunEvent = Event extends infer E
  ? E extends { readonly id: InstanceId }
    ? Omit<E, "id">
    : never
  : never;

const KILLED: Exit = { kind: "signal", signal: "SIGKILL" };

/** Told of what ended while nobody was there. */
function when({ endedAt: at }: Run): { readonly at?: Millis } {
  return at === null ? {} : { at };
}

/** The shim itself was killed, or could not write: what can still be said about the program. */
function exitWithoutLedger(run: Run, signal: string | null): Exit {
  const isDead = run.program === null || findProcess(run.program.pid)?.start !== run.program.start;
  if (signal !== null && (run.kills > 0 || isDead)) return { kind: "signal", signal };
  return { kind: "unknown" };
}

function isStill({ pid, start }: Process): boolean {
  return identifyChild(pid)?.start === start;
}

function keyOf(id: InstanceId): string {
  return `${id.service}.${id.slot}#${id.run}`;
}
