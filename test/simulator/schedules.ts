import type { Event } from "../../src/core/event.ts";
import type { Millis, ServiceSpec } from "../../src/core/spec.ts";
import type { SimulatedClock } from "./clock.ts";

/** How late a clock that was set is seen, as by the real host. */
const LOOK_MS = 30_000;

interface Entry {
  readonly spec: ServiceSpec;
  due: { readonly wallMs: number; readonly at: Millis } | null;
}

/** Crons speak of wall time, which can be set; simulated ones are a period: `every 7000`. */
export class SimulatedSchedules {
  readonly #clock: SimulatedClock;
  readonly #deliver: (event: () => Event) => void;
  readonly #entries = new Map<string, Entry>();
  #offsetMs = 0;

  constructor(clock: SimulatedClock, deliver: (event: () => Event) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  /** Whether it would be told anew when the clock is set. */
  knows(service: string): boolean {
    return this.#entries.has(service);
  }

  schedule(spec: ServiceSpec): void {
    const entry: Entry = { spec, due: null };
    this.#entries.set(spec.name, entry);
    this.#tell(entry);
  }

  /** The wall clock is set, forward or back. */
  step(byMs: Millis): void {
    this.#offsetMs += byMs;
    this.#clock.after(LOOK_MS, () => this.#look());
  }

  forget(): void {
    this.#entries.clear();
  }

  #look(): void {
    for (const entry of this.#entries.values()) {
      const { due, spec } = entry;
      const wasMissed = due !== null && due.wallMs <= this.#wallMs && this.#clock.now() < due.at;
      if (wasMissed && spec.schedule?.missed === "run") {
        entry.due = { wallMs: due.wallMs, at: this.#clock.now() };
        this.#say(entry, entry.due.at);
      } else {
        this.#tell(entry);
      }
    }
  }

  #tell(entry: Entry): void {
    const periodMs = Number(entry.spec.schedule?.cron.split(" ")[1] ?? 0);
    const wallMs = (Math.floor(this.#wallMs / periodMs) + 1) * periodMs;
    const at = periodMs === 0 ? null : wallMs - this.#offsetMs;
    entry.due = at === null ? null : { wallMs, at };
    this.#say(entry, at);
  }

  #say(entry: Entry, at: Millis | null): void {
    const service = entry.spec.name;
    this.#clock.after(0, () => {
      if (this.#entries.get(service) === entry)
        this.#deliver(() => ({ kind: "scheduled", service, at }));
    });
  }

  get #wallMs(): number {
    return this.#clock.now() + this.#offsetMs;
  }
}
