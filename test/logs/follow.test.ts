import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { LineFilter } from "../../src/logs/filter.ts";
import { followLogs } from "../../src/logs/follow.ts";
import { type Following, follow } from "./following.ts";
import { eventually, query, storedRuns } from "./stored.ts";

async function untilLines(following: Following, expected: readonly string[]): Promise<void> {
  const isThere = () => following.entries.length >= expected.length;
  await eventually(isThere, () => JSON.stringify(following.lines()));
  expect(following.lines()).toEqual(expected);
}

describe("a follower", () => {
  test("sees what is written from now on, and nothing older", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "old\n");
    await using following = follow(stored.runs);
    stored.write("api.1/1", "new\n");
    stored.write("api.1/1", "oops\n", { stream: "stderr" });
    await eventually(
      () => following.entries.length === 2,
      () => JSON.stringify(following.lines()),
    );
    expect(following.lines().toSorted()).toEqual(["new", "oops"]);
    expect(following.entries.find((one) => one.stream === "stderr")).toMatchObject({
      service: "api",
      run: 1,
      offset: 0,
    });
  });

  test("delivers at its end what was written just before, when asked for the last words", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "old\n");
    const following = follow(stored.runs, { lastWords: true });
    stored.write("api.1/1", "last\n");
    stored.write("api.1/1", "no newline");
    stored.ledger("api.1/1", "exit 0");
    await following[Symbol.asyncDispose]();
    expect(following.lines()).toEqual(["last", "no newline"]);
  });

  test("sees everything from the start when asked to", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "one\n", { timeMs: 1000 });
    stored.ledger("api.1/1", "exit 0");
    stored.write("api.1/2", "two\n", { timeMs: 2000 });
    await using following = follow(stored.runs, { from: "start" });
    await untilLines(following, ["one", "two"]);
  });

  test("goes on with new runs, new instances, new services", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "old\n");
    await using following = follow(stored.runs);
    stored.write("api.1/2", "a new run\n");
    await untilLines(following, ["a new run"]);
    stored.write("api.2/1", "a new instance\n");
    await untilLines(following, ["a new run", "a new instance"]);
    stored.write("web.1/1", "a new service\n");
    await untilLines(following, ["a new run", "a new instance", "a new service"]);
  });

  test("waits for a project that has never run", async () => {
    using stored = storedRuns();
    const runs = join(stored.runs, "state", "runs");
    await using following = follow(runs);
    mkdirSync(join(runs, "api.1"), { recursive: true });
    appendFileSync(join(runs, "api.1", "1.out"), "first\n");
    await untilLines(following, ["first"]);
  });

  test("keeps to the chosen services, instances, streams and runs", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "");
    await using api2 = follow(stored.runs, { targets: [{ service: "api", slot: 2 }] });
    await using errors = follow(stored.runs, { stream: "stderr" });
    await using second = follow(stored.runs, { run: 2 });
    await using everything = follow(stored.runs);
    stored.write("api.1/1", "1.1\n");
    stored.write("api.2/1", "2.1\n", { stream: "stderr" });
    stored.write("api.1/2", "1.2\n");
    await eventually(
      () => everything.entries.length === 3 && second.entries.length === 1,
      () => JSON.stringify(everything.lines()),
    );
    await untilLines(api2, ["2.1"]);
    await untilLines(errors, ["2.1"]);
    await untilLines(second, ["1.2"]);
  });

  test("filters, with the context across the seam to the history", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "before\n");
    const filter = new LineFilter({
      ...{ pattern: /match/, invert: false, level: null, contextLines: 1 },
    });
    expect(await query(stored.runs, { filter, isFollowed: true })).toEqual([]);
    await using following = follow(stored.runs, { filter });
    stored.write("api.1/1", "match\nafter\nfar\n");
    await untilLines(following, ["before", "match", "after"]);
  });

  test("shows an unfinished line after a while, and its rest when it comes", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "");
    await using following = follow(stored.runs);
    const start = performance.now();
    stored.write("api.1/1", "Continue? ");
    await untilLines(following, ["Continue? "]);
    expect(performance.now() - start).toBeGreaterThan(150);
    expect(following.entries[0]).toMatchObject({ begins: true, ends: "partial" });
    stored.write("api.1/1", "yes\n");
    await untilLines(following, ["Continue? ", "yes"]);
    expect(following.entries[1]).toMatchObject({ begins: false, ends: "newline" });
  });

  test("does not hold the last words of a run that has ended", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "");
    await using following = follow(stored.runs);
    stored.write("api.1/1", "no newline");
    stored.ledger("api.1/1", "exit 1");
    await untilLines(following, ["no newline"]);
    expect(following.entries[0]?.ends).toBe("eof");
  });

  test("is not told the old lines of a run whose service got another name", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "as api\n");
    await using following = follow(stored.runs);
    stored.write("api.1/1", "still api\n");
    await untilLines(following, ["still api"]);
    const [from, to] = [stored.files("api.1/1"), stored.files("backend.1/1")];
    renameSync(from.out, to.out);
    appendFileSync(to.out, "as backend\n");
    await untilLines(following, ["still api", "as backend"]);
    expect(following.entries[1]?.service).toBe("backend");
  });

  test("survives that a slot's folder goes and comes again", async () => {
    using stored = storedRuns();
    stored.write("api.1/1", "old\n");
    await using following = follow(stored.runs);
    rmSync(dirname(stored.files("api.1/1").out), { recursive: true });
    stored.write("web.1/1", "web\n");
    await untilLines(following, ["web"]);
    stored.write("api.1/7", "api again\n");
    await untilLines(following, ["web", "api again"]);
  });

  test("ends when it is told to", async () => {
    using stored = storedRuns();
    const gone = AbortSignal.abort();
    await followLogs({
      ...{ runs: stored.runs, targets: null, stream: null, run: null, from: "start" },
      ...{ filter: null, onLines: () => {}, signal: gone },
    });
    const following = follow(stored.runs);
    await following[Symbol.asyncDispose]();
    expect(following.entries).toEqual([]);
  });

  test("lets a slow reader lag, and reads no further meanwhile", async () => {
    using stored = storedRuns();
    const { out } = stored.files("api.1/1");
    appendFileSync(out, `${"x".repeat(99)}\n`.repeat(50_000));
    let release: () => void = () => {};
    let [received, isHeld] = [0, false];
    await using following = follow(stored.runs, {
      from: "start",
      onLines: (lines) => {
        received += lines.length;
        if (isHeld) return;
        isHeld = true;
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    });
    await eventually(
      () => isHeld,
      () => "nothing was read",
    );
    appendFileSync(out, "and more\n");
    await new Promise((resolve) => setImmediate(resolve));
    expect(received).toBeLessThan(2000);
    release();
    await eventually(
      () => received === 50_001,
      () => String(received),
    );
    expect(following.entries).toEqual([]);
  });
});

test("a line is seen within 20 ms of being written", async () => {
  using stored = storedRuns();
  stored.write("api.1/1", "");
  const seenAt: number[] = [];
  await using following = follow(stored.runs, {
    onLines: () => {
      seenAt.push(performance.now());
    },
  });
  const delays: number[] = [];
  for (let line = 0; line < 30; line += 1) {
    const count = seenAt.length;
    const writtenAt = performance.now();
    stored.write("api.1/1", `line ${line}\n`);
    await eventually(
      () => seenAt.length > count,
      () => `line ${line} was not seen`,
    );
    delays.push((seenAt.at(-1) ?? 0) - writtenAt);
  }
  delays.sort((a, b) => a - b);
  expect(delays[15]).toBeLessThan(20);
  expect(following.entries).toEqual([]);
});

test.runIf(existsSync("/proc/self/fd"))(
  "hundreds of ended runs are followed with few files open",
  async () => {
    using stored = storedRuns();
    for (let run = 1; run <= 600; run += 1) {
      stored.write(`api.1/${run}`, `run ${run}\n`, { timeMs: run });
      stored.ledger(`api.1/${run}`, "exit 1");
    }
    let openMax = 0;
    const seen: number[] = [];
    await using following = follow(stored.runs, {
      from: "start",
      onLines: (lines) => {
        openMax = Math.max(openMax, openIn(stored.runs));
        seen.push(...lines.map((entry) => entry.run));
      },
    });
    await eventually(
      () => seen.length === 600,
      () => String(seen.length),
    );
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(openMax).toBeLessThan(20);
    expect(following.entries).toEqual([]);
  },
);

/** Files below a folder that this process has open. */
function openIn(folder: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}
