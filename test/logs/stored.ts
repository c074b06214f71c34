import { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entryText, type LogEntry } from "../../src/logs/entry.ts";
import type { LogQuery } from "../../src/logs/history.ts";
import { openHistory } from "../../src/logs/history.ts";
import { type RunFiles, runFiles, type Stream } from "../../src/logs/layout.ts";
import { encodeRecord } from "../../src/logs/time-index.ts";
import { until } from "../rig/until.ts";

/** A folder of runs that a test writes as programs, shims and a supervisor would. */
export interface Stored {
  readonly runs: string;
  /** The files of `api.1/3`; makes the folder. */
  files(name: string): RunFiles;
  /** Appends to a stream of `api.1/3`; with a time, as a supervisor that saw it then. */
  write(name: string, text: string | Buffer, at?: WriteAt): void;
  ledger(name: string, line: string): void;
  [Symbol.dispose](): void;
}

export interface WriteAt {
  readonly stream?: Stream;
  readonly timeMs?: number;
}

export function storedRuns(): Stored {
  const runs = mkdtempSync(join(tmpdir(), "procs-logs-"));
  const sizes = new Map<string, number>();
  const files = (name: string): RunFiles => {
    const [, service = "", slot, run] = /^(.+)\.(\d+)\/(\d+)$/.exec(name) ?? [];
    const found = runFiles(runs, service, Number(slot), Number(run));
    mkdirSync(found.folder, { recursive: true });
    return found;
  };
  return {
    runs,
    files,
    write(name, text, { stream = "stdout", timeMs } = {}) {
      const { out, err, outIndex, errIndex } = files(name);
      const path = stream === "stdout" ? out : err;
      appendFileSync(path, text);
      const offset = (sizes.get(path) ?? 0) + Buffer.byteLength(text);
      sizes.set(path, offset);
      if (timeMs === undefined) return;
      utimesSync(path, timeMs / 1000, timeMs / 1000);
      appendFileSync(stream === "stdout" ? outIndex : errIndex, encodeRecord({ offset, timeMs }));
    },
    ledger: (name, line) => appendFileSync(files(name).ledger, `${line}\n`),
    [Symbol.dispose]: () => rmSync(runs, { recursive: true, force: true }),
  };
}

export async function query(runs: string, change: Partial<LogQuery> = {}): Promise<LogEntry[]> {
  const all: LogEntry[] = [];
  const { batches } = openHistory({
    runs,
    targets: null,
    choice: { kind: "all" },
    stream: null,
    sinceMs: null,
    untilMs: null,
    last: null,
    filter: null,
    isFollowed: false,
    ...change,
  });
  for await (const batch of batches) all.push(...batch);
  return all;
}

export function texts(entries: readonly LogEntry[]): string[] {
  return entries.map(entryText);
}

/** Waits until `check` holds, looking every few milliseconds; fails with what `explain` says. */
export async function eventually(
  check: () => boolean,
  explain: () => string,
  limitMs = 5000,
): Promise<void> {
  await until(explain, check, limitMs);
}
