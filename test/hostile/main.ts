import { join } from "node:path";
import { type Finding, fuzzConfig } from "./config.ts";
import { fuzzControl } from "./control.ts";

/** `npm run fuzz -- config --count 10000 [--from 1]`; `--seed 7` tries one case and says all. */
async function main(argv: readonly string[]): Promise<number> {
  const option = (name: string, fallback: number): number => {
    const index = argv.indexOf(`--${name}`);
    return index === -1 ? fallback : Number(argv[index + 1]);
  };
  const seed = option("seed", 0);
  const from = seed === 0 ? option("from", 1) : seed;
  const count = seed === 0 ? option("count", 10_000) : 1;
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(0);
  if (argv[0] === "config") {
    const run = fuzzConfig(from, count);
    const { loaded, refused, longestMs } = run;
    say(run.findings);
    console.log(
      `${count} configurations in ${seconds()} s: ${loaded} loaded, ${refused} refused, the longest ${Math.round(longestMs)} ms, ${run.findings.length} findings`,
    );
    return run.findings.length === 0 ? 0 : 1;
  }
  if (argv[0] === "control") {
    const entry = join(process.env.PROCS_FUZZ_ROOT ?? ".", "dist", "supervisor", "main.js");
    const run = await fuzzControl({ entry, from, count, limitMs: option("limit", 1_000) });
    say(run.findings);
    const answers = [...run.answers].map(([status, times]) => `${status}: ${times}`).join(", ");
    console.log(
      `${count} requests in ${seconds()} s: ${answers}; the slowest answer in between ${Math.round(run.slowestMs)} ms, ${Math.round(run.memoryMb)} MB, ${run.left.length} processes left, ${run.findings.length} findings`,
    );
    return run.findings.length === 0 && run.left.length === 0 ? 0 : 1;
  }
  console.log("usage: npm run fuzz -- config|control [--count N] [--from SEED] [--seed SEED]");
  return 2;
}

function say(findings: readonly Finding[]): void {
  for (const { seed, what } of findings.slice(0, 20))
    console.log(`seed ${seed}: ${what.slice(0, 2_000)}`);
}

process.exitCode = await main(process.argv.slice(2));
