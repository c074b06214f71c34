// Reading and following logs: 1,000,000 lines of 100 bytes in one file, and the delay from a write to
// its being seen. Wants a build in dist/; prints one line a measurement.
import { appendFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const dist = new URL(process.argv[2] ?? "../dist/", import.meta.url);
const { openHistory } = await import(new URL("logs/history.js", dist).href);
const { LineFilter } = await import(new URL("logs/filter.js", dist).href);
const { followLogs } = await import(new URL("logs/follow.js", dist).href);
const { Indexer } = await import(new URL("logs/index-writer.js", dist).href);
const { runFiles } = await import(new URL("logs/layout.js", dist).href);

const LINES = 1_000_000;
const runs = mkdtempSync(join(tmpdir(), "procs-bench-"));
const files = runFiles(runs, "api", 1, 1);
mkdirSync(files.folder);
const all = { runs, targets: null, choice: { kind: "all" }, stream: null };
const past = { ...all, sinceMs: null, untilMs: null, last: null, filter: null, isFollowed: false };

const report = (what, value) => console.log(`${what.padEnd(44)} ${value}`);
const since = (start) => `${(performance.now() - start).toFixed(1)} ms`;

async function count(change) {
  const start = performance.now();
  let lines = 0;
  for await (const batch of openHistory({ ...past, ...change }).batches) lines += batch.length;
  return `${since(start).padStart(10)}  ${lines} lines`;
}

const pattern = (text) =>
  new LineFilter({ pattern: new RegExp(text), invert: false, level: null, contextLines: 0 });

try {
  writeLines();
  report("query -n 100", await count({ last: 100 }));
  report("query -n 100 again", await count({ last: 100 }));
  report("query -n all", await count({}));
  report("query -g 999999", await count({ filter: pattern("999999") }));
  report("query -g 77$ -n 10", await count({ filter: pattern("77$"), last: 10 }));
  await followFromStart();
  await delays();
  report("resident memory", `${Math.round(process.memoryUsage().rss / 1e6)} MB`);
} finally {
  rmSync(runs, { recursive: true });
}

/** As a program would, under an indexer as in the supervisor. */
function writeLines() {
  const indexer = new Indexer();
  indexer.watchRun(files);
  const start = performance.now();
  const fd = openSync(files.out, "a", 0o600);
  for (let line = 0; line < LINES; line += 1000) {
    let text = "";
    for (let at = line; at < line + 1000; at += 1)
      text += `${`${at} `.padEnd(92, "x")} ${String(at % 1e6).padStart(6, "0")}\n`;
    writeSync(fd, text);
  }
  indexer.close();
  report("write 1,000,000 lines of 100 bytes", since(start));
}

async function followFromStart() {
  const abort = new AbortController();
  let lines = 0;
  const start = performance.now();
  const onLines = (entries) => {
    lines += entries.length;
    if (lines === LINES) abort.abort();
  };
  await followLogs({
    ...all,
    run: null,
    from: "start",
    filter: null,
    onLines,
    signal: abort.signal,
  });
  report("follow from the start", since(start));
}

/** One line at a time, from this very process: the time includes the write itself. */
async function delays() {
  const abort = new AbortController();
  let seen = () => {};
  const following = followLogs({
    ...{ ...all, run: null, from: "end", filter: null, signal: abort.signal },
    onLines: () => seen(performance.now()),
  });
  const list = [];
  for (let line = 0; line < 200; line += 1) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    const start = performance.now();
    const at = new Promise((resolve) => {
      seen = resolve;
    });
    appendFileSync(files.out, `line ${line}\n`);
    list.push((await at) - start);
  }
  abort.abort();
  await following;
  list.sort((a, b) => a - b);
  const place = (share) => `${list[Math.floor(list.length * share)].toFixed(2)} ms`;
  report("written to seen: median, 99 %, most", `${place(0.5)}, ${place(0.99)}, ${place(0.999)}`);
}
