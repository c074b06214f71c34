import type { ServiceSpec } from "../core/spec.ts";
import { messageOf } from "../errors.ts";
import { textsOf } from "./connections.ts";
import type { RawListener } from "./raw-sockets.ts";

interface Options {
  readonly listenerOf: (address: string) => RawListener | null;
  readonly told: (service: string) => void;
  readonly warn: (message: string) => void;
}

/** Waits for the first connection to services of which nothing runs, without taking it. */
export class Wakes {
  readonly #options: Options;
  /** What is waited on, by service. */
  #awaited: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Exactly these. One that was told is not told again until it has been left out, or its sockets are others. */
  wakeOn(specs: readonly ServiceSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.name, textsOf(spec)]));
    const before = this.#awaited;
    this.#awaited = wanted;
    for (const [service, texts] of before) {
      if (wanted.get(service)?.join() !== texts.join()) this.#rest(texts);
    }
    for (const [service, texts] of wanted) {
      if (before.get(service)?.join() !== texts.join()) this.#arm(service, texts);
    }
  }

  #arm(service: string, texts: readonly string[]): void {
    for (const text of texts) {
      try {
        this.#options.listenerOf(text)?.wake(() => {
          this.#rest(texts);
          this.#options.told(service);
        });
      } catch (error) {
        const reason = messageOf(error);
        this.#options.warn(`${text} of ${service} cannot be watched: ${reason}`);
      }
    }
  }

  #rest(texts: readonly string[]): void {
    for (const text of texts) this.#options.listenerOf(text)?.rest();
  }
}
