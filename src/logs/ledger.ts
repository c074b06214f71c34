import { constants } from "node:os";
import { readPlain } from "./plain-file.ts";

/** What the shim wrote down about one run: `start <pid>`, then `exit <status>` as sh's `$?`. */
export interface Ledger {
  readonly pid: number | null;
  /** null: has not ended, or nobody could write it down. */
  readonly status: number | null;
}

/** A ledger has a few lines; what is longer is none. */
export const LEDGER_BYTES_MAX = 1_000_000;

/** Reads a ledger; a missing or torn one knows nothing. */
export function readLedger(path: string): Ledger {
  let text = "";
  try {
    text = readPlain(path, LEDGER_BYTES_MAX).toString("utf8");
  } catch {
    // Not written yet, or taken away.
  }
  return { pid: lastNumber(text, /^start (\d+)$/gm), status: lastNumber(text, /^exit (\d+)$/gm) };
}

/** `exit 1`, or `killed by SIGKILL` for a status above 128 that stands for a signal. */
export function statusWords(status: number): string {
  const name = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  return name === undefined ? `exit ${status}` : `killed by ${name}`;
}

function lastNumber(text: string, pattern: RegExp): number | null {
  const found = [...text.matchAll(pattern)].at(-1)?.[1];
  return found === undefined ? null : Number(found);
}
