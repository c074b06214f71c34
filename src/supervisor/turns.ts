import type { By, Operation } from "../control/protocol.ts";

/** An operation that is changing services and has not come to its verdict. */
export interface Turn {
  readonly op: Operation["op"] | "up" | "reload";
  readonly by: By;
  readonly since: number;
  /** null: all services, and nothing may join. */
  readonly services: ReadonlySet<string> | null;
}

/**
 * Who is changing which services. Two operations on different services go on side by side; on the same
 * service the second waits for the first.
 */
export class Turns {
  readonly #running = new Set<Turn>();
  #wake: (() => void)[] = [];

  /**
   * The operation that stands in the way of changing these services, if any. A client's own earlier one does
   * not: who presses R because his `up` hangs wants the edit instead. Nor does anything hold up an edit of the
   * file that is applied by itself.
   */
  conflict(services: ReadonlySet<string>, by: By): Turn | null {
    for (const turn of this.#running) {
      const isOwn = turn.by.pid === by.pid && turn.by.user === by.user;
      if (turn.services !== null && (isOwn || by.via === "file")) continue;
      if (turn.services === null) return turn;
      if ([...services].some((name) => turn.services?.has(name))) return turn;
    }
    return null;
  }

  /** Takes a turn; call what it returns when the operation is over. */
  take(turn: Turn): () => void {
    this.#running.add(turn);
    return () => {
      if (!this.#running.delete(turn)) return;
      const waiting = this.#wake;
      this.#wake = [];
      for (const wake of waiting) wake();
    };
  }

  /** Resolves with true when some turn has ended, with false after `limitMs`. */
  change(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), limitMs);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}
