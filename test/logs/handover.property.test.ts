import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { LogEntry } from "../../src/logs/entry.ts";
import { openHistory } from "../../src/logs/history.ts";
import { Indexer } from "../../src/logs/index-writer.ts";
import { follow } from "./following.ts";
import { eventually, type Stored, storedRuns } from "./stored.ts";

/** Writes numbered lines to both streams of several runs, in bursts, as fast as it can. */
const WRITER = `
  const { appendFileSync, mkdirSync } = require("node:fs");
  const [runs, count, seed] = process.argv.slice(1);
  let state = Number(seed);
  const random = (below) => (state = (state * 1103515245 + 12345) & 0x7fffffff) % below;
  for (let line = 0; line < Number(count); ) {
    const folder = runs + "/api." + (1 + random(2));
    mkdirSync(folder, { recursive: true });
    const path = folder + "/" + (1 + Math.floor(line / (count / 3))) + (random(2) ? ".out" : ".err");
    for (let burst = 1 + random(20); burst > 0 && line < Number(count); burst -= 1) {
      const text = line + " " + "x".repeat(random(300));
      const cut = random(text.length);
      appendFileSync(path, text.slice(0, cut));
      appendFileSync(path, text.slice(cut) + "\\n");
      line += 1;
    }
    if (random(10) === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, random(8));
  }
`;

function startWriter(stored: Stored, count: number, seed: number): ChildProcess {
  const args = ["-e", WRITER, stored.runs, String(count), String(seed)];
  return spawn(process.execPath, args, { stdio: "inherit" });
}

test.each([1, 2, 3, 4])(
  "from history to following, each line comes exactly once (%i)",
  async (seed) => {
    using stored = storedRuns();
    const total = 6000;
    const writer = startWriter(stored, total, seed);
    const indexer = new Indexer();
    try {
      const isBegun = () => readdirSync(stored.runs).length > 0;
      await eventually(isBegun, () => "nothing was written");
      indexer.watchRun(stored.files("api.1/1"));
      const history = openHistory({
        ...{ runs: stored.runs, targets: null, choice: { kind: "all" }, stream: null },
        ...{ sinceMs: null, untilMs: null, last: null, filter: null, isFollowed: true },
      });
      const entries: LogEntry[] = [];
      for await (const batch of history.batches) entries.push(...batch);
      const past = entries.length;
      await using following = follow(stored.runs, { from: history.positions });
      const ends = () => following.entries.filter((one) => one.ends === "newline").length;
      await eventually(
        () => past + ends() >= total,
        () => `${past} and ${ends()} of ${total}`,
        30_000,
      );
      expect(numbersOf([...entries, ...following.entries])).toEqual(
        Array.from({ length: total }, (_, at) => at),
      );
      expect(past).toBeLessThan(total);
      expectOrder([...entries, ...following.entries]);
    } finally {
      indexer.close();
      if (writer.exitCode === null) {
        writer.kill("SIGKILL");
        await new Promise((resolve) => writer.on("exit", resolve));
      }
    }
  },
);

function numbersOf(entries: readonly LogEntry[]): number[] {
  const numbers = new Map<string, string>();
  const found: number[] = [];
  for (const entry of entries) {
    const key = `${entry.slot} ${entry.run} ${entry.stream}`;
    const text = (entry.begins ? "" : (numbers.get(key) ?? "")) + entry.bytes.toString();
    numbers.set(key, text);
    if (entry.ends === "newline") found.push(Number(text.split(" ")[0]));
  }
  return found.sort((a, b) => a - b);
}

/** The lines of a stream come in the order of its bytes. */
function expectOrder(entries: readonly LogEntry[]): void {
  const offsets = new Map<string, number>();
  for (const { slot, run, stream, offset } of entries) {
    const key = `${slot} ${run} ${stream}`;
    expect(offset).toBeGreaterThan(offsets.get(key) ?? -1);
    offsets.set(key, offset);
  }
}
