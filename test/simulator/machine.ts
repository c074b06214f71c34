import { addressText } from "../../src/core/address.ts";
import type { Event } from "../../src/core/event.ts";
import { type Exit, type InstanceId, sameId } from "../../src/core/observed.ts";
import type { Millis, ServiceSpec, StopSettings } from "../../src/core/spec.ts";
import type { SimulatedClock } from "./clock.ts";
import { ownOf } from "./places.ts";
import { drawProgram, type Faults, NO_FAULTS, type Program } from "./program.ts";
import type { Random } from "./random.ts";
import type { Run } from "./run.ts";

interface Options {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly faults: Faults;
  /** What a run will do; drawn from the faults unless a test says otherwise. */
  readonly draw?: (spec: ServiceSpec) => Program;
  /** Something has become of a run, for whoever cares for it. */
  readonly tell: (run: Run, event: () => Event) => void;
}

/** The processes themselves: they live, end and are killed whether or not a supervisor is there to hear of it. */
export class Machine {
  /** Every run there ever was, oldest first. */
  readonly runs: Run[] = [];
  readonly live = new Set<Run>();
  faults: Faults;
  readonly #options: Options;
  #pidNext = 100;
  readonly #pidsFree: number[] = [];

  constructor(options: Options) {
    this.#options = options;
    this.faults = options.faults;
  }

  /** From here on nothing goes wrong that is not the program's own character. */
  calm(): void {
    this.faults = NO_FAULTS;
    for (const run of this.live) {
      const own = drawProgram(run.started, NO_FAULTS, this.#options.random);
      run.program = { ...own, spawnMs: run.program.spawnMs, leavesChildren: false };
      if (run.state === "alive") this.#live(run);
    }
  }

  /** The program ends at once, by itself. */
  crash(run: Run): void {
    this.#exit(run, { kind: "code", code: 1 });
  }

  find(id: InstanceId): Run | undefined {
    return this.runs.findLast((run) => sameId(run.id, id));
  }

  start(id: InstanceId, spec: ServiceSpec, life: number): void {
    const run: Run = {
      id,
      started: spec,
      applied: spec,
      program: this.#options.draw?.(spec) ?? drawProgram(spec, this.faults, this.#options.random),
      state: "spawning",
      given: ownOf(spec).map(addressText),
      askedAt: this.#now,
      aliveAt: null,
      pid: 0,
      port: null,
      stop: null,
      stopNoted: false,
      kills: 0,
      exit: null,
      exitAt: null,
      wasAsked: false,
      told: { started: false, exitedAt: null, gone: false, goneAt: null },
      life,
      revision: "",
      notReady: 0,
      upstream: {},
      asked: { ready: 0, alive: 0 },
      failedAlive: false,
      tellAt: this.#now,
    };
    this.runs.push(run);
    this.live.add(run);
    this.#after(run.program.spawnMs, () => this.#spawn(run));
  }

  /** One behind a proxy is sent its signal when its connections have ended, or have had their time. */
  stop(run: Run, using: StopSettings): void {
    const isFirst = run.stop === null;
    run.stop ??= { at: this.#now, using };
    const { listen } = run.applied;
    if (listen?.mode !== "proxy") {
      if (run.state === "alive") this.#obey(run);
      return;
    }
    if (!isFirst) return;
    this.#after(this.#options.random.int(0, listen.drain), () => {
      if (run.state === "gone") return;
      run.stop = { at: this.#now, using };
      const at = this.#now;
      this.#options.tell(run, () => ({ kind: "resent", id: run.id, at }));
      if (run.state === "alive") this.#obey(run);
    });
  }

  kill(run: Run): void {
    if (run.state === "gone") return;
    run.kills++;
    this.#after(this.#options.random.int(0, 20), () => this.#die(run));
  }

  /** The truth, which a probe asks for. */
  isReady(run: Run): boolean {
    const { readyMs, unready } = run.program;
    if (readyMs === null || run.aliveAt === null || !this.answers(run)) return false;
    const age = this.#now - run.aliveAt;
    return age >= readyMs && (unready === null || age < unready.fromMs || age >= unready.toMs);
  }

  answers(run: Run): boolean {
    const { hangsMs } = run.program;
    if (run.state !== "alive" || run.aliveAt === null) return false;
    return hangsMs === null || this.#now < run.aliveAt + hangsMs;
  }

  /** Log-line, notify and message checks are answered by the program itself. */
  report(run: Run): void {
    const kind = run.applied.ready?.check.kind;
    if (kind !== "log" && kind !== "notify" && kind !== "message") return;
    if (!this.isReady(run)) return;
    this.#options.tell(run, () => {
      run.notReady = 0;
      return { kind: "probed", id: run.id, probe: "ready", ok: true, detail: "said so" };
    });
  }

  #spawn(run: Run): void {
    const { spawnError } = run.program;
    if (spawnError !== null) {
      run.wasAsked = run.stop !== null || run.kills > 0;
      this.#exit(run, { kind: "spawn", message: spawnError });
      return;
    }
    run.state = "alive";
    run.aliveAt = this.#now;
    run.pid = this.#pidsFree.shift() ?? this.#pidNext++;
    run.port = this.#portOf(run);
    const { pid, port } = run;
    this.#options.tell(run, () => {
      run.told.started = true;
      return { kind: "started", id: run.id, pid, port };
    });
    this.#live(run);
    if (run.kills > 0) this.#die(run);
    else if (run.stop !== null) this.#obey(run);
  }

  #portOf(run: Run): number | null {
    const { port } = run.started;
    if (port === "auto") return 40_000 + run.pid;
    return port === null ? null : port + run.id.slot - 1;
  }

  /** Sets off what the program does by itself. */
  #live(run: Run): void {
    const { ends, readyMs } = run.program;
    const age = this.#now - (run.aliveAt ?? this.#now);
    if (ends !== null) {
      this.#after(ends.afterMs - age, () => {
        if (run.program.ends === ends) this.#exit(run, ends.exit);
      });
    }
    if (readyMs !== null) this.#after(readyMs - age, () => this.report(run));
  }

  #obey(run: Run): void {
    const { stopMs } = run.program;
    if (stopMs === null) return;
    this.#after(stopMs, () => this.#exit(run, { kind: "signal", signal: "SIGTERM" }));
  }

  #die(run: Run): void {
    this.#exit(run, { kind: "signal", signal: "SIGKILL" });
    if (run.state === "leftover" && run.kills >= run.program.killsNeeded) this.#vanish(run);
  }

  /** The main process ends. */
  #exit(run: Run, exit: Exit): void {
    if (run.state !== "alive" && !(run.state === "spawning" && exit.kind === "spawn")) return;
    const { leavesChildren, killsNeeded } = run.program;
    const isMissed = run.kills < killsNeeded && (leavesChildren || run.kills > 0);
    const leaves = exit.kind !== "spawn" && isMissed;
    run.state = "leftover";
    run.exit = exit;
    run.exitAt = this.#now;
    run.wasAsked = run.stop !== null || run.kills > 0;
    this.#options.tell(run, () => {
      run.told.exitedAt ??= this.#now;
      return { kind: "exited", id: run.id, exit };
    });
    if (!leaves) this.#after(this.#options.random.int(0, 10), () => this.#vanish(run));
  }

  #vanish(run: Run): void {
    if (run.state === "gone") return;
    run.state = "gone";
    this.live.delete(run);
    if (run.pid !== 0) this.#pidsFree.push(run.pid);
    this.#options.tell(run, () => {
      run.told.gone = true;
      run.told.goneAt ??= this.#now;
      return { kind: "gone", id: run.id };
    });
  }

  /** Whoever cleans up ends all of it at once: nobody is told. */
  sweep(run: Run): void {
    run.kills = run.program.killsNeeded;
    this.#die(run);
    if (run.state === "spawning") run.state = "leftover";
    this.#vanish(run);
  }

  #after(delayMs: Millis, run: () => void): void {
    this.#options.clock.after(delayMs, run);
  }

  get #now(): Millis {
    return this.#options.clock.now();
  }
}
