import { BroadcastChannel, threadId, type Worker } from "node:worker_threads";
import { Drain } from "./drain.ts";
import type { ServedList } from "./served.ts";

/** Among the threads of this process. */
const CHANNEL = "procs:threads";

type Word =
  | { readonly kind: "serves" | "drained"; readonly thread: number }
  | { readonly kind: "drain"; readonly limitMs: number; readonly all: boolean };

/** In the main thread, which alone hears of signals: the worker threads that serve sockets. */
export class Threads {
  /** One began to serve. */
  onServes: () => void = () => {};
  readonly #serving = new Set<number>();
  #channel: BroadcastChannel | null = null;

  constructor() {
    process.on("worker", (worker: Worker) => {
      const { threadId: thread } = worker;
      worker.once("exit", () => this.#serving.delete(thread));
      this.#channel ??= openChannel((word) => this.#heard(word));
    });
  }

  get areBusy(): boolean {
    return this.#serving.size > 0;
  }

  drain(limitMs: number, all: boolean): void {
    if (this.areBusy) say(this.#channel, { kind: "drain", limitMs, all });
  }

  #heard(word: Word): void {
    if (word.kind === "drained") this.#serving.delete(word.thread);
    if (word.kind !== "serves") return;
    this.#serving.add(word.thread);
    this.onServes();
  }
}

/** In a worker thread that has begun to serve: tells the main one, and drains when that says so. */
export function followMainThread(served: ServedList): void {
  const channel = openChannel((word) => {
    if (word.kind !== "drain") return;
    const drain = new Drain(served.open);
    void drain
      .until(word.limitMs, word.all, () => false)
      .then(() => say(channel, { kind: "drained", thread: threadId }));
  });
  say(channel, { kind: "serves", thread: threadId });
}

function openChannel(heard: (word: Word) => void): BroadcastChannel {
  const channel = new BroadcastChannel(CHANNEL);
  // Its types do not know what a message of ours is.
  channel.onmessage = (event) => heard((event as { readonly data: Word }).data);
  channel.unref();
  return channel;
}

function say(channel: BroadcastChannel | null, word: Word): void {
  channel?.postMessage(word);
}
