// Reading and following logs: 1,000,000 lines of 100 bytes in one file, and the delay from a write to
// its being seen. In this process, without a supervisor.
import { appendFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const DIST = resolve(import.meta.dirname, "../dist");
const LINES = 1_000_000;

export async function bench(dist = DIST) {
  const load = (name) => import(join(dist, "logs", `${name}.js`));
  const runs = mkdtempSync(join(tmpdir(), "procs-bench-"));
  const { runFiles } = await load("layout");
  const files = runFiles(runs, "api", 1, 1);
  mkdirSync(files.folder);
  const chosen = { runs, targets: null, stream: null };
  try {
    await write(await load("index-writer"), files);
    await queries(await load("history"), await load("filter"), chosen);
    await following(await load("follow"), chosen);
    await delays(await load("follow"), chosen, files);
  } finally {
    rmSync(runs, { recursive: true });
  }
}

/** As a program would, with the supervisor's indexer at work. */
async function write({ Indexer }, files) {
  const indexer = new Indexer();
  indexer.watchRun(files);
  const start = performance.now();
  const fd = openSync(files.out, "a", 0o600);
  for (let first = 0; first < LINES; first += 1000) {
    let text = "";
    for (let line = first; line < first + 1000; line++) text += `${`${line} `.padEnd(99, "x")}\n`;
    writeSync(fd, text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  indexer.close();
  report("write 1,000,000 lines of 100 bytes", performance.now() - start);
}

async function queries({ openHistory }, { LineFilter }, chosen) {
  const query = async (what, change) => {
    const start = performance.now();
    let lines = 0;
    const all = { choice: { kind: "all" }, sinceMs: null, untilMs: null, last: null, filter: null };
    const { batches } = openHistory({ ...chosen, ...all, isFollowed: false, ...change });
    for await (const batch of batches) lines += batch.length;
    report(`${what}: ${lines} lines`, performance.now() - start);
  };
  const grep = (pattern) =>
    new LineFilter({ pattern, invert: false, level: null, contextLines: 0 });
  await query("logs -n 100", { last: 100 });
  await query("logs -n all", {});
  await query("logs -g 999999", { filter: grep(/999999/) });
  await query("logs -g '^\\d*77 ' -n 10", { filter: grep(/^\d*77 /), last: 10 });
}

async function following({ followLogs }, chosen) {
  const end = new AbortController();
  const start = performance.now();
  let lines = 0;
  const onLines = (entries) => {
    lines += entries.length;
    if (lines === LINES) end.abort();
  };
  await followLogs({
    ...chosen,
    run: null,
    from: "start",
    filter: null,
    onLines,
    signal: end.signal,
  });
  report("follow all of it", performance.now() - start);
}

/** One line at a time, from this very process: the time includes the write itself. */
async function delays({ followLogs }, chosen, files) {
  const end = new AbortController();
  let seen = () => {};
  const onLines = () => seen();
  const rest = { run: null, from: "end", filter: null, onLines, signal: end.signal };
  const followed = followLogs({ ...chosen, ...rest });
  const all = [];
  for (let line = 0; line < 200; line++) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    const start = performance.now();
    const isSeen = new Promise((resolve) => {
      seen = resolve;
    });
    appendFileSync(files.out, `line ${line}\n`);
    await isSeen;
    all.push(performance.now() - start);
  }
  end.abort();
  await followed;
  all.sort((a, b) => a - b);
  report("a line is seen, median", all[100]);
  report("a line is seen, latest of 200", all[199]);
}

function report(what, millis) {
  console.log(`${what.padEnd(44)} ${millis.toFixed(1).padStart(8)} ms`);
}
