// 50 services from nothing to all started, and a crash to the next pid.
import { readFileSync } from "node:fs";
import { median, withProject } from "./project.mjs";

const SERVICES = 50;

export async function bench() {
  const names = Array.from({ length: SERVICES }, (_, index) => `s${index}`);
  const yaml = `services:\n${names.map((name) => `  ${name}: { command: sleep 10000 }\n`).join("")}`;
  await withProject(yaml, async ({ procs }) => {
    const begin = performance.now();
    procs("up", "-d", "--no-wait");
    const pidOf = (name) =>
      JSON.parse(procs("ps", "--json")).services.find((s) => s.name === name).instances[0]?.pid;
    procs("wait", "--timeout", "60s");
    console.log(
      `${SERVICES} services ready (each after its second): ${(performance.now() - begin).toFixed(0)} ms`,
    );
    const memory = readFileSync(
      `/proc/${JSON.parse(procs("version", "--json")).supervisor.pid}/status`,
      "utf8",
    );
    console.log(`supervisor: ${memory.match(/VmRSS:\s+(\d+)/)[1] / 1024} MB resident`);
    const times = [];
    for (const name of names.slice(0, 10)) {
      const old = pidOf(name);
      const killed = performance.now();
      process.kill(old, "SIGKILL");
      while ([old, undefined, null].includes(pidOf(name)));
      times.push(performance.now() - killed);
    }
    console.log(
      `killed, and seen with a new pid by ps: ${median(times).toFixed(0)} ms (one ps included)`,
    );
  });
}
