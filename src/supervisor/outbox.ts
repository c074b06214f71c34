import type { Host } from "../core/ports.ts";

/**
 * Stands between core and host: what core decided is written down first, and done then. So a supervisor that
 * dies leaves either a record of what it had not done yet, which the next one sees, or nothing; never a
 * process that no record knows of. What was decided in one turn is written once.
 */
export class Outbox {
  readonly host: Host;
  readonly #record: () => void;
  readonly #effects: (() => void)[] = [];
  #isDue = false;

  /** `record` writes what is known by now; it may fail, and then what was decided is done all the same. */
  constructor(host: Host, record: () => void) {
    this.#record = record;
    const later = (effect: () => void) => this.#add(effect);
    // Nothing to write down for, but never before what was decided earlier.
    const inTurn = (effect: () => void) =>
      this.#effects.length > 0 ? this.#add(effect) : effect();
    this.host = {
      start: (id, spec) => later(() => host.start(id, spec)),
      stop: (id, using) => later(() => host.stop(id, using)),
      kill: (id) => later(() => host.kill(id)),
      update: (id, spec) => later(() => host.update(id, spec)),
      rename: (from, to) => later(() => host.rename(from, to)),
      probe: (id, probe, spec) => inTurn(() => host.probe(id, probe, spec)),
      // Told twice is better than never: a program that was not told would go on with its old settings.
      signal: (id, signal) => inTurn(() => host.signal(id, signal)),
      run: (spec, command) => inTurn(() => host.run(spec, command)),
      watch: (specs) => host.watch(specs),
      bind: (service, address, backlog) => later(() => host.bind(service, address, backlog)),
      unbind: (address) => later(() => host.unbind(address)),
      wakeOn: (specs) => host.wakeOn(specs),
      count: (specs) => host.count(specs),
      schedule: (spec) => host.schedule(spec),
    };
  }

  /** Writes what is known, and does what is waiting, at once. */
  save(): void {
    this.#record();
    for (const effect of this.#effects.splice(0)) effect();
  }

  #flush(): void {
    this.#isDue = false;
    if (this.#effects.length > 0) this.save();
  }

  #add(effect: () => void): void {
    this.#effects.push(effect);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#flush());
  }
}
