import { simulate } from "./simulate.ts";

/** `npm run simulate -- --seeds 20000 [--from 1]` looks for violations; `-- --seed 7` replays one and prints its log. With `--deaths` supervisors die; with `--sockets` services listen. */
function main(argv: readonly string[]): number {
  const option = (name: string): number | null => {
    const index = argv.indexOf(`--${name}`);
    return index === -1 ? null : Number(argv[index + 1]);
  };
  const deaths = argv.includes("--deaths");
  const sockets = argv.includes("--sockets");
  const seed = option("seed");
  if (seed !== null) return replay(seed, deaths, sockets);
  const from = option("from") ?? 1;
  const until = from + (option("seeds") ?? 1_000);
  const found = new Map<string, number[]>();
  const startedAt = performance.now();
  for (let each = from; each < until; each++) {
    const { violation } = simulate(each, deaths, sockets);
    if (violation === null) continue;
    const seeds = found.get(violation.checker) ?? [];
    found.set(violation.checker, [...seeds, each]);
    if (seeds.length < 3) console.log(`seed ${each}: ${violation.message.split("\n")[0]}`);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const failed = [...found.values()].flat().length;
  for (const [checker, seeds] of found) {
    console.log(`${checker}: ${seeds.length} seeds, ${seeds.slice(0, 10).join(" ")}`);
  }
  console.log(`${until - from} seeds, ${failed} with a violation, ${seconds} s`);
  return failed === 0 ? 0 : 1;
}

function replay(seed: number, deaths: boolean, sockets: boolean): number {
  const { log, violation, rest } = simulate(seed, deaths, sockets);
  console.log(log.join("\n"));
  console.log(rest);
  console.log(violation === null ? `seed ${seed}: no violation` : violation.message);
  return violation === null ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
