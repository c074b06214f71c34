// Five rolling reloads of two instances under load, for each kind of program: with 50 connections that are kept, and with
// one connection a request; in calm, and while the supervisor is killed with -9 twice.
//   SECONDS=60 PROGRAMS=node,nginx LOADS=keep,close SCENES=calm,killed npm run bench -- rolling
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startLoad } from "./loaded.mjs";
import { procsOf, temporaryFolder } from "./peers.mjs";
import { installFastify, programs } from "./programs.mjs";

const SECONDS = Number(process.env.SECONDS ?? 60);
const RELOADS = 5;
const asked = (name, all) => (process.env[name] ?? all.join(",")).split(",");

export async function bench() {
  const root = temporaryFolder();
  try {
    const names = asked("PROGRAMS", Object.keys(programs));
    if (names.includes("fastify")) installFastify(join(root, "fastify"));
    for (const name of names) {
      const missing = programs[name].missing();
      if (missing !== null) {
        console.log(`${name}: not run: ${missing}`);
        continue;
      }
      for (const scene of asked("SCENES", ["calm", "killed"]))
        for (const load of asked("LOADS", ["keep", "close"]))
          await measure(name, scene, load, join(root, `${name}-${scene}-${load}`)).catch((error) =>
            console.log(`${name}, ${load}, ${scene}: ${error.message}`),
          );
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function measure(name, scene, load, folder) {
  mkdirSync(folder);
  const program = programs[name];
  const describe = (port) => ({ ...program.service(port), instances: 2 });
  const peer = procsOf(name, describe, program.prepare);
  const served = await peer.start({ folder, env: { DELAY_MS: "5" } });
  try {
    const running = startLoad(served.port, { close: load === "close", connections: 50 });
    const codes = [];
    const begin = performance.now();
    for (let i = 0; i < RELOADS; i += 1) {
      await pauseUntil(begin + (i * (SECONDS - 6) * 1000) / RELOADS + 2000);
      const reload = served.reload({});
      if (scene === "killed" && (i === 1 || i === 3)) await kill(folder);
      codes.push((await reload).code);
    }
    await pauseUntil(begin + SECONDS * 1000);
    const { first, requests, ok, seconds, refused, reset, timeout, other, slowestMs } =
      await running.end();
    const kinds = `${refused} refused, ${reset} reset, ${timeout} timeout, ${other} other`;
    console.log(
      `${name}, ${load}, ${scene}: ${requests - ok} of ${requests} failed in ${seconds.toFixed(0)} s (${kinds}), slowest ${slowestMs} ms; exit ${codes.join(" ")}`,
    );
    if (first.length > 0) console.log(`  ${JSON.stringify(first.slice(0, 3))}`);
  } finally {
    await served.stop();
  }
}

/** Half a second into a reload: its supervisor, by the folder in its command line. */
async function kill(folder) {
  await pauseUntil(performance.now() + 500);
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
      const isOurs = words.at(-1) === folder && words.at(-2)?.endsWith("/supervisor/main.js");
      if (isOurs) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended while we looked.
    }
  }
}

function pauseUntil(time) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, time - performance.now())));
}

if (process.argv[1] === import.meta.filename) await bench();
