// What clients see of deployments: procs and PM2 with the same plain Node server (it knows of neither), the same load
// from bench/load.mjs, one after the other. Each failed request is counted by what went wrong.
//   SECONDS=60 npm run bench -- zero-downtime        PEERS=share,pm2 names who takes part
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startLoad } from "./loaded.mjs";
import { installPm2, pm2, proxy, share, temporaryFolder } from "./peers.mjs";

const SECONDS = Number(process.env.SECONDS ?? 60);
const RELOADS = 5;
const CONNECTIONS = 50;
/** What an answer takes: without it hardly a request would be under way when something ends. */
const ENV = { DELAY_MS: "20" };
const names = { share, proxy, pm2 };

const SCENES = [
  { name: "five reloads, keep-alive", close: false, run: reloads },
  { name: "five reloads, one connection a request", close: true, run: reloads },
  {
    name: "a version that throws at boot",
    close: true,
    run: (served) => one(served, "throws", 10),
  },
  { name: "a version that boots 10 s", close: true, run: (served) => one(served, "slow", 18) },
];

export async function bench() {
  const root = temporaryFolder();
  try {
    const asked = (process.env.PEERS ?? Object.keys(names).join(",")).split(",");
    if (asked.includes("pm2")) await installPm2(join(root, "pm2-package"));
    for (const scene of SCENES) {
      console.log(scene.name);
      for (const name of asked) {
        const missing = names[name].missing();
        if (missing !== null) console.log(`  ${names[name].name}: not run: ${missing} is missing`);
        else await measure(names[name], scene, join(root, `${name}${SCENES.indexOf(scene)}`));
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function measure(peer, scene, folder) {
  mkdirSync(folder);
  const served = await peer.start({ folder, instances: 2, env: ENV });
  try {
    const load = startLoad(served.port, { close: scene.close, connections: CONNECTIONS });
    await pause(2000);
    const codes = await scene.run(served);
    const result = await load.end();
    const kinds = ["refused", "reset", "timeout", "other"].map((kind) => `${result[kind]} ${kind}`);
    const failed = result.requests - result.ok;
    console.log(
      `  ${peer.name}: ${failed} of ${result.requests} failed in ${result.seconds.toFixed(0)} s (${kinds.join(", ")}), slowest ${result.slowestMs} ms; ${codes}`,
    );
  } finally {
    await served.stop();
  }
}

/** Reloads that change nothing but a number in the environment, evenly over the time. */
async function reloads(served) {
  const said = [];
  const begin = performance.now();
  for (let i = 0; i < RELOADS; i += 1) {
    said.push(await served.reload({}));
    const next = ((i + 1) * (SECONDS - 4) * 1000) / RELOADS;
    await pause(Math.max(0, begin + next - performance.now()));
  }
  return words(said);
}

async function one(served, version, seconds) {
  const begin = performance.now();
  const said = await served.reload({ VERSION: version });
  await pause(Math.max(0, begin + seconds * 1000 - performance.now()));
  return words([said]);
}

function words(said) {
  const codes = said.map(({ code }) => code).join(" ");
  const times = said.map(({ tookMs }) => (tookMs / 1000).toFixed(1)).join(" ");
  return `exit ${codes} after ${times} s`;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (process.argv[1] === import.meta.filename) await bench();
