// `procs ps` against a bare `node -e 0`, in turn, with a supervisor that holds 50 instances.
import { BIN, median, timed, withProject } from "./project.mjs";

const RUNS = 20;

export async function bench() {
  await withProject(
    "services: { idle: { command: sleep 10000, instances: 50 } }\n",
    ({ folder, env, procs }) => {
      procs("up", "-d");
      const options = { cwd: folder, env };
      const ps = [];
      const node = [];
      for (let run = 0; run <= RUNS; run++) {
        const a = timed(process.execPath, [BIN, "ps"], options);
        const b = timed(process.execPath, ["-e", "0"], options);
        // The first pair only warms the caches.
        if (run > 0) ps.push(a) && node.push(b);
      }
      const ratio = median(ps) / median(node);
      console.log(
        `ps with 50 instances: ${median(ps).toFixed(0)} ms, node -e 0: ${median(node).toFixed(0)} ms, ratio ${ratio.toFixed(2)}`,
      );
    },
  );
}
