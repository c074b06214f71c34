import type { Host } from "../../src/core/ports.ts";

/** One thing that was decided and is to be done. */
export interface Deferred {
  /** Written down before it is done: a process begins, ends or changes by it. */
  readonly isNoted: boolean;
  readonly kind: keyof Host;
  readonly run: () => void;
}

/** Keeps what the core decides until it is written down: what happens in between is what this simulator is for. */
export class SimulatedOutbox {
  readonly host: Host;
  readonly #waiting: Deferred[] = [];

  constructor(host: Host) {
    const add = (kind: keyof Host, isNoted: boolean, run: () => void): void => {
      this.#waiting.push({ kind, isNoted, run });
    };
    this.host = {
      start: (id, spec) => add("start", true, () => host.start(id, spec)),
      stop: (id, using) => add("stop", true, () => host.stop(id, using)),
      kill: (id) => add("kill", true, () => host.kill(id)),
      update: (id, spec) => add("update", true, () => host.update(id, spec)),
      rename: (from, to) => add("rename", true, () => host.rename(from, to)),
      signal: (id, signal) => add("signal", false, () => host.signal(id, signal)),
      probe: (id, probe, spec) => add("probe", false, () => host.probe(id, probe, spec)),
      run: (spec, command) => add("run", false, () => host.run(spec, command)),
      bind: (...a) => add("bind", true, () => host.bind(...a)),
      unbind: (address) => add("unbind", true, () => host.unbind(address)),
      wakeOn: (specs) => add("wakeOn", false, () => host.wakeOn(specs)),
      count: (specs) => add("count", false, () => host.count(specs)),
      watch: (specs) => add("watch", false, () => host.watch(specs)),
      schedule: (spec) => add("schedule", false, () => host.schedule(spec)),
    };
  }

  take(): readonly Deferred[] {
    return this.#waiting.splice(0);
  }
}
