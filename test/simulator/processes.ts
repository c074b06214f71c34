import type { Event } from "../../src/core/event.ts";
import { type Exit, type InstanceId, sameId } from "../../src/core/observed.ts";
import type { Host } from "../../src/core/ports.ts";
import type { Millis, ServiceSpec, Signal, StopSettings } from "../../src/core/spec.ts";
import type { SimulatedClock } from "./clock.ts";
import { drawProgram, type Faults, NO_FAULTS, type Program } from "./program.ts";
import type { Random } from "./random.ts";
import type { Effect, Run } from "./run.ts";

interface Options {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly faults: Faults;
  /** Hands an event, made when it arrives, to the supervisor; never called during a call of the host. */
  readonly deliver: (event: () => Event) => void;
  /** What a run will do; drawn from the faults unless a test says otherwise. */
  readonly draw?: (spec: ServiceSpec) => Program;
  /** Told of each effect before it happens: throwing here is the supervisor's death between two effects. */
  readonly onEffect?: (effect: Effect) => void;
}

/** Processes, probes, watches and schedules that exist only in memory, behind the port of the real ones. */
export class SimulatedHost implements Host {
  /** Every run there ever was, oldest first. */
  readonly runs: Run[] = [];
  readonly live = new Set<Run>();
  watching: readonly ServiceSpec[] = [];
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

  start(id: InstanceId, spec: ServiceSpec): void {
    this.#options.onEffect?.({ kind: "start", id, spec });
    const run: Run = {
      id,
      started: spec,
      applied: spec,
      program: this.#options.draw?.(spec) ?? drawProgram(spec, this.faults, this.#options.random),
      state: "spawning",
      askedAt: this.#now,
      aliveAt: null,
      pid: 0,
      port: null,
      stop: null,
      kills: 0,
      exit: null,
      exitAt: null,
      wasAsked: false,
      told: { started: false, exitedAt: null, gone: false, goneAt: null },
      revision: "",
      notReady: 0,
      upstream: {},
      failedAlive: false,
      tellAt: this.#now,
    };
    this.runs.push(run);
    this.live.add(run);
    this.#after(run.program.spawnMs, () => this.#spawn(run));
  }

  stop(id: InstanceId, using: StopSettings): void {
    this.#options.onEffect?.({ kind: "stop", id, using });
    const run = this.find(id);
    if (run === undefined) return;
    run.stop ??= { at: this.#now, using };
    if (run.state === "alive") this.#obey(run);
  }

  kill(id: InstanceId): void {
    this.#options.onEffect?.({ kind: "kill", id });
    const run = this.find(id);
    if (run === undefined || run.state === "gone") return;
    run.kills++;
    this.#after(this.#options.random.int(0, 20), () => this.#die(run));
  }

  signal(id: InstanceId, signal: Signal): void {
    this.#options.onEffect?.({ kind: "signal", id, signal });
  }

  probe(id: InstanceId, probe: "ready" | "alive", spec: ServiceSpec): void {
    this.#options.onEffect?.({ kind: "probe", id, probe, spec });
    const run = this.find(id);
    if (run === undefined) return;
    const { random } = this.#options;
    const isSlow = random.chance(this.faults.probeSlow);
    this.#after(isSlow ? random.int(500, 5_000) : random.int(0, 20), () => {
      const isTrue = probe === "ready" ? this.isReady(run) : this.#answers(run);
      const ok = isTrue && !random.chance(this.faults.probeLies);
      if (probe === "alive" && !ok) run.failedAlive = true;
      this.#deliver(() => {
        if (probe === "ready") run.notReady = ok ? 0 : run.notReady + 1;
        return { kind: "probed", id: run.id, probe, ok, detail: ok ? "ok" : "refused" };
      });
    });
  }

  update(id: InstanceId, spec: ServiceSpec): void {
    this.#options.onEffect?.({ kind: "update", id, spec });
    const run = this.find(id);
    if (run === undefined) return;
    run.applied = spec;
    run.notReady = 0;
    this.#after(0, () => this.#report(run));
  }

  rename(from: InstanceId, to: InstanceId): void {
    this.#options.onEffect?.({ kind: "rename", from, id: to });
    const run = this.find(from);
    if (run !== undefined) run.id = to;
  }

  watch(specs: readonly ServiceSpec[]): void {
    this.#options.onEffect?.({ kind: "watch", specs });
    this.watching = specs;
  }

  run(spec: ServiceSpec, _command: string | readonly string[]): void {
    this.#options.onEffect?.({ kind: "run", spec });
    const { random } = this.#options;
    const ok = !random.chance(this.faults.crashes);
    this.#after(random.int(10, 1_000), () =>
      this.#deliver(() => ({
        kind: "ran",
        service: spec.name,
        ok,
        detail: ok ? "exit 0" : "exit 1",
      })),
    );
  }

  schedule(spec: ServiceSpec): void {
    this.#options.onEffect?.({ kind: "schedule", spec });
    // `every 7000`: simulated crons are a period.
    const periodMs = Number(spec.schedule?.cron.split(" ")[1] ?? 0);
    const at = periodMs === 0 ? null : (Math.floor(this.#now / periodMs) + 1) * periodMs;
    this.#after(0, () => this.#deliver(() => ({ kind: "scheduled", service: spec.name, at })));
  }

  /** The truth, which a probe asks for. */
  isReady(run: Run): boolean {
    const { readyMs, unready } = run.program;
    if (readyMs === null || run.aliveAt === null || !this.#answers(run)) return false;
    const age = this.#now - run.aliveAt;
    return age >= readyMs && (unready === null || age < unready.fromMs || age >= unready.toMs);
  }

  #answers(run: Run): boolean {
    const { hangsMs } = run.program;
    if (run.state !== "alive" || run.aliveAt === null) return false;
    return hangsMs === null || this.#now < run.aliveAt + hangsMs;
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
    this.#tell(run, () => {
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
    if (readyMs !== null) this.#after(readyMs - age, () => this.#report(run));
  }

  /** Log-line, notify and message checks are answered by the program itself. */
  #report(run: Run): void {
    const kind = run.applied.ready?.check.kind;
    if (kind !== "log" && kind !== "notify" && kind !== "message") return;
    if (!this.isReady(run)) return;
    this.#tell(run, () => {
      run.notReady = 0;
      return { kind: "probed", id: run.id, probe: "ready", ok: true, detail: "said so" };
    });
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
    this.#tell(run, () => {
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
    this.#tell(run, () => {
      run.told.gone = true;
      run.told.goneAt ??= this.#now;
      return { kind: "gone", id: run.id };
    });
  }

  /** Late, in order, now and then twice. */
  #tell(run: Run, event: () => Event): void {
    const { random, clock } = this.#options;
    const stallMs = random.chance(this.faults.stalls) ? random.int(1_000, 5_000) : 0;
    const delayMs = random.int(0, this.faults.latencyMsMax) + stallMs;
    run.tellAt = Math.max(run.tellAt, this.#now + delayMs);
    this.#after(run.tellAt - clock.now(), () => this.#deliver(event));
    if (!random.chance(this.faults.duplicates)) return;
    const again = run.tellAt - clock.now() + random.int(0, 3_000);
    this.#after(again, () => this.#deliver(event));
  }

  #deliver(event: () => Event): void {
    this.#options.deliver(event);
  }

  #after(delayMs: Millis, run: () => void): void {
    this.#options.clock.after(delayMs, run);
  }

  get #now(): Millis {
    return this.#options.clock.now();
  }
}
