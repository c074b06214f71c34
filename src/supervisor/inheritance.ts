import { RequestError } from "../control/failure.ts";
import type { ControlRequest, Handler } from "../control/server.ts";
import { instanceName } from "../core/observed.ts";
import type { RealHost } from "../host/host.ts";
import type { Leftover } from "../host/leftovers.ts";
import type { EventLog } from "./event-log.ts";
import { listedNames } from "./leftovers.ts";
import type { Remembered } from "./state.ts";

export interface InheritanceOptions {
  readonly host: Pick<RealHost, "leftovers" | "killLeftovers">;
  readonly events: EventLog;
  readonly remembered: Remembered | null;
}

/**
 * What a supervisor that died left running. It is ended, as each service wants to be, before anything is
 * started: of nothing there are ever two. Clients are answered meanwhile.
 */
export class Inheritance {
  readonly #options: InheritanceOptions;
  readonly #hurry = new AbortController();
  #names: readonly string[] = [];
  #ending: Promise<void> | null = null;
  #isOver = false;

  constructor(options: InheritanceOptions) {
    this.#options = options;
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
    const { host, events, remembered } = this.#options;
    const leftovers = host.leftovers();
    if (leftovers.length > 0) {
      this.#names = namesOf(leftovers);
      const names = listedNames(this.#names);
      events.add({
        type: "supervisor",
        message: `the supervisor before this one died; ending what it left running: ${names}`,
      });
      const services = remembered?.services ?? new Map();
      const lasting = await host.killLeftovers(leftovers, { services, hurry: this.#hurry.signal });
      if (lasting.length > 0) throw this.#fail(lasting);
      events.add({ type: "supervisor", message: `ended what was left running: ${names}` });
    }
    this.#isOver = true;
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

function namesOf(leftovers: readonly Leftover[]): readonly string[] {
  return [...new Set(leftovers.map(({ id }) => instanceName(id)))];
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
