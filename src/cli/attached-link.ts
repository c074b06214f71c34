import { existsSync } from "node:fs";
import type { EventItem } from "../control/protocol.ts";
import type { Engine } from "../engines/engine.ts";
import { EXIT, UserError, userError } from "../errors.ts";

/** How the connection to the supervisor came to its end: the project was ended, or nobody is there any more. */
export type LinkEnd = "ended" | "gone" | "closed";

export interface LinkSettings {
  readonly engine: Engine;
  /** The project is to end when this connection does, unless another `up` has come first. */
  readonly own: boolean;
  /** Another `up` owns the project: this one only looks on. */
  readonly onJoined: () => void;
  readonly onEvent: (event: EventItem) => void;
  /** The supervisor went away without an end of the project; it may come back. */
  readonly onLost: () => void;
  readonly onBack: () => void;
  /** Closes the connection. */
  readonly signal: AbortSignal;
}

export interface Link {
  /** The supervisor counts this client; false: it could not be reached. */
  readonly ready: Promise<boolean>;
  readonly end: Promise<LinkEnd>;
}

/** Follows the project's events, also across a supervisor that comes back. */
export function openLink(settings: LinkSettings): Link {
  let isReady: (ready: boolean) => void = () => {};
  const ready = new Promise<boolean>((resolve) => {
    isReady = resolve;
  });
  const end = follow(settings, () => isReady(true)).finally(() => isReady(false));
  return { ready, end };
}

async function follow(settings: LinkSettings, onFirst: () => void): Promise<LinkEnd> {
  const { engine, signal } = settings;
  let { own } = settings;
  let since: number | null = null;
  let isFirst = true;
  // One that dies before it has taken this client on is no news.
  let isLost = false;
  const onReady = () => {
    isLost = false;
    if (isFirst) onFirst();
    else settings.onBack();
    isFirst = false;
  };
  const onEvent = (event: EventItem) => {
    since = event.seq;
    settings.onEvent(event);
  };
  for (;;) {
    try {
      // Waits for the next supervisor, where one has died and another is on its way.
      const end = await engine.attach({ own, since, onReady, onEvent, signal });
      if (end !== "lost") return end;
      if (!isLost) settings.onLost();
      isLost = true;
    } catch (error) {
      if (own && isOwned(error)) {
        own = false;
        settings.onJoined();
      } else if (isFirst || !(error instanceof UserError)) throw error;
      // One that comes back to finish a `down` forgets the project when it leaves.
      else return existsSync(engine.paths.stateFile) ? "gone" : "ended";
    }
  }
}

/** Of two that found nothing running and both began, one was first. */
function isOwned(error: unknown): boolean {
  return error instanceof UserError && error.diagnostics[0]?.code === "P613";
}

/** What an attached `up` ends with when its supervisor went away and did not return: P602, exit 4. */
export function lostSupervisor(): UserError {
  return userError(EXIT.supervisor, "P602", "the supervisor of this project went away", {
    notes: ["what it started may still run"],
    help: ["procs ps", "procs up    takes it back where possible, restarts the rest"],
  });
}
