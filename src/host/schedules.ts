import type { Millis, Schedule, ServiceSpec } from "../core/spec.ts";

/** How often wall and monotonic clock are compared while there are schedules: a jump is seen this late. */
const LOOK_MS = 30_000;
/** A smaller difference between the clocks is drift, not a jump. */
const JUMP_MS = 1_000;

interface Options {
  readonly now: () => Millis;
  readonly scheduled: (service: string, at: Millis | null) => void;
  readonly warn: (message: string) => void;
  /** Wall time; a test may give its own. */
  readonly wallNow?: () => number;
}

interface Entry {
  readonly schedule: Schedule;
  /** The due time last told of, in wall time, and as it was told. */
  due: { readonly wallMs: number; readonly at: Millis } | null;
}

/**
 * When schedules are next due. Cron speaks of wall time and the plan of monotonic time, so what was told
 * is told anew when the two have moved against each other: a clock that was set, a machine that slept.
 */
export class Schedules {
  readonly #options: Options;
  readonly #entries = new Map<string, Entry>();
  #offsetMs: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#offsetMs = this.#wall() - options.now();
  }

  /** `scheduled` follows, later. Asked again before the due time, it tells the same; after it, the next. */
  schedule(spec: ServiceSpec): void {
    const { name, schedule } = spec;
    if (schedule === null) {
      this.#entries.delete(name);
      return;
    }
    const known = this.#entries.get(name);
    const isSame = JSON.stringify(known?.schedule) === JSON.stringify(schedule);
    const entry = known !== undefined && isSame ? known : { schedule, due: null };
    this.#entries.set(name, entry);
    void this.#tell(name, entry);
    this.#watchClock();
  }

  close(): void {
    this.#entries.clear();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Compares the clocks; public so that whoever knows of a jump can say so. */
  look(): void {
    const offsetMs = this.#wall() - this.#options.now();
    const jumpMs = offsetMs - this.#offsetMs;
    if (Math.abs(jumpMs) < JUMP_MS) return;
    this.#offsetMs = offsetMs;
    for (const [name, entry] of this.#entries) {
      const { due } = entry;
      const wasMissed = due !== null && due.wallMs <= this.#wall() && this.#options.now() < due.at;
      if (wasMissed && entry.schedule.missed === "run") {
        entry.due = { wallMs: due.wallMs, at: this.#options.now() };
        this.#options.scheduled(name, entry.due.at);
      } else {
        entry.due = null;
        void this.#tell(name, entry);
      }
    }
  }

  async #tell(name: string, entry: Entry): Promise<void> {
    const next = await this.#next(name, entry).catch((error: unknown) => {
      this.#options.warn(`the schedule of ${name} cannot be reckoned: ${String(error)}`);
      return null;
    });
    if (this.#entries.get(name) !== entry) return;
    const at = next === null ? null : this.#options.now() + Math.max(0, next - this.#wall());
    entry.due = next === null || at === null ? null : { wallMs: next, at };
    this.#options.scheduled(name, at);
  }

  /** In wall time; null: never again. */
  async #next(name: string, entry: Entry): Promise<number | null> {
    const { Cron } = await import("croner");
    const { cron, timezone } = entry.schedule;
    // The alarm may ring a little before the wall clock is there: what has been due is not due again.
    const hasRung = entry.due !== null && this.#options.now() >= entry.due.at;
    const from = hasRung ? Math.max(this.#wall(), entry.due?.wallMs ?? 0) : this.#wall();
    try {
      const job = new Cron(cron, { paused: true, ...(timezone === null ? {} : { timezone }) });
      return job.nextRun(new Date(from))?.getTime() ?? null;
    } catch (error) {
      this.#options.warn(`the schedule of ${name} cannot be read: ${String(error)}`);
      return null;
    }
  }

  #watchClock(): void {
    if (this.#timer !== null || this.#entries.size === 0) return;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  #wall(): number {
    return this.#options.wallNow?.() ?? Date.now();
  }
}
