import { EXIT } from "../errors.ts";
import type { StopWord } from "./context.ts";

const WORDS: readonly StopWord[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Signals {
  /** Aborts at the first signal; the second SIGINT, or SIGTERM, ends the program. */
  abortSignal(): AbortSignal;
  /** Hands every signal to `handler` until the returned function is called. */
  take(handler: (signal: StopWord, count: number) => void): () => void;
}

/** Nothing is caught before a command asks: until then Ctrl-C ends the program as it ends any other. */
export function createSignals(): Signals {
  let controller: AbortController | null = null;
  const taken: ((signal: StopWord, count: number) => void)[] = [];
  let interrupts = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    const word = WORDS.find((known) => known === signal);
    if (word === undefined) return;
    if (word === "SIGINT") interrupts += 1;
    const handler = taken.at(-1);
    if (handler !== undefined) return handler(word, interrupts);
    if (controller?.signal.aborted === false) return controller.abort(word);
    process.exit(word === "SIGINT" ? EXIT.interrupted : EXIT.terminated);
  };
  const listen = () => {
    for (const word of WORDS) {
      if (process.listenerCount(word, onSignal) === 0) process.on(word, onSignal);
    }
  };
  const release = () => {
    if (controller !== null || taken.length > 0) return;
    for (const word of WORDS) process.off(word, onSignal);
  };
  return {
    abortSignal: () => {
      controller ??= new AbortController();
      listen();
      return controller.signal;
    },
    take: (handler) => {
      taken.push(handler);
      listen();
      return () => {
        taken.splice(taken.lastIndexOf(handler), 1);
        release();
      };
    },
  };
}
