import { drain, untilNothingRuns } from "./ending.ts";
import type { EventLog } from "./event-log.ts";
import type { Inheritance } from "./inheritance.ts";
import type { Session } from "./session.ts";

export interface DepartureOptions {
  readonly session: Session;
  readonly inheritance: () => Inheritance;
  readonly events: EventLog;
  /** Closes and clears away everything; the process ends after it. */
  readonly close: () => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

/** A supervisor that nothing was asked of for this long was started by somebody who went away before he could ask. */
const UNUSED_MS_MAX = 30_000;

/** How a supervisor leaves: once, and when nothing runs any more. */
export class Departure {
  readonly #options: DepartureOptions;
  #leaving: Promise<void> | null = null;

  constructor(options: DepartureOptions) {
    this.#options = options;
  }

  /** Nothing runs: it goes now. */
  leave(): void {
    const { events, close, onFault } = this.#options;
    if (this.#leaving !== null) return;
    events.add({ type: "supervisor", message: "the supervisor leaves: nothing runs any more" });
    this.#leaving = close().catch(onFault);
  }

  /** Ends everything in order and leaves; asked a second time, in a hurry. */
  end(why: string): void {
    const { session, inheritance, events } = this.#options;
    if (session.core.desired.draining) {
      inheritance().hurry();
      session.core.handle({ kind: "hurry" });
      return;
    }
    events.add({ type: "supervisor", message: `down: ${why}` });
    drain(session, null);
    this.leaveWhenDrained();
  }

  leaveWhenDrained(): void {
    const { session, inheritance } = this.#options;
    Promise.allSettled([inheritance().end(), untilNothingRuns(session)])
      .then(() => this.leave())
      .catch(this.#options.onFault);
  }

  leaveWhenUnused(): void {
    const { session, inheritance } = this.#options;
    const timer = setTimeout(() => {
      const isUnused = session.basis.project === null && !session.core.desired.draining;
      if (isUnused && inheritance().isOver) this.leave();
    }, UNUSED_MS_MAX);
    timer.unref();
  }
}
