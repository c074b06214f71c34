import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InstanceId } from "../../src/core/observed.ts";
import type { LogSettings } from "../../src/core/spec.ts";
import { entryText } from "../../src/logs/entry.ts";
import { openHistory } from "../../src/logs/history.ts";
import { RunIndexes } from "../../src/supervisor/run-indexes.ts";
import { type Stored, storedRuns } from "../logs/stored.ts";
import { until } from "../rig/until.ts";

export const API: InstanceId = { service: "api", slot: 1, run: 1 };

const SMALL: LogSettings = {
  max_size: 100_000,
  keep: 1000,
  max_total: null,
  max_age: null,
  compress: false,
};

export interface Rotated extends Stored {
  readonly live: string;
  readonly indexes: RunIndexes;
  readonly faults: string[];
  /** Names of the archives and of all else that belongs to the stream. */
  names(): string[];
}

export interface RotatedOptions {
  readonly settings?: Partial<LogSettings>;
  readonly way?: "auto" | "cut";
  readonly path?: string;
}

/** A folder of runs in which `api.1/1` is kept within bounds. */
export function rotated(options: RotatedOptions = {}): Rotated {
  const stored = storedRuns();
  const { out: live } = stored.files("api.1/1");
  writeFileSync(live, "", { mode: 0o600 });
  const faults: string[] = [];
  const { indexes } = keep(stored.runs, faults, options);
  return {
    ...stored,
    live,
    indexes,
    faults,
    names: () => readdirSync(join(live, "..")).filter((name) => name.startsWith("1.out@")),
    [Symbol.dispose]() {
      indexes.close();
      stored[Symbol.dispose]();
    },
  };
}

/** Keeps the logs of `api.1/1` as a supervisor does. */
export function keep(runs: string, faults: string[], options: RotatedOptions = {}) {
  const indexes = new RunIndexes({
    runs,
    room: {
      settings: () => ({ ...SMALL, ...options.settings }),
      archived: () => undefined,
      disk: { grown: () => undefined, full: () => false },
    },
    log: (message) => faults.push(message),
    ...(options.way === undefined ? {} : { way: options.way }),
    ...(options.path === undefined ? {} : { path: options.path }),
  });
  indexes.heard({ kind: "started", id: API, pid: 1, port: null });
  return { indexes };
}

/** A program that prints `<number> xxxx…` lines of 100 bytes, some of them a write, until it has printed all or is killed. */
export function printer(
  live: string,
  lines: number,
  pauseMs = 0,
  uid: number | null = null,
): ChildProcess {
  const script = `
    const { writeSync } = require("fs");
    let at = 0;
    const tick = () => {
      let text = "";
      for (let n = 0; n < 40 && at < ${lines}; n += 1, at += 1) {
        text += String(at).padEnd(99, "x") + "\\n";
      }
      if (text !== "") writeSync(1, text);
      if (at < ${lines}) ${pauseMs === 0 ? "setImmediate(tick)" : `setTimeout(tick, ${pauseMs})`};
    };
    tick();`;
  const fd = openSync(live, "a", 0o600);
  const child = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", fd, "inherit"],
    cwd: "/",
    ...(uid === null ? {} : { uid }),
  });
  closeSync(fd);
  return child;
}

/** The numbers at the beginning of all lines of the project's logs, in order. */
export async function numbers(runs: string): Promise<number[]> {
  const { batches } = openHistory({
    ...{ runs, targets: null, choice: { kind: "all" }, stream: null },
    ...{ sinceMs: null, untilMs: null, last: null, filter: null, isFollowed: false },
  });
  const found: number[] = [];
  for await (const batch of batches) {
    for (const entry of batch) {
      const text = entryText(entry);
      if (entry.dropped === undefined && !/^\d+x*$/.test(text))
        throw new Error(`not a line: ${text}`);
      found.push(entry.dropped === undefined ? Number.parseInt(text, 10) : Number.NaN);
    }
  }
  return found;
}

export function countTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

export async function ended(child: ChildProcess): Promise<void> {
  await until(
    "the program has ended",
    () => child.exitCode !== null || child.signalCode !== null,
    60_000,
  );
}

export async function settled(indexes: RunIndexes): Promise<void> {
  await until("nothing is left to rotate", () => indexes.isIdle, 50_000);
}
