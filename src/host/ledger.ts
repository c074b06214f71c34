import { readFileSync, realpathSync } from "node:fs";
import { constants } from "node:os";
import { basename } from "node:path";
import type { Exit } from "../core/observed.ts";

/**
 * What the shim wrote about a run: `run <mark>` (by the supervisor, so that a renamed run can be found
 * by the mark it was started with), `start <pid>`, `exit <status>`. Any other line is what the shim's
 * shell said about a signal that ended the program.
 */
export interface Ledger {
  readonly mark: string | null;
  /** The program's own process id. */
  readonly pid: number | null;
  /** null: still running, or the shim was ended before it could write. */
  readonly exit: Exit | null;
}

/** A ledger that is not there, or not readable, reads as an empty one. */
export function readLedger(path: string): Ledger {
  try {
    return parseLedger(readFileSync(path, "utf8"), SILENT_SIGNALS);
  } catch {
    return { mark: null, pid: null, exit: null };
  }
}

/**
 * `silent` are the signals that the shell does not speak of. A shell's `$?` cannot tell "killed by
 * SIGTERM" from `exit 143`, but a shell says "Terminated" of the first only. For the silent signals
 * nobody can know, and the signal is assumed.
 */
export function parseLedger(text: string, silent: readonly number[]): Ledger {
  let mark: string | null = null;
  let pid: number | null = null;
  let exit: Exit | null = null;
  let wasTold = false;
  for (const line of text.split("\n")) {
    const [, word, value] = /^(run|start|exit) (\S+)$/.exec(line) ?? [];
    if (word === "run") mark = value ?? null;
    else if (word === "start") pid = Number(value);
    else if (word === "exit") exit = exitOfStatus(Number(value), wasTold, silent);
    else if (line.trim() !== "") wasTold = true;
  }
  return { mark, pid, exit };
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
