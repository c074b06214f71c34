import { unreachable } from "../assert.ts";
import { recentExits, standing } from "./backoff.ts";
import type { Exit, Instance, Oom, Phase } from "./observed.ts";
import type { Millis } from "./spec.ts";
import { roundDuration } from "./units.ts";

/** How a program ended and what that usually means: `exit 1`, `killed by SIGKILL, often out of memory`. */
export function exitWords(exit: Exit): string {
  return partsOf(exit).join("");
}

/** For results: that it ended for lack of memory, or nothing to add. */
export function oomField(exit: Exit): { readonly oom?: "sure" | "probable" } {
  if (exit.kind !== "code" && exit.kind !== "signal") return {};
  return exit.oom === "sure" || exit.oom === "probable" ? { oom: exit.oom } : {};
}

/** `exit 1 after 0.4s`, `killed by SIGKILL after 3m, often out of memory`; what could not start has no time. */
export function exitAfterWords(instance: Instance, phase: Ended): string {
  const [what, meaning] = partsOf(phase.exit);
  if (phase.exit.kind === "spawn") return what + meaning;
  const at = phase.kind === "ended" ? (phase.exitedAt ?? phase.at) : phase.since;
  return `${what} after ${roundDuration(at - instance.startedAt)}${meaning}`;
}

/** What happened, and what it usually means. */
function partsOf(exit: Exit): readonly [string, string] {
  switch (exit.kind) {
    case "code":
      return [`exit ${exit.code}`, codeMeaning(exit.code, exit.oom)];
    case "signal":
      if (exit.oom === "sure") return ["killed by the kernel", ": out of memory"];
      return [`killed by ${exit.signal}`, signalMeaning(exit.signal, exit.oom)];
    case "spawn":
      return ["could not start", `: ${exit.message}`];
    case "unknown":
      return ["ended, nobody saw how", ""];
    default:
      return unreachable(exit);
  }
}

/** `retry 2 of 10 in 2s`. */
export function retryWords(retry: Retry, now: Millis): string {
  const wait = Math.max(0, retry.until - now);
  const when = wait === 0 ? "now" : `in ${roundDuration(wait)}`;
  return `retry ${retry.failures} of ${retry.failuresMax} ${when}`;
}

/** The retry that an ended instance waits for; null: none comes. */
export function retryOf(instance: Instance): Retry | null {
  const { phase, applied } = instance;
  const next = standing(instance);
  if (phase.kind !== "ended" || next.kind !== "backoff") return null;
  const failures = recentExits(instance, phase.at).length;
  return { failures, failuresMax: applied.restart.max, until: next.until };
}

/** The next try of an instance that failed. */
export interface Retry {
  /** Unasked exits within the policy's window: at `failuresMax` procs gives up. */
  readonly failures: number;
  readonly failuresMax: number;
  readonly until: Millis;
}

/** `10 crashes in 41s`: what made procs give up. */
export function crashesWords(instance: Instance): string {
  const last = instance.exits.at(-1) ?? 0;
  const recent = recentExits(instance, last);
  if (recent.length <= 1) return "1 crash";
  return `${recent.length} crashes in ${roundDuration(last - (recent[0] ?? last))}`;
}

type Ended = Phase & { readonly kind: "ended" | "ending" };

function codeMeaning(code: number, oom: Oom | undefined): string {
  if (oom === "sure") {
    return code === 137
      ? ": killed by the kernel, out of memory"
      : ", after the kernel killed a process of it: out of memory";
  }
  if (code === 126) return ": not executable";
  if (code === 127) return ": command not found";
  // A shell reports the signal that ended its child as 128 plus its number.
  const signal = SIGNAL_BY_NUMBER[code - 128];
  return signal === undefined ? "" : `: killed by ${signal}${signalMeaning(signal, oom)}`;
}

function signalMeaning(signal: string, oom: Oom | undefined): string {
  // Only SIGKILL can be the kernel's own doing, so of others nothing is known that matters here.
  if (signal === "SIGKILL" && oom === "none") return "";
  if (signal === "SIGKILL" && oom === "probable") return ", probably out of memory";
  const meaning = SIGNAL_MEANING[signal];
  return meaning === undefined ? "" : `, ${meaning}`;
}

const SIGNAL_BY_NUMBER: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  6: "SIGABRT",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  15: "SIGTERM",
};

const SIGNAL_MEANING: Readonly<Record<string, string>> = {
  SIGABRT: "it aborted itself",
  SIGBUS: "a crash in native code",
  SIGILL: "a crash in native code",
  SIGKILL: "often out of memory",
  SIGPIPE: "its output had no reader",
  SIGSEGV: "a crash in native code",
};
