import type { Instance } from "./observed.ts";
import type { Millis, RestartPolicy } from "./spec.ts";

/** What an ended instance is in for, read off its exit and today's policy, so that an edited policy counts at once. */
export type Standing =
  /** Is to be started again at `until`. */
  | { readonly kind: "backoff"; readonly until: Millis }
  /** Ended as it should. */
  | { readonly kind: "done" }
  /** Failed more often than its policy allows. */
  | { readonly kind: "gave-up" }
  /** We ended it: nothing follows from that. */
  | { readonly kind: "stopped" };

/** How an ended instance stands. One that lives, or that was told to end, is in for nothing. */
export function standing(instance: Instance): Standing {
  const { phase, applied } = instance;
  if (phase.kind !== "ended" || phase.asked) return { kind: "stopped" };
  const succeeded = phase.exit.kind === "code" && applied.success_codes.includes(phase.exit.code);
  const { policy } = applied.restart;
  if (succeeded && (policy !== "always" || wasIdle(instance))) return { kind: "done" };
  if (policy === "never") return { kind: "gave-up" };
  if (recentExits(instance, phase.at).length >= applied.restart.max) return { kind: "gave-up" };
  return { kind: "backoff", until: phase.at + backoffMs(applied.restart, nextFailures(instance)) };
}

/** One that starts on demand may end by itself once it has served; inetd programs are ready as soon as they run. */
function wasIdle({ applied, phase }: Instance): boolean {
  const { listen } = applied;
  if (listen?.start !== "on-demand") return false;
  return listen.mode === "inetd" || (phase.kind === "ended" && phase.readyMs > 0);
}

/** Consecutive failures including this end: a run that was ready for long enough starts the count anew. */
export function nextFailures(instance: Instance): number {
  const { phase, applied, failures } = instance;
  if (phase.kind !== "ended" || phase.asked) return 0;
  return phase.readyMs >= applied.restart.reset_after ? 0 : failures + 1;
}

/**
 * The wait before the next start: none after a healthy run, then `min` doubled for each further failure, up to `max`.
 */
function backoffMs(policy: RestartPolicy, failures: number): Millis {
  if (failures === 0) return 0;
  // 2 ** 30 is already past every `max`; the cap keeps the product finite.
  return Math.min(policy.backoff.max, policy.backoff.min * 2 ** Math.min(failures - 1, 30));
}

/** The unasked exits of its slot that count at `at`: those within the policy's window. */
export function recentExits({ exits, applied }: Instance, at: Millis): readonly Millis[] {
  return exits.filter((exit) => at - exit <= applied.restart.window);
}
