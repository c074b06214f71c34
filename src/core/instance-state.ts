import { unreachable } from "../assert.ts";
import { standing } from "./backoff.ts";
import { exitWords, retryOf, retryWords } from "./exit.ts";
import { lastingWords } from "./hunted.ts";
import type { Instance } from "./observed.ts";
import type { Millis } from "./spec.ts";
import { agoWords, roundDuration } from "./units.ts";

/** One word for a state, the same in every face. */
export type State =
  | "waiting"
  | "starting"
  | "ready"
  | "unready"
  | "reloading"
  | "idle"
  | "stopping"
  | "stopped"
  | "done"
  | "crashed"
  | "failed"
  | "disabled";

/** The state of one instance by itself. */
export function instanceState(instance: Instance): State {
  const { phase } = instance;
  switch (phase.kind) {
    case "starting":
    case "running":
      return "starting";
    case "ready":
    case "unready":
    case "stopping":
      return phase.kind;
    case "ending":
      return "stopping";
    case "ended": {
      const { kind } = standing(instance);
      return kind === "backoff" ? "crashed" : kind === "gave-up" ? "failed" : kind;
    }
    default:
      return unreachable(phase);
  }
}

/** A state and what to say beside it. */
export interface Words {
  readonly state: State;
  readonly detail: string | null;
}

/** One instance by itself. */
export function instanceWords(instance: Instance, now: Millis): Words {
  const { phase, ready, applied } = instance;
  const state = instanceState(instance);
  switch (phase.kind) {
    case "starting":
    case "ready":
      return { state, detail: null };
    case "running": {
      if (applied.ready === null || ready.last === null) return { state, detail: null };
      const waited = now - ready.since;
      if (waited < applied.ready.timeout) return { state, detail: `not yet: ${ready.last.detail}` };
      const detail = `not ready after ${roundDuration(waited)}: ${ready.last.detail}`;
      return { state: "unready", detail };
    }
    case "unready":
      return { state, detail: ready.last?.detail ?? null };
    case "stopping":
    case "ending":
      return { state, detail: stoppingWords([instance], now) };
    case "ended":
      return endedWords(instance, now) ?? { state, detail: null };
    default:
      return unreachable(phase);
  }
}

/** How an ended instance stands, in words; null: it has not ended, or was stopped. */
export function endedWords(instance: Instance, now: Millis): Words | null {
  const { phase } = instance;
  if (phase.kind !== "ended") return null;
  const words = exitWords(phase.exit);
  const ago = agoWords(now - phase.at);
  const next = standing(instance);
  switch (next.kind) {
    case "stopped":
      return null;
    case "done":
      return { state: "done", detail: `${words}, ${ago}` };
    case "gave-up":
      return { state: "failed", detail: `${words}, ${ago}` };
    case "backoff": {
      const retry = retryOf(instance);
      const again = retry === null ? "" : `, ${retryWords(retry, now)}`;
      return { state: "crashed", detail: `${words}${again}` };
    }
    default:
      return unreachable(next);
  }
}

/** `for 3s, up to 10s`; or what outlives us. */
export function stoppingWords(live: readonly Instance[], now: Millis): string | null {
  const phase = live.map((i) => i.phase).find((p) => p.kind === "stopping" || p.kind === "ending");
  if (phase?.kind !== "stopping" && phase?.kind !== "ending") return null;
  const lasting = live.map(lastingWords).find((words) => words !== null);
  if (lasting !== undefined) return lasting;
  if (phase.kind === "stopping" && phase.drainMs !== undefined && !phase.killed) {
    return `draining, up to ${roundDuration(phase.drainMs)}`;
  }
  const since = `for ${roundDuration(now - phase.since)}`;
  return phase.killed
    ? `${since}, killed`
    : `${since}, up to ${roundDuration(phase.killAt - phase.since)}`;
}
