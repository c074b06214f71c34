import type { LogEntry } from "../../src/logs/entry.ts";
import { type FollowOptions, followLogs } from "../../src/logs/follow.ts";
import { texts } from "./stored.ts";

/** A follower that collects what it is told, until it is disposed of. */
export interface Following {
  readonly entries: LogEntry[];
  lines(): string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Everything from now on, unless `change` says otherwise. */
export function follow(runs: string, change: Partial<FollowOptions> = {}): Following {
  const entries: LogEntry[] = [];
  const abort = new AbortController();
  const done = followLogs({
    runs,
    targets: null,
    stream: null,
    run: null,
    from: "end",
    filter: null,
    onLines: (lines) => {
      entries.push(...lines);
    },
    signal: abort.signal,
    ...change,
  });
  return {
    entries,
    lines: () => texts(entries),
    async [Symbol.asyncDispose]() {
      abort.abort();
      await done;
    },
  };
}
