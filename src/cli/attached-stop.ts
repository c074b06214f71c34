import type { EventItem, ResultItem } from "../control/protocol.ts";
import type { Engine } from "../engines/engine.ts";
import { EXIT } from "../errors.ts";
import { by } from "./acting.ts";
import type { Screen } from "./attached-screen.ts";
import { took } from "./results.ts";

/** What a service is waited for after this long is said, and again each time it has doubled. */
const SAY_AFTER_MS = 1_000;

/** The end of everything, asked for by the `up` that started it. */
export interface Stopping {
  /** Kills what is still there: the second Ctrl-C. */
  kill(): void;
  /** The exit code, once nothing runs any more. */
  readonly done: Promise<number>;
}

export interface StopSettings {
  readonly engine: Engine;
  readonly screen: Screen;
  /** What the end gives when nothing has to be killed by hand. */
  readonly exitCode: number;
  /** The supervisor that is being started, if it still is: before that there is nothing to stop. */
  readonly launching: Promise<unknown>;
}

/** Stops all services in reverse order and says which one is waited for. */
export function stopEverything(settings: StopSettings): Stopping {
  const { engine, screen, exitCode } = settings;
  const stopping = new Set<string>();
  let isKilled = false;
  const startedAt = performance.now();
  const say = (text: string) => screen.note(text);
  let timer: NodeJS.Timeout | null = null;
  const sayWho = (afterMs: number) => {
    timer = setTimeout(() => {
      if (stopping.size > 0) say(waitingWords([...stopping], performance.now() - startedAt));
      sayWho(afterMs * 2);
    }, afterMs);
  };
  const onEvent = (event: EventItem) => {
    if (event.service === undefined || event.state === undefined) return;
    if (event.state === "stopping") stopping.add(event.service);
    else stopping.delete(event.service);
  };
  const run = async (): Promise<number> => {
    sayWho(SAY_AFTER_MS);
    try {
      await settings.launching.catch(() => {});
      const result = await engine.operate(
        { op: "down", by: by(), grace_ms: null },
        { launch: false, onItem: (item) => item.kind === "event" && onEvent(item) },
      );
      for (const line of endWords(result)) say(line);
      return isKilled ? EXIT.interrupted : exitCode;
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  };
  return {
    done: run(),
    kill: () => {
      if (isKilled) process.exit(EXIT.interrupted);
      isKilled = true;
      say("killing what still runs");
      // It may all be over by now, which is what was asked for.
      void engine.operate({ op: "kill", by: by() }, { launch: false }).catch(() => {});
    },
  };
}

/** `waiting for worker, api (4.0s); Ctrl-C again kills`. */
export function waitingWords(names: readonly string[], elapsedMs: number): string {
  return `waiting for ${names.join(", ")} (${took(elapsedMs)}); Ctrl-C again kills`;
}

/** The last lines of an attached `up`. */
export function endWords(result: ResultItem): readonly string[] {
  const killed = result.services.filter((service) => service.outcome === "killed");
  const left = result.services.filter((service) => !service.ok && service.outcome !== "killed");
  return [
    ...left.map((service) => `${service.name} ${service.detail ?? "still runs"}`),
    ...(killed.length > 0 ? [`killed: ${killed.map((service) => service.name).join(", ")}`] : []),
    `${left.length > 0 ? "not everything stopped" : "all stopped"} in ${took(result.elapsed_ms)}`,
  ];
}

/** Nobody presses Ctrl-C twice, meaning it, in so short a time. */
const ECHO_MS = 200;

/**
 * Tells whether a Ctrl-C is the one before, told again: the terminal tells everybody in the foreground, and
 * npm tells its child once more. Taken for a second one, it would kill what was asked to stop.
 */
export function echoFilter(): () => boolean {
  let lastAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    const isEcho = now - lastAt < ECHO_MS;
    lastAt = now;
    return isEcho;
  };
}
