import { appendFileSync, realpathSync } from "node:fs";
import { constants } from "node:os";
import { basename } from "node:path";
import type { Exit } from "../core/observed.ts";
import type { Millis, Signal } from "../core/spec.ts";
import { LEDGER_BYTES_MAX } from "../logs/ledger.ts";
import { readPlain } from "../logs/plain-file.ts";
import { monotonicMs } from "./clock.ts";
import { failpoint } from "./failpoint.ts";

/**
 * What is known of a run when nobody who saw it lives. By the supervisor, before the spawn: `run <mark>`,
 * `port <number>`, `oom <number>`, `exchange <kind> <folder>`; after a signal was sent: `stop <signal> <time>`. By the shim:
 * `start <pid>`, `exit <status>`. Any other line is what the shim's shell said about a signal that ended
 * the program.
 */
export interface Ledger {
  /** A renamed run is found by the mark it was started with. */
  readonly mark: string | null;
  /** The $PORT it was given. */
  readonly port: number | null;
  /** How many processes the kernel had killed for lack of memory before it was started. */
  readonly oom: number | null;
  /** Where it tells that it is ready. */
  readonly exchange: { readonly kind: string; readonly folder: string } | null;
  /** The program's own process id. */
  readonly pid: number | null;
  /** The last signal that it was told to end with. */
  readonly stop: Signal | null;
  /** When that was sent, on the monotonic clock. */
  readonly stopAt: Millis | null;
  /** null: still running, or the shim was ended before it could write. */
  readonly exit: Exit | null;
}

/** Knows nothing. */
export const NO_LEDGER: Ledger = {
  ...{
    mark: null,
    port: null,
    oom: null,
    exchange: null,
    pid: null,
    stop: null,
    stopAt: null,
    exit: null,
  },
};

/** A ledger that is not there, or not readable, reads as an empty one. */
export function readLedger(path: string): Ledger {
  try {
    return parseLedger(readPlain(path, LEDGER_BYTES_MAX).toString("utf8"), SILENT_SIGNALS);
  } catch {
    return NO_LEDGER;
  }
}

/** What the supervisor writes before the spawn. */
export function ledgerHead(head: Pick<Ledger, "mark" | "port" | "oom" | "exchange">): string {
  const { mark, port, oom, exchange } = head;
  const lines = [`run ${mark}`];
  if (port !== null) lines.push(`port ${port}`);
  if (oom !== null) lines.push(`oom ${oom}`);
  if (exchange !== null) lines.push(`exchange ${exchange.kind} ${exchange.folder}`);
  return lines.map((line) => `${line}\n`).join("");
}

/** Notes that a signal was sent, for a supervisor that has to know whether one still is to be. */
export function noteStop(path: string, signal: Signal): void {
  try {
    failpoint("ledger.before");
    appendFileSync(path, `stop ${signal} ${Math.round(monotonicMs())}\n`, { mode: 0o600 });
    failpoint("ledger.after");
  } catch {
    // A full disk: the next supervisor sends it once more.
  }
}

/**
 * `silent` are the signals that the shell does not speak of. A shell's `$?` cannot tell "killed by
 * SIGTERM" from `exit 143`, but a shell says "Terminated" of the first only. For the silent signals
 * nobody can know, and the signal is assumed.
 */
export function parseLedger(text: string, silent: readonly number[]): Ledger {
  let known = NO_LEDGER;
  let wasTold = false;
  // What has no newline at its end was torn, and half a number is another number.
  for (const line of text.split("\n").slice(0, -1)) {
    const [, word, value = ""] = /^(run|port|oom|exchange|start|stop|exit) (.+)$/.exec(line) ?? [];
    // A run of this number that was never spawned may have begun the ledger.
    if (word === "run") known = { ...NO_LEDGER, mark: value };
    else if (word === "port") known = { ...known, port: numberIn(value) };
    else if (word === "oom") known = { ...known, oom: numberIn(value) };
    else if (word === "exchange") known = { ...known, exchange: exchangeIn(value) };
    else if (word === "start") known = { ...known, pid: numberIn(value) };
    else if (word === "stop") known = { ...known, ...stopIn(value) };
    else if (word === "exit") known = { ...known, exit: exitIn(value, wasTold, silent) };
    else if (line.trim() !== "") wasTold = true;
  }
  return known;
}

function exitIn(value: string, wasTold: boolean, silent: readonly number[]): Exit | null {
  const status = numberIn(value);
  return status === null ? null : exitOfStatus(status, wasTold, silent);
}

function numberIn(value: string): number | null {
  return /^\d{1,9}$/.test(value) ? Number(value) : null;
}

function exchangeIn(value: string): Ledger["exchange"] {
  const [, kind, folder] = /^(\S+) (.+)$/.exec(value) ?? [];
  return kind === undefined || folder === undefined ? null : { kind, folder };
}

function stopIn(value: string): Pick<Ledger, "stop" | "stopAt"> {
  const [, word, time] = /^(SIG\w+)(?: (\d{1,15}))?$/.exec(value) ?? [];
  const name = Object.keys(constants.signals).find((each) => each === word);
  if (name === undefined) return { stop: null, stopAt: null };
  return { stop: `SIG${name.slice(3)}`, stopAt: time === undefined ? null : Number(time) };
}

function exitOfStatus(status: number, wasTold: boolean, silent: readonly number[]): Exit {
  const signal = signalName(status - 128);
  if (signal !== null && (wasTold || silent.includes(status - 128))) {
    return { kind: "signal", signal };
  }
  return { kind: "code", code: status };
}

function signalName(number: number): string | null {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? null;
}

/** The shell that shims run in: always /bin/sh, whatever shell the services use. */
export const SHIM_SHELL = "/bin/sh";

/** Whether that is dash or a relative of it, as on Debian and Alpine; elsewhere it is mostly bash. */
export function isAlmquist(): boolean {
  return /^(?:dash|ash|busybox)$/.test(basename(realpathSync(SHIM_SHELL)));
}

const SILENT_SIGNALS = silentSignals();

function silentSignals(): readonly number[] {
  const { SIGINT, SIGPIPE, SIGTERM } = constants.signals;
  // The Almquist shells speak of all but these two; bash is silent about SIGTERM as well.
  return isAlmquist() ? [SIGINT, SIGPIPE] : [SIGINT, SIGPIPE, SIGTERM];
}
