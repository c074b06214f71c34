import type { Observed } from "../core/observed.ts";
import type { Action } from "../core/plan.ts";
import type { Clock, Host } from "../core/ports.ts";
import type { Millis } from "../core/spec.ts";
import { Supervisor } from "../core/supervisor.ts";
import type { ProjectPaths } from "../paths.ts";
import type { Basis } from "./desire.ts";
import type { EventLog } from "./event-log.ts";
import { recall, type StateFile } from "./state.ts";
import { Turns } from "./turns.ts";

export interface SessionOptions {
  readonly paths: ProjectPaths;
  readonly version: string;
  readonly host: Host;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly state: StateFile;
  readonly onChange: (change: Change) => void;
  /** A file has become what is desired. */
  readonly onApplied: () => void;
}

export interface Change {
  readonly before: Observed;
  readonly after: Observed;
  readonly actions: readonly Action[];
  readonly now: Millis;
}

/** One project as its supervisor runs it: the core, what it was aimed at and by which file, who waits for what. */
export class Session {
  readonly paths: ProjectPaths;
  readonly version: string;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly core: Supervisor;
  readonly host: Host;
  readonly turns = new Turns();
  readonly since = new Date().toISOString();
  readonly #state: StateFile;
  readonly #onApplied: () => void;
  #project: Basis["project"] = null;
  #ambient: Basis["ambient"] = null;
  readonly #waiters = new Set<() => void>();

  constructor(options: SessionOptions) {
    this.paths = options.paths;
    this.version = options.version;
    this.clock = options.clock;
    this.host = options.host;
    this.events = options.events;
    this.#state = options.state;
    this.#onApplied = options.onApplied;
    this.core = new Supervisor({
      host: options.host,
      clock: options.clock,
      onChange: (change) => {
        options.onChange(change);
        this.#wake();
      },
    });
    this.core.want(recall(this.core.desired, options.state.read()));
  }

  get basis(): Basis {
    return { desired: this.core.desired, project: this.#project, ambient: this.#ambient };
  }

  /** A point of the monotonic clock as RFC 3339, for people. */
  wallTime(at: Millis | null): string | null {
    if (at === null) return null;
    return new Date(Date.now() + at - this.clock.now()).toISOString();
  }

  /** The only way in which what is desired changes. */
  aim(basis: Partial<Basis>): void {
    if (basis.project !== undefined) this.#project = basis.project;
    if (basis.ambient !== undefined) this.#ambient = basis.ambient;
    if (basis.desired !== undefined) this.core.want(basis.desired);
    if (!this.core.desired.draining) this.#state.write(this.basis);
    if (basis.project !== undefined) this.#onApplied();
  }

  /** What is remembered across a crash is not remembered across a `down`. */
  forget(): void {
    this.#state.remove();
  }

  /**
   * Resolves with the first answer of `check` that is not null, or with null after `limitMs`. Asked now, and
   * whenever something has changed; never while the core is deciding.
   */
  until<T>(check: () => T | null, limitMs: Millis): Promise<T | null> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | null = null;
      const finish = (value: T | null) => {
        if (timer !== null) clearTimeout(timer);
        this.#waiters.delete(look);
        resolve(value);
      };
      const look = () => {
        try {
          const value = check();
          if (value !== null) finish(value);
        } catch (error) {
          this.#waiters.delete(look);
          reject(error);
        }
      };
      this.#waiters.add(look);
      if (limitMs < TIMER_MS_MAX) timer = setTimeout(() => finish(check()), limitMs);
      look();
    });
  }

  #isWaking = false;

  #wake(): void {
    if (this.#isWaking || this.#waiters.size === 0) return;
    this.#isWaking = true;
    queueMicrotask(() => {
      this.#isWaking = false;
      for (const look of [...this.#waiters]) look();
    });
  }
}

/** The longest delay that setTimeout takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;
