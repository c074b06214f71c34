import { appendFileSync } from "node:fs";

/** What a program may be sent in place of its stop signal. */
export interface Messages {
  /** `shutdown`; null: it gets the signal. */
  readonly stopMessage: string | null;
}

/**
 * `process.send("ready")` without a channel of Node's own, which would tie the life of the program to the
 * supervisor's: it writes to a file. null where nothing is to be sent, and where the program has a channel:
 * a child that the program forked talks to its parent.
 */
export function installMessages(env: NodeJS.ProcessEnv): Messages | null {
  const file = env.PROCS_MESSAGE;
  const stopMessage = env.PROCS_STOP_MESSAGE;
  if (typeof process.send === "function") return null;
  if (file === undefined && stopMessage === undefined) return null;
  process.connected = true;
  process.send = (...args: unknown[]): boolean => {
    const failure = deliver(args[0], file ?? null);
    const callback = args[args.length - 1];
    if (typeof callback === "function") process.nextTick(() => callback(failure));
    return failure === null;
  };
  process.disconnect = () => {
    if (!process.connected) return;
    process.connected = false;
    process.nextTick(() => process.emit("disconnect"));
  };
  return { stopMessage: stopMessage ?? null };
}

function deliver(message: unknown, file: string | null): unknown {
  if (!process.connected) return new Error("Channel closed");
  if (message !== "ready" || file === null) return null;
  try {
    appendFileSync(file, "ready\n");
    return null;
  } catch (error) {
    return error;
  }
}
