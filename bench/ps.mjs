// How long `procs ps` takes with 50 instances, against a bare `node -e 0`: median of 20, side by side.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const RUNS = 20;
const RATIO_MAX = 1.5;
const cli = fileURLToPath(new URL("../bin/procs.js", import.meta.url));

/** The medians in milliseconds and their ratio. Starts a project of its own and ends it. */
export function benchPs() {
  const folder = mkdtempSync(join(tmpdir(), "procs-bench-"));
  const env = { ...process.env, PROCS_STATE_DIR: join(folder, "state") };
  const procs = (...args) => timed([cli, ...args], folder, env);
  const services = Array.from(
    { length: 10 },
    (_, n) => `  s${n}: { command: sleep 1000, instances: 5 }`,
  );
  writeFileSync(join(folder, "procs.yaml"), `services:\n${services.join("\n")}\n`);
  try {
    procs("up", "-d");
    const [node, ps] = [[], []];
    for (let run = 0; run < RUNS; run += 1) {
      node.push(timed(["-e", "0"], folder, env));
      ps.push(procs("ps"));
    }
    const medians = { node: median(node), ps: median(ps) };
    return { ...medians, ratio: medians.ps / medians.node };
  } finally {
    procs("down");
    rmSync(folder, { recursive: true, force: true });
  }
}

function timed(args, cwd, env) {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, env });
  if (status !== 0) throw new Error(`node ${args.join(" ")}: ${stderr}`);
  return performance.now() - start;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { node, ps, ratio } = benchPs();
  const verdict = ratio <= RATIO_MAX ? "ok" : `over ${RATIO_MAX}`;
  console.log(
    `procs ps ${ps.toFixed(0)} ms, node -e 0 ${node.toFixed(0)} ms: ${ratio.toFixed(2)} (${verdict})`,
  );
}
