import type { Event } from "../../src/core/event.ts";
import { type InstanceId, sameId } from "../../src/core/observed.ts";
import type { AdoptingHost, Adoption, Stray } from "../../src/core/ports.ts";
import type {
  ListenAddress,
  Millis,
  ServiceSpec,
  Signal,
  StopSettings,
} from "../../src/core/spec.ts";
import type { SimulatedClock } from "./clock.ts";
import { Machine } from "./machine.ts";
import type { Faults, Program } from "./program.ts";
import { createRandom, type Random } from "./random.ts";
import type { Effect, Run } from "./run.ts";
import { SimulatedSchedules } from "./schedules.ts";
import { SimulatedSockets } from "./sockets.ts";

interface Options {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly faults: Faults;
  /** Hands an event, made when it arrives, to the supervisor; never called during a call of the host. */
  readonly deliver: (event: () => Event) => void;
  /** Decides on sockets and who connects; a stream of its own, so that worlds without them stay as they are. */
  readonly callers?: Random;
  /** What a run will do; drawn from the faults unless a test says otherwise. */
  readonly draw?: (spec: ServiceSpec) => Program;
  /** Told of each effect before it happens. */
  readonly onEffect?: (effect: Effect) => void;
}

/** Processes, probes, watches and schedules that exist only in memory, behind the port of the real ones. */
export class SimulatedHost implements AdoptingHost {
  watching: readonly ServiceSpec[] = [];
  /** Services whose watch command runs now. */
  readonly commands = new Set<string>();
  readonly machine: Machine;
  readonly schedules: SimulatedSchedules;
  readonly sockets: SimulatedSockets;
  readonly #options: Options;
  /** What is told of sockets is told in its order. */
  readonly #heard = { tellAt: 0 };
  /** Counts the supervisors there were: what was to be told to an earlier one is lost. */
  #life = 1;

  constructor(options: Options) {
    const { clock, random, faults, draw } = options;
    this.#options = options;
    this.schedules = new SimulatedSchedules(clock, (event) => this.#deliver(event));
    this.machine = new Machine({
      clock,
      random,
      faults,
      ...(draw === undefined ? {} : { draw }),
      tell: (run, event) => this.#tell(run, event),
    });
    this.sockets = new SimulatedSockets({
      clock,
      random: options.callers ?? createRandom(0),
      machine: this.machine,
      answer: (event) => this.#answer(this.#heard, event),
    });
  }

  get runs(): readonly Run[] {
    return this.machine.runs;
  }

  get live(): ReadonlySet<Run> {
    return this.machine.live;
  }

  get faults(): Faults {
    return this.machine.faults;
  }

  find(id: InstanceId): Run | undefined {
    return this.machine.find(id);
  }

  /** The supervisor, and with it all that it had asked for and all that was on its way to it, is no more. */
  forsake(): void {
    this.#life++;
    this.watching = [];
    this.commands.clear();
    this.sockets.forsake();
    for (const run of this.runs) Object.assign(run.asked, { ready: 0, alive: 0 });
    this.schedules.forget();
  }

  start(id: InstanceId, spec: ServiceSpec): void {
    this.#options.onEffect?.({ kind: "start", id, spec });
    this.machine.start(id, spec, this.#life);
  }

  stop(id: InstanceId, using: StopSettings): void {
    this.#options.onEffect?.({ kind: "stop", id, using });
    const run = this.find(id);
    if (run === undefined) return;
    this.machine.stop(run, using);
    run.stopNoted = true;
  }

  kill(id: InstanceId): void {
    this.#options.onEffect?.({ kind: "kill", id });
    const run = this.find(id);
    if (run !== undefined) this.machine.kill(run);
  }

  signal(id: InstanceId, signal: Signal): void {
    this.#options.onEffect?.({ kind: "signal", id, signal });
  }

  probe(id: InstanceId, probe: "ready" | "alive", spec: ServiceSpec): void {
    this.#options.onEffect?.({ kind: "probe", id, probe, spec });
    const run = this.find(id);
    if (run === undefined) return;
    const { random } = this.#options;
    const life = this.#life;
    run.asked[probe]++;
    const isSlow = random.chance(this.faults.probeSlow);
    this.#after(isSlow ? random.int(500, 5_000) : random.int(0, 20), () => {
      const isTrue = probe === "ready" ? this.machine.isReady(run) : this.machine.answers(run);
      const ok = isTrue && !random.chance(this.faults.probeLies);
      if (life !== this.#life) return;
      if (probe === "alive" && !ok) run.failedAlive = true;
      this.#deliver(() => {
        run.asked[probe]--;
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
    this.#after(0, () => this.machine.report(run));
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

  bind(service: string, address: ListenAddress, _backlog: number): void {
    this.#options.onEffect?.({ kind: "bind", service, address });
    this.sockets.bind(service, address);
  }

  unbind(address: ListenAddress): void {
    this.#options.onEffect?.({ kind: "unbind", address });
    this.sockets.unbind(address);
  }

  readonly wakeOn = (specs: readonly ServiceSpec[]): void => this.sockets.wakeOn(specs);

  readonly count = (specs: readonly ServiceSpec[]): void => this.sockets.count(specs);

  run(spec: ServiceSpec, _command: string | readonly string[]): void {
    this.#options.onEffect?.({ kind: "run", spec });
    const { random } = this.#options;
    const life = this.#life;
    const ok = !random.chance(this.faults.crashes);
    const detail = ok ? "exit 0" : "exit 1";
    this.commands.add(spec.name);
    this.#after(random.int(10, 1_000), () => {
      if (life !== this.#life) return;
      this.#deliver(() => {
        this.commands.delete(spec.name);
        return { kind: "ran", service: spec.name, ok, detail };
      });
    });
  }

  schedule(spec: ServiceSpec): void {
    this.#options.onEffect?.({ kind: "schedule", spec });
    this.schedules.schedule(spec);
  }

  adopt(adoption: Adoption): void {
    const { id, was, spec, signal } = adoption;
    this.#options.onEffect?.({ kind: "adopt", adoption });
    const run = [id, ...was.toReversed()].map((name) => this.find(name)).find((one) => one);
    if (run !== undefined) {
      Object.assign(run.told, { started: false, exitedAt: null, gone: false, goneAt: null });
      Object.assign(run, { id, applied: spec, life: this.#life, notReady: 0, tellAt: this.#now });
    }
    // Of a spawn that failed nothing is on record.
    if (run === undefined || run.exit?.kind === "spawn") {
      if (run !== undefined) {
        run.life = 0;
        this.machine.sweep(run);
        run.life = this.#life;
      }
      this.#answer(run, () => {
        // Where its end is known already, this is what says that nothing is left of it.
        const goneAt = adoption.phase === "ending" ? this.#now : null;
        if (run !== undefined) Object.assign(run.told, { gone: true, goneAt });
        return { kind: "unstarted", id };
      });
      return;
    }
    if (signal !== null) this.#stopAgain(run, signal);
    this.#tellOf(run);
  }

  #stopAgain(run: Run, signal: Signal): void {
    if (!run.stopNoted && run.state !== "gone") {
      this.machine.stop(run, { ...run.applied.stop, signal });
      run.stopNoted = true;
    }
    const at = run.stop?.at ?? this.#now;
    this.#answer(run, () => ({ kind: "resent", id: run.id, at }));
  }

  /** What has become of a run while nobody was there. Of one that is just being spawned it is told when that is done. */
  #tellOf(run: Run): void {
    const { pid, port, exit, exitAt, state } = run;
    if (state === "alive") {
      this.#answer(run, () => {
        run.told.started = true;
        return { kind: "started", id: run.id, pid, port };
      });
      this.machine.report(run);
    }
    if (exit === null) return;
    // Not every file system keeps times.
    const past = exitAt !== null && this.#options.random.chance(0.5) ? { at: exitAt } : {};
    this.#answer(run, () => {
      run.told.exitedAt ??= this.#now;
      return { kind: "exited", id: run.id, exit, ...past };
    });
    if (state !== "gone") return;
    this.#answer(run, () => {
      run.told.gone = true;
      run.told.goneAt ??= past.at ?? this.#now;
      return { kind: "gone", id: run.id, ...past };
    });
  }

  /** What is told of a run that was looked for is not late by much. */
  #answer(run: { tellAt: Millis } | undefined, event: () => Event): void {
    const { random } = this.#options;
    const at = this.#now + random.int(0, this.faults.latencyMsMax);
    const tellAt = Math.max(run?.tellAt ?? 0, at);
    if (run !== undefined) run.tellAt = tellAt;
    const life = this.#life;
    this.#after(tellAt - this.#now, () => {
      if (life === this.#life) this.#deliver(event);
    });
  }

  strays(known: readonly InstanceId[]): readonly Stray[] {
    const unknown = [...this.live].filter((run) => !known.some((id) => sameId(id, run.id)));
    return unknown.map(({ id, pid, port, state }) => {
      return { id, pid: state === "alive" ? pid : null, port, digest: null };
    });
  }

  /** Late, in order, now and then twice; not at all when whoever cared for the run is no more. */
  #tell(run: Run, event: () => Event): void {
    const { random, clock } = this.#options;
    const { life } = run;
    const stallMs = random.chance(this.faults.stalls) ? random.int(1_000, 5_000) : 0;
    const delayMs = random.int(0, this.faults.latencyMsMax) + stallMs;
    run.tellAt = Math.max(run.tellAt, this.#now + delayMs);
    const deliver = () => {
      if (life === this.#life) this.#deliver(event);
    };
    this.#after(run.tellAt - clock.now(), deliver);
    if (!random.chance(this.faults.duplicates)) return;
    const again = run.tellAt - clock.now() + random.int(0, 3_000);
    this.#after(again, deliver);
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
