import type { InetdSettings } from "../core/inetd.ts";
import type { Millis } from "../core/spec.ts";

/** How often the same thing is said, however often it happens. */
const SAID_EVERY_MS = 10_000;

/** Counts processes and connections against the limits. Time is given, in milliseconds of any clock that only goes on. */
export class Limits {
  readonly #settings: Pick<InetdSettings, "max_connections" | "per_source" | "rate">;
  readonly #sources = new Map<string, number>();
  /** When the last connections came, the oldest first; no more than the rate allows. */
  readonly #recent: Millis[] = [];
  #running = 0;
  #pausedUntil: Millis | null = null;

  constructor(settings: Pick<InetdSettings, "max_connections" | "per_source" | "rate">) {
    this.#settings = settings;
  }

  /** Processes now. */
  get running(): number {
    return this.#running;
  }

  /** No further process may be started before one ends. */
  get isFull(): boolean {
    return this.#running >= this.#settings.max_connections;
  }

  /** When connections are taken again after there were too many at once; null: they are. */
  get pausedUntil(): Millis | null {
    return this.#pausedUntil;
  }

  /** A connection has come. True: it is one too many within this second, and a pause has begun. */
  arrived(now: Millis): boolean {
    const { rate } = this.#settings;
    if (rate === null) return false;
    while ((this.#recent[0] ?? now) <= now - 1_000) this.#recent.shift();
    if (this.#recent.length < rate.count) {
      this.#recent.push(now);
      return false;
    }
    this.#pausedUntil = now + rate.pause;
    return true;
  }

  /** The pause is over; what comes now is counted anew. */
  resumed(now: Millis): void {
    this.#pausedUntil = null;
    this.#recent.splice(0, this.#recent.length, now);
  }

  /** Whether this client has all the processes that it may have. null is a client without an address. */
  hasEnough(source: string | null): boolean {
    const { per_source } = this.#settings;
    if (per_source === null || source === null) return false;
    return (this.#sources.get(source) ?? 0) >= per_source;
  }

  begun(source: string | null): void {
    this.#running += 1;
    if (source !== null) this.#sources.set(source, (this.#sources.get(source) ?? 0) + 1);
  }

  ended(source: string | null): void {
    this.#running -= 1;
    if (source === null) return;
    const left = (this.#sources.get(source) ?? 1) - 1;
    if (left > 0) this.#sources.set(source, left);
    else this.#sources.delete(source);
  }
}

/** Says something once, and then from time to time how often it has happened since. */
export class Repeated {
  readonly #say: (line: string) => void;
  #saidAt: Millis | null = null;
  #unsaid = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** `line` is said at most every ten seconds, with the number of times that it was not. */
  happened(line: string, now: Millis): void {
    if (this.#saidAt !== null && now - this.#saidAt < SAID_EVERY_MS) {
      this.#unsaid += 1;
      return;
    }
    const more = this.#unsaid === 0 ? "" : ` (and ${this.#unsaid} more times since this was said)`;
    this.#say(`${line}${more}`);
    this.#saidAt = now;
    this.#unsaid = 0;
  }
}
