import type { Observed } from "../core/observed.ts";
import type { Action } from "../core/plan.ts";
import type { Clock, Host } from "../core/ports.ts";
import type { Millis } from "../core/spec.ts";
import { Supervisor } from "../core/supervisor.ts";
import type { ProjectPaths } from "../paths.ts";
import type { Addresses } from "./addresses.ts";
import type { Basis } from "./desire.ts";
import type { EventLog } from "./event-log.ts";
import { isNoteworthy } from "./noteworthy.ts";
import { Outbox } from "./outbox.ts";
import type { StateFile } from "./state.ts";
import type { Recorded } from "./state-format.ts";
import { Turns } from "./turns.ts";

export interface SessionOptions {
  readonly paths: ProjectPaths;
  readonly version: string;
  readonly host: Host;
  /** Without it, whether an address can be had is only seen when it is bound. */
  readonly addresses?: Addresses;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly state: StateFile;
  /** What to go on from. */
  readonly from: Recorded;
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
  readonly addresses: Addresses | null;
  readonly turns = new Turns();
  readonly since = new Date().toISOString();
  readonly #state: StateFile;
  readonly #outbox: Outbox;
  readonly #onApplied: () => void;
  #project: Basis["project"];
  #ambient: Basis["ambient"];
  #owned: boolean;
  #operations: readonly string[];
  #stamp: string;
  /** Something has happened that is not written down. */
  #hasNews = false;
  #recordSoon: NodeJS.Timeout | null = null;
  readonly #waiters = new Set<() => void>();

  constructor(options: SessionOptions) {
    this.paths = options.paths;
    this.version = options.version;
    this.clock = options.clock;
    this.host = options.host;
    this.addresses = options.addresses ?? null;
    this.events = options.events;
    this.#state = options.state;
    this.#onApplied = options.onApplied;
    this.#outbox = new Outbox(options.host, () => this.#record());
    const { from } = options;
    this.#project = from.project;
    this.#ambient = from.ambient;
    this.#owned = from.owned;
    this.#operations = from.operations;
    this.#stamp = from.stamp;
    this.core = new Supervisor({
      host: this.#outbox.host,
      clock: options.clock,
      from,
      onChange: (change) => {
        options.onChange(change);
        if (isNoteworthy(change.before, change.after)) this.#recordLater();
        this.#wake();
      },
    });
  }

  get basis(): Basis {
    return { desired: this.core.desired, project: this.#project, ambient: this.#ambient };
  }

  /** An attached `up` owns the project: it is to end with it, also when this supervisor dies before. */
  get owned(): boolean {
    return this.#owned;
  }

  set owned(owned: boolean) {
    if (owned === this.#owned) return;
    this.#owned = owned;
    this.#hasNews = true;
    this.#outbox.save();
  }

  /** What the project's files looked like at the last look: see Drift.stamp. */
  get stamp(): string {
    return this.#stamp;
  }

  set stamp(stamp: string) {
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#recordLater();
  }

  /** Whether an operation has already changed what is desired, in the life of this supervisor or an earlier one. */
  hasAccepted(operation: string): boolean {
    return this.#operations.includes(operation);
  }

  /** A point of the monotonic clock as RFC 3339, for people. */
  wallTime(at: Millis | null): string | null {
    if (at === null) return null;
    return new Date(Date.now() + at - this.clock.now()).toISOString();
  }

  /**
   * The only way in which what is desired changes. It is on the disk before anything is done for it, and
   * before this returns. `operation`: the id of the client's request, so that asking again is not doing again.
   */
  aim(basis: Partial<Basis>, operation: string | null = null): void {
    if (basis.project !== undefined) this.#project = basis.project;
    if (basis.ambient !== undefined) this.#ambient = basis.ambient;
    if (operation !== null) {
      this.#operations = [...this.#operations, operation].slice(-OPERATIONS_MAX);
    }
    if (basis.desired !== undefined) this.core.want(basis.desired);
    this.#outbox.save();
    if (basis.project !== undefined) this.#onApplied();
  }

  /** Writes everything down now: the disk takes things again. */
  save(): void {
    this.#outbox.save();
  }

  /** Goes on from where the record ended. */
  resume(): void {
    this.core.goOn();
  }

  /** What is remembered across a crash is not remembered across a `down`. */
  forget(): void {
    if (this.#recordSoon !== null) clearTimeout(this.#recordSoon);
    this.#state.remove();
  }

  #record(): void {
    if (this.#recordSoon !== null) clearTimeout(this.#recordSoon);
    this.#recordSoon = null;
    const { observed } = this.core;
    const { owned, stamp } = this;
    const recorded = { ...this.basis, observed, owned, stamp, operations: this.#operations };
    this.#hasNews = !this.#state.write(recorded, this.#hasNews);
  }

  /** What was only seen can be seen again; so it may wait for others. */
  #recordLater(): void {
    this.#hasNews = true;
    this.#recordSoon ??= setTimeout(() => this.#record(), RECORD_MS).unref();
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

/** How long what happened may wait to be written down together with what happens next. */
const RECORD_MS = 50;
/** A client asks again within seconds. */
const OPERATIONS_MAX = 32;
/** The longest delay that setTimeout takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;
