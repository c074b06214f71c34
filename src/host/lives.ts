import { rmSync } from "node:fs";
import { assert } from "../assert.ts";
import type { Event } from "../core/event.ts";
import type { Exit, InstanceId } from "../core/observed.ts";
import type { Millis, ServiceSpec, Signal } from "../core/spec.ts";
import { isPopulated, onEmpty, removeCgroup } from "./cgroup.ts";
import { failpoint } from "./failpoint.ts";
import type { Fifos } from "./fifos.ts";
import { Hunts } from "./hunts.ts";
import { Kills, targetOf } from "./kills.ts";
import { type Ledger, NO_LEDGER, noteStop, readLedger } from "./ledger.ts";
import { withOom } from "./oom.ts";
import { Orphans } from "./orphans.ts";
import type { Run, RunContext } from "./run.ts";
import { hasBegun, ledgerOfRun, watchProcesses } from "./trace.ts";
import {
  findProcess,
  identifyChild,
  type Process,
  signalPid,
  signalProcess,
  signalTrees,
} from "./tree.ts";
import { upstreamPath } from "./upstream-path.ts";

/** So long remains may take to end with their program, before they are told. */
const REMAINS_MS = 100;

interface Options extends Pick<RunContext, "paths" | "projectId"> {
  readonly emit: (event: Event) => void;
  readonly fifos: Fifos;
  readonly warn: (message: string) => void;
  /** Of one behind a proxy: see HostOptions. */
  readonly drain?: Drain;
}

/** Resolves when nothing goes to a run any more, when it has had its time for that, or at `signal`. */
export type Drain = (id: InstanceId, spec: ServiceSpec, signal: AbortSignal) => Promise<void>;

/** What becomes of the runs of a project, told in the order that core knows: started, exited, gone. */
export class Lives {
  readonly #hunts = new Hunts((run, event) => this.emit(run, event));
  readonly kills = new Kills(this.#hunts);
  readonly #orphans = new Orphans(5);
  /** Of those that ended unasked: whoever starts one anew is in a hurry. */
  readonly #later = new Orphans(1_000);
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
    this.#later.look();
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
    if (run.ending !== null) this.tell(run, run.ending);
  }

  /** The stop signal: at once, or when the connections that a proxy has given it have ended. */
  tell(run: Run, signal: Signal): void {
    const { drain } = this.#options;
    if (!drainsFirst(run) || drain === undefined) {
      this.send(run, signal);
      return;
    }
    if (run.draining !== null) return;
    const draining = new AbortController();
    run.draining = draining;
    run.watchers.push({ close: () => draining.abort() });
    void drain(run.id, run.spec, draining.signal).then(() => {
      run.draining = null;
      if (!this.isOurs(run) || run.kills > 0) return;
      this.send(run, signal);
      this.emit(run, { kind: "resent" });
    });
  }

  /** A child of ours; `signal` is what ended the shim itself. */
  shimEnded(run: Run, code: number | null, signal: string | null): void {
    if (!this.isOurs(run) || run.hasExited) return;
    const ledger = readLedger(run.files.ledger);
    if (ledger.pid !== null) this.started(run, ledger.pid, findProcess(ledger.pid));
    this.#exited(run, ledger.exit ?? exitWithoutLedger(run, code, signal), ledger);
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
    const ledger = ledgerOfRun(run.id, this.#options);
    const exit = ledger.exit ?? (isKilled(run, ledger) ? KILLED : { kind: "unknown" });
    this.#exited(run, exit, ledger);
  }

  neverRan(run: Run, exit: Exit): void {
    run.isTreeGone = true;
    this.#exited(run, exit, NO_LEDGER);
  }

  /** Nobody holds the tree fifo. What closed all its files lives on in the cgroup, or with its mark. */
  treeEnded(run: Run): void {
    const { cgroup } = run;
    if (cgroup !== null && isPopulated(cgroup)) {
      run.watchers.push(onEmpty(cgroup, () => this.#treeGone(run)));
    } else if (cgroup !== null || !run.isSpawned) this.#treeGone(run);
    else if (isAsked(run)) {
      this.#orphans.ask(run.mark, (orphans) => this.#orphansKnown(run, orphans));
    } else {
      this.#treeGone(run);
      this.#later.ask(run.mark, (orphans) => this.#endOrphans(run, orphans, "SIGTERM"));
    }
  }

  #orphansKnown(run: Run, orphans: readonly Process[]): void {
    if (!this.isOurs(run)) return;
    if (orphans.length === 0) this.#treeGone(run);
    else run.watchers.push(watchProcesses(orphans, run.mark, () => this.treeEnded(run)));
  }

  /** Of a run that has gone for core: there is nobody any more to ask how long it may take. */
  #endOrphans(run: Run, orphans: readonly Process[], signal: Signal): void {
    if (orphans.length === 0) return;
    for (const process of orphans) signalProcess(process, signal);
    const names = orphans.map(({ pid, name }) => `${name} (${pid})`).join(", ");
    this.#options.warn(`${run.mark} had left behind, out of its session and its files: ${names}`);
    this.#later.ask(run.mark, (rest) => this.#endOrphans(run, rest, "SIGKILL"));
  }

  #treeGone(run: Run): void {
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
    const target = targetOf(run);
    for (const each of [signal, "SIGCONT"] as const) {
      if (leader !== null) signalPid(-leader.pid, each);
      else this.#hunts.found(run, target, signalTrees([target], each).get(target) ?? []);
    }
    failpoint("signal.after");
    noteStop(run.files.ledger, signal);
  }

  emit(run: Run, event: RunEvent): void {
    if (this.isOurs(run)) this.#options.emit({ ...event, id: run.id });
  }

  #exited(run: Run, how: Exit, ledger: Ledger): void {
    if (run.hasExited) return;
    run.hasExited = true;
    run.draining?.abort();
    const facts = { pid: ledger.pid, killsBefore: ledger.oom, cgroup: run.cgroup };
    const exit = withOom(how, { ...facts, wasKilled: isKilled(run, ledger) });
    this.emit(run, { kind: "exited", exit, ...when(run) });
    if (ledger.stop !== null && ledger.stop !== "SIGKILL") this.#tellRemains(run, ledger.stop);
    // What it left behind has not heard of its end, and nobody else will tell it.
    if (run.isAdopted && !run.isStarted && run.ending !== null) this.send(run, run.ending);
    this.#finish(run);
  }

  /** What had left the group when it was told to end has not heard of it. */
  #tellRemains(run: Run, signal: Signal): void {
    const timer = setTimeout(() => {
      if (this.isOurs(run) && !run.isTreeGone) this.send(run, signal);
    }, REMAINS_MS);
    run.watchers.push({ close: () => clearTimeout(timer) });
  }

  /** Gone is what the kernel says of the tree fifo, and only after the exit was told. */
  #finish(run: Run): void {
    if (!run.hasExited || !run.isTreeGone || !this.isOurs(run)) return;
    this.#runs.delete(keyOf(run.id));
    this.kills.forget(run);
    for (const watcher of run.watchers.splice(0)) watcher.close();
    run.reporter?.close();
    rmSync(upstreamPath(this.#options.paths, run.id), { force: true });
    if (run.cgroup !== null) removeCgroup(run.cgroup);
    if (run.spec.listen?.mode === "proxy") {
      rmSync(upstreamPath(this.#options.paths, run.id), { force: true });
    }
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

/** It was told to end. */
function isAsked(run: Run): boolean {
  return run.kills > 0 || readLedger(run.files.ledger).stop !== null;
}

/** procs itself has sent it a SIGKILL. */
function isKilled(run: Run, ledger: Ledger): boolean {
  return run.kills > 0 || ledger.stop === "SIGKILL";
}

/** Told of what ended while nobody was there. */
function when({ endedAt: at }: Run): { readonly at?: Millis } {
  return at === null ? {} : { at };
}

/** The shim itself was killed, or could not write: what can still be said about the program. */
function exitWithoutLedger(run: Run, code: number | null, signal: string | null): Exit {
  // On a full disk the ledger lacks it; but the shim ends as its program did.
  if (code !== null) return { kind: "code", code };
  const isDead = run.program === null || findProcess(run.program.pid)?.start !== run.program.start;
  if (signal !== null && (run.kills > 0 || isDead)) return { kind: "signal", signal };
  return { kind: "unknown" };
}

/** Behind a proxy, and alive. */
export function drainsFirst({ spec, hasExited }: Run): boolean {
  return spec.listen?.mode === "proxy" && !hasExited;
}

function isStill({ pid, start }: Process): boolean {
  return identifyChild(pid)?.start === start;
}

function keyOf(id: InstanceId): string {
  return `${id.service}.${id.slot}#${id.run}`;
}
