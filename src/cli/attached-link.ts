import { existsSync } from "node:fs";
import type { EventItem } from "../control/protocol.ts";
import type { Engine } from "../engines/engine.ts";
import { EXIT, UserError, userError } from "../errors.ts";

/** How long a supervisor that went away is waited for. */
const RETURN_MS_MAX = 10_000;
const LOOK_EVERY_MS = 100;
/** How long a supervisor that leaves in order may take to clear up after its last word. */
const LEAVE_MS_MAX = 500;

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
  const { engine, onEvent, signal } = settings;
  let { own } = settings;
  for (let round = 0; ; round++) {
    const onReady = round === 0 ? onFirst : settings.onBack;
    try {
      await engine.attach({ own, onReady, onEvent, signal });
    } catch (error) {
      if (own && isOwned(error)) {
        own = false;
        settings.onJoined();
        round--;
        continue;
      }
      // Nobody listens any more: looked into below, as a connection that was cut.
      if (!(error instanceof UserError) || round === 0) throw error;
    }
    if (signal.aborted) return "closed";
    if (await wasOrderly(engine.paths.socket)) return "ended";
    settings.onLost();
    if (!(await isBack(engine, signal))) return signal.aborted ? "closed" : "gone";
  }
}

/** Of two that found nothing running and both began, one was first. */
function isOwned(error: unknown): boolean {
  return error instanceof UserError && error.diagnostics[0]?.code === "P613";
}

/** An orderly end takes the socket with it, a moment later; a supervisor that was killed leaves it behind. */
async function wasOrderly(socket: string): Promise<boolean> {
  const until = performance.now() + LEAVE_MS_MAX;
  while (existsSync(socket)) {
    if (performance.now() > until) return false;
    await pause(LOOK_EVERY_MS / 5);
  }
  return true;
}

async function isBack(engine: Engine, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + RETURN_MS_MAX;
  while (performance.now() < until && !signal.aborted) {
    const version = await engine.version().catch(() => null);
    if (version !== null) return true;
    await pause(LOOK_EVERY_MS);
  }
  return false;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What an attached `up` ends with when its supervisor went away and did not return: P602, exit 4. */
export function lostSupervisor(): UserError {
  return userError(EXIT.supervisor, "P602", "the supervisor of this project went away", {
    notes: ["what it started may still run"],
    help: ["procs ps", "procs up    takes it back where possible, restarts the rest"],
  });
}
