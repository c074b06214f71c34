// Requests a second through two instances of a plain Node server: procs and its peers, all up at the same time and
// measured in turn, so that what else the machine does is there for all. wrk -t1 -c50, keep-alive. Medians, and ratios.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as peers from "./peers.mjs";
import { median } from "./project.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = Number(process.env.SECONDS ?? 5);
const INSTANCES = 2;
const { share, proxy, pm2, cluster, tcpProxy, haproxy } = peers;
const names = { share, proxy, pm2, cluster, tcpProxy, haproxy };

/** What is compared with what. */
const RATIOS = [
  [share, pm2],
  [share, cluster],
  [proxy, tcpProxy],
  [proxy, haproxy],
];

export async function bench() {
  if (!peers.has("wrk")) return console.log("throughput: not measured: wrk is not installed");
  const root = peers.temporaryFolder();
  const running = [];
  try {
    const asked = (process.env.PEERS ?? Object.keys(names).join(",")).split(",");
    if (asked.includes("pm2")) await peers.installPm2(join(root, "pm2-package"));
    for (const name of asked) {
      const peer = names[name];
      const missing = peer.missing();
      if (missing !== null) {
        console.log(`${peer.name}: not measured: ${missing} is not installed`);
        continue;
      }
      const folder = join(root, name);
      mkdirSync(folder);
      const served = await peer.start({ folder, instances: INSTANCES, env: {} });
      running.push({ peer, served, rates: [] });
    }
    // The first round only warms them up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const one of running) {
        const rate = await wrk(one.served.port, round === 0 ? 1 : SECONDS);
        if (round > 0) one.rates.push(rate);
      }
    }
    report(running);
  } finally {
    for (const { served } of running) await served.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

async function wrk(port, seconds) {
  const args = ["-t1", "-c50", `-d${seconds}`, `http://127.0.0.1:${port}/`];
  const { text } = await peers.ran("wrk", args, {});
  const errors = /^.*(Socket errors|Non-2xx).*$/m.exec(text)?.[0];
  if (errors !== undefined) console.log(`port ${port}:${errors}`);
  return Number(/Requests\/sec: *([\d.]+)/.exec(text)?.[1]);
}

function report(running) {
  for (const { peer, rates } of running) {
    const range = `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
    console.log(`${peer.name}: ${median(rates).toFixed(0)} requests/s (${range})`);
  }
  const of = (peer) => running.find((one) => one.peer === peer)?.rates;
  for (const [ours, theirs] of RATIOS) {
    const [a, b] = [of(ours), of(theirs)];
    if (a === undefined || b === undefined) continue;
    console.log(`${ours.name} / ${theirs.name}: ${(median(a) / median(b)).toFixed(2)}`);
  }
}

if (process.argv[1] === import.meta.filename) await bench();
