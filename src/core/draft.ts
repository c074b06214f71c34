import { fixedPort } from "./fixed-port.ts";
import { type InstanceId, sameId } from "./observed.ts";
import type { Action, Plan, Wait } from "./plan.ts";
import type { Millis } from "./spec.ts";

const BOOKS: ReadonlySet<Action["kind"]> = new Set([
  "watched",
  "due",
  "demand",
  "promote",
  "update",
]);

/** A plan in the making: what each rule adds to. */
export class Draft {
  readonly #actions: Action[] = [];
  readonly #waits: Wait[] = [];
  #wakeAt: Millis | null = null;

  do(action: Action): void {
    this.#actions.push(action);
  }

  /** Whether this very plan changes what others go by: a restart, a run, rest, who is ready, new settings. */
  changesBooks(): boolean {
    return this.#actions.some(({ kind }) => BOOKS.has(kind));
  }

  /** Whether this very plan ends an instance, which still shows as active. */
  stops(id: InstanceId): boolean {
    return this.#actions.some((action) => action.kind === "stop" && sameId(action.id, id));
  }

  /** Who is about to be started on a fixed port, by this very plan; null: nobody. */
  starterOn(port: number): InstanceId | null {
    for (const action of this.#actions) {
      if (action.kind !== "start") continue;
      if (fixedPort(action.spec, action.id.slot) === port) return action.id;
    }
    return null;
  }

  /** For whom this very plan binds a port; null: for nobody. */
  binderOf(port: number): string | null {
    const bind = this.#actions.find(
      (action) =>
        action.kind === "bind" && action.address.kind === "tcp" && action.address.port === port,
    );
    return bind?.kind === "bind" ? bind.service : null;
  }

  wait(wait: Wait): void {
    this.#waits.push(wait);
    if (wait.until !== undefined) this.wake(wait.until);
  }

  /** Look again at `at`, or earlier. */
  wake(at: Millis): void {
    this.#wakeAt = this.#wakeAt === null ? at : Math.min(this.#wakeAt, at);
  }

  finish(): Plan {
    return { actions: this.#actions, waits: this.#waits, wakeAt: this.#wakeAt };
  }
}
