import type { Millis } from "../core/spec.ts";
import { messageOf } from "../errors.ts";
import type { ProbeAnswer } from "./probes.ts";

export type Settle = (ok: boolean, detail: string) => void;

export interface Limits {
  readonly label: string;
  readonly limitMs: Millis;
  readonly signal: AbortSignal | undefined;
}

/** One answer, and everything ended, within the limit. */
export function attempt(
  { label, limitMs, signal }: Limits,
  ask: (settle: Settle, signal: AbortSignal, elapsed: () => string) => void,
): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const abort = new AbortController();
    const startedAt = performance.now();
    const elapsed = () => `${Math.round(performance.now() - startedAt)}ms`;
    let isSettled = false;
    const settle: Settle = (ok, detail) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      abort.abort();
      resolve({ ok, detail });
    };
    const timer = setTimeout(
      () => settle(false, `${label}: no answer in ${formatLimit(limitMs)}`),
      limitMs,
    );
    const giveUp = () => settle(false, `${label}: not asked any more`);
    signal?.addEventListener("abort", giveUp, { once: true });
    abort.signal.addEventListener("abort", () => signal?.removeEventListener("abort", giveUp));
    try {
      ask(settle, abort.signal, elapsed);
    } catch (error) {
      settle(false, `${label}: ${messageOf(error)}`);
    }
  });
}

function formatLimit(limitMs: Millis): string {
  return limitMs % 1_000 === 0 ? `${limitMs / 1_000}s` : `${limitMs}ms`;
}
