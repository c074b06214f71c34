import type { Clock } from "../../src/core/ports.ts";
import type { Millis } from "../../src/core/spec.ts";

interface Entry {
  readonly at: Millis;
  readonly run: () => void;
}

/** Simulated time: it stands still while anything runs, then jumps to whatever is due next. */
export class SimulatedClock implements Clock {
  #now: Millis;
  #alarm: Millis | null = null;
  /** Soonest last; of those due at one instant, the first one added comes first. */
  readonly #entries: Entry[] = [];
  /** How late the alarm may ring, as real timers do. */
  lateness: () => Millis = () => 0;
  onAlarm: () => void = () => undefined;

  constructor(start: Millis) {
    this.#now = start;
  }

  now(): Millis {
    return this.#now;
  }

  /** What the supervisor asked for last: compared by the checkers with every deadline. */
  get alarm(): Millis | null {
    return this.#alarm;
  }

  wakeAt(at: Millis | null): void {
    this.#alarm = at === null ? null : Math.max(at, this.#now);
    this.#ringAt = this.#alarm === null ? null : this.#alarm + this.lateness();
  }

  #ringAt: Millis | null = null;

  after(delayMs: Millis, run: () => void): void {
    const at = this.#now + Math.max(0, delayMs);
    let index = this.#entries.length;
    while (index > 0 && (this.#entries[index - 1]?.at ?? 0) <= at) index--;
    this.#entries.splice(index, 0, { at, run });
  }

  /** Jumps to the next thing that is due by `until` and lets it happen; false: nothing is. */
  step(until: Millis): boolean {
    const entry = this.#entries.at(-1);
    const ringAt = this.#ringAt;
    const rings = ringAt !== null && (entry === undefined || ringAt < entry.at);
    const at = rings ? ringAt : (entry?.at ?? Number.POSITIVE_INFINITY);
    if (at > until) return false;
    this.#now = Math.max(this.#now, at);
    if (rings) {
      this.#alarm = null;
      this.#ringAt = null;
      this.onAlarm();
    } else {
      this.#entries.pop();
      entry?.run();
    }
    return true;
  }

  /** Nothing happens until `at`. */
  jump(at: Millis): void {
    this.#now = Math.max(this.#now, at);
  }
}
