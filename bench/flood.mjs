// While one service prints as fast as it can: does `procs ps`, and from a crash to the new pid, take
// longer than in quiet? Each round is measured in both states, so that a busy machine is so for both.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BIN, median, timed, withProject } from "./project.mjs";

const ROUNDS = 4;
const TIMES = 5;

const YAML = `
services:
  calm:
    command: sleep 1000000
    restart: { policy: always, backoff: 50ms..50ms, max: 10000 }
  flood:
    command: [yes, "${"x".repeat(99)}"]
    log: { max_size: 10MB, keep: 3 }
`;

export async function bench() {
  await withProject(YAML, async ({ folder, env, procs }) => {
    procs("up", "-d");
    const seen = { quiet: { ps: [], crash: [] }, flood: { ps: [], crash: [] } };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const state of ["quiet", "flood"]) {
        procs(state === "quiet" ? "stop" : "start", "flood");
        await pause(500);
        for (let time = 0; time < TIMES; time += 1) {
          seen[state].ps.push(timed(process.execPath, [BIN, "ps"], { cwd: folder, env }));
          seen[state].crash.push(await crash(join(env.PROCS_STATE_DIR, "state")));
        }
      }
    }
    for (const what of ["ps", "crash"]) {
      const [quiet, flood] = [median(seen.quiet[what]), median(seen.flood[what])];
      const words =
        what === "ps" ? "procs ps" : "from a crash to the new pid (50 ms of backoff in it)";
      const numbers = `${quiet.toFixed(0)} ms in quiet, ${flood.toFixed(0)} ms in a flood`;
      console.log(`${words}: ${numbers}: ${(flood / quiet).toFixed(2)} times`);
    }
  });
}

/** Kills the last run of `calm`, and waits until the next has a pid. Milliseconds. */
async function crash(state) {
  const folder = join(state, readdirSync(state)[0] ?? "", "runs", "calm.1");
  const before = lastRun(folder);
  const begin = performance.now();
  spawnSync("kill", ["-9", before.pid]);
  for (;;) {
    const now = lastRun(folder);
    if (now.run > before.run && now.pid !== null) return performance.now() - begin;
    await pause(1);
  }
}

function lastRun(folder) {
  const runs = readdirSync(folder).flatMap((name) => /^(\d+)\.ledger$/.exec(name)?.[1] ?? []);
  const run = Math.max(...runs.map(Number));
  const pid = /^start (\d+)$/m.exec(readFileSync(join(folder, `${run}.ledger`), "utf8"))?.[1];
  return { run, pid: pid ?? null };
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (process.argv[1] === import.meta.filename) await bench();
