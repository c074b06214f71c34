import { RequestError } from "../control/failure.ts";
import type { ControlRequest, Handler } from "../control/server.ts";
import { instanceName } from "../core/observed.ts";
import type { RealHost } from "../host/host.ts";
import type { Leftover, StopFacts } from "../host/leftovers.ts";
import type { EventLog } from "./event-log.ts";
import { listedNames } from "./leftovers.ts";

export interface InheritanceOptions {
  readonly host: Pick<RealHost, "killLeftovers">;
  readonly events: EventLog;
  /** Runs that cannot be taken over: nobody knows any more what they were started from. */
  readonly leftovers: readonly Leftover[];
  /** As far as it is still known how to end them. */
  readonly services: ReadonlyMap<string, StopFacts>;
  /** Nothing of it is left. Called once, before anything else is answered. */
  readonly onOver: () => void;
}

/**
 * What a supervisor that died left running and that cannot be taken over: without its record, or without
 * the key to it. It is ended, as each service wants to be, before anything is started: of nothing there
 * are ever two. Clients are answered meanwhile.
 */
export class Inheritance {
  readonly #options: InheritanceOptions;
  readonly #hurry = new AbortController();
  readonly #names: readonly string[];
  #ending: Promise<void> | null = null;
  #isOver = false;

  constructor(options: InheritanceOptions) {
    this.#options = options;
    this.#names = [...new Set(options.leftovers.map(({ id }) => instanceName(id)))];
  }

  /** Resolves when nothing of it is left. Rejects with P602 (409) when something cannot be ended. */
  end(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    if (this.#names.length === 0) {
      this.#over();
      return Promise.resolve();
    }
    this.#ending ??= this.#endAll().finally(() => {
      this.#ending = null;
    });
    return this.#ending;
  }

  hurry(): void {
    this.#hurry.abort();
  }

  /** Lets through what may be answered at once; holds what is to act until all has ended; refuses the rest. */
  guard(handler: Handler): Handler {
    return async (request, responder) => {
      if (!this.#isOver && !isAboutNow(request)) {
        if (isKill(request)) this.hurry();
        else if (!isPatient(request)) throw this.#busy();
        await this.end();
      }
      return handler(request, responder);
    };
  }

  async #endAll(): Promise<void> {
    const { host, events, leftovers, services } = this.#options;
    const names = listedNames(this.#names);
    const message = `the supervisor before this one died; ending what cannot be taken over: ${names}`;
    events.add({ type: "supervisor", message });
    const lasting = await host.killLeftovers(leftovers, { services, hurry: this.#hurry.signal });
    if (lasting.length > 0) throw this.#fail(lasting);
    events.add({ type: "supervisor", message: `ended what was left running: ${names}` });
    this.#over();
  }

  #over(): void {
    this.#isOver = true;
    this.#options.onOver();
  }

  #fail(lasting: readonly Leftover[]): RequestError {
    const rest = lasting.map(({ id, pids }) => `${instanceName(id)} (${pids.join(", ")})`);
    const message = `what an earlier supervisor left running cannot be ended: ${rest.join(", ")}`;
    this.#options.events.add({ type: "supervisor", message });
    return new RequestError(409, "P602", message, {
      help: ["nothing is started beside it: end these processes, then give the command again"],
    });
  }

  #busy(): RequestError {
    const names = listedNames(this.#names);
    const message = `the supervisor before this one died, and what it left running is ending: ${names}`;
    return new RequestError(409, "P602", message, { help: ["give the command again in a moment"] });
  }
}

/** Says nothing of services. */
function isAboutNow({ path }: ControlRequest): boolean {
  return path === "/v1/version" || path === "/v1/events";
}

/** Has no limit of its own for the answer. */
function isPatient({ path }: ControlRequest): boolean {
  return path === "/v1/operate" || path === "/v1/attach" || path === "/v1/detach";
}

function isKill({ path, body }: ControlRequest): boolean {
  const isOperation = path === "/v1/operate" && typeof body === "object" && body !== null;
  return isOperation && "op" in body && body.op === "kill";
}
