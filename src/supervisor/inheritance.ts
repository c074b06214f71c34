import { unreachable } from "../assert.ts";
import { RequestError } from "../control/failure.ts";
import type { Operation } from "../control/protocol.ts";
import { type InstanceId, instanceName, sameId } from "../core/observed.ts";
import type { RealHost } from "../host/host.ts";
import type { Leftover, StopFacts } from "../host/leftovers.ts";
import type { EventLog } from "./event-log.ts";
import { listedNames } from "./leftovers.ts";

export interface InheritanceOptions {
  readonly host: Pick<RealHost, "killLeftovers">;
  readonly events: EventLog;
  /** Runs that no record explains. */
  readonly leftovers: readonly Leftover[];
  /** As far as it is still known how to end them. */
  readonly services: ReadonlyMap<string, StopFacts>;
  /** There is no record at all: a file may still explain them, so they are left alone until somebody asks. */
  readonly mayBeClaimed: boolean;
  /** Takes over what was started from what the file says, and returns which. */
  readonly claim: (request: Apply) => readonly InstanceId[];
  /** Nothing of it is left. Called once, before anything else is done. */
  readonly onOver: () => void;
}

export type Apply = Operation & { readonly op: "apply" };

/**
 * What a supervisor that died left running and that the record of it does not explain: the record is lost, or
 * the key to it, or it was older than the run. An `up` whose file says just what a run was started from takes
 * it over; what is left after that is ended, as each service wants to be, before anything is started: of
 * nothing there are ever two.
 */
export class Inheritance {
  readonly #options: InheritanceOptions;
  readonly #hurry = new AbortController();
  #leftovers: readonly Leftover[];
  #ending: Promise<void> | null = null;
  #isOver = false;

  constructor(options: InheritanceOptions) {
    this.#options = options;
    this.#leftovers = options.leftovers;
  }

  /** Goes over at once when there is nothing; ends at once what no file can explain either. */
  begin(): Promise<void> {
    if (this.#leftovers.length === 0) this.#over();
    if (this.#isOver || !this.#options.mayBeClaimed) return this.end();
    this.#say(`what the supervisor before this one left is not known any more: ${this.#words()}`);
    return Promise.resolve();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when nothing of it is left. Rejects with P602 (409) when something cannot be ended. */
  end(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.#ending ??= this.#endAll().finally(() => {
      this.#ending = null;
    });
    return this.#ending;
  }

  hurry(): void {
    this.#hurry.abort();
  }

  /** To be asked before what speaks of services. Throws P602 (409) until all of it is known or gone. */
  refuse(): void {
    if (this.#isOver) return;
    if (this.#ending === null) throw this.#unknown();
    const message = `the supervisor before this one died, and what it left running is ending: ${this.#words()}`;
    throw new RequestError(409, "P602", message, { help: ["give the command again in a moment"] });
  }

  /** Resolves when an operation may go on: what it can explain is taken over, and the rest has ended. */
  async settle(operation: Operation): Promise<void> {
    if (this.#isOver) return;
    if (this.#ending !== null) {
      if (operation.op === "kill") this.hurry();
      return this.#ending;
    }
    switch (operation.op) {
      case "apply":
        this.#claim(operation);
        return this.end();
      case "down":
        return this.end();
      case "kill":
        this.hurry();
        return this.end();
      case "restart":
      case "start":
      case "stop":
      case "scale":
      case "signal":
      case "wait":
        return this.refuse();
      default:
        return unreachable(operation);
    }
  }

  #claim(request: Apply): void {
    const claimed = this.#options.claim(request);
    this.#leftovers = this.#leftovers.filter(({ id }) => !claimed.some((one) => sameId(one, id)));
    if (claimed.length > 0) {
      const names = listedNames(claimed.map(instanceName));
      this.#say(`what runs is what the file says, and goes on: ${names}`);
    }
    if (this.#leftovers.length === 0) this.#over();
  }

  async #endAll(): Promise<void> {
    const { host, services } = this.#options;
    const leftovers = this.#leftovers;
    const names = this.#words();
    this.#say(`the supervisor before this one died; ending what cannot be taken over: ${names}`);
    const lasting = await host.killLeftovers(leftovers, { services, hurry: this.#hurry.signal });
    if (lasting.length > 0) throw this.#fail(lasting);
    this.#say(`ended what was left running: ${names}`);
    this.#over();
  }

  #over(): void {
    this.#isOver = true;
    this.#options.onOver();
  }

  #fail(lasting: readonly Leftover[]): RequestError {
    const rest = lasting.map(({ id, pids }) => `${instanceName(id)} (${pids.join(", ")})`);
    const message = `what an earlier supervisor left running cannot be ended: ${rest.join(", ")}`;
    this.#say(message);
    return new RequestError(409, "P602", message, {
      help: ["nothing is started beside it: end these processes, then give the command again"],
    });
  }

  #unknown(): RequestError {
    const message = `what the supervisor before this one had written down is lost; this still runs: ${this.#words()}`;
    return new RequestError(409, "P602", message, {
      help: [
        "procs up takes over what the file still says, and ends and starts anew the rest",
        "procs down ends all of it",
      ],
    });
  }

  #words(): string {
    return listedNames([...new Set(this.#leftovers.map(({ id }) => instanceName(id)))]);
  }

  #say(message: string): void {
    this.#options.events.add({ type: "supervisor", message });
  }
}
