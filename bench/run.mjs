// What is timed, side by side in one run. Medians and ratios; these are whole-process times.
//   npm run bench             all that take minutes; rolling and zero-downtime, which take long, only by name
//   npm run bench -- ps       one
import { bench as flood } from "./flood.mjs";
import { bench as logs } from "./logs.mjs";
import { bench as onDemand } from "./on-demand.mjs";
import { bench as ps } from "./ps.mjs";
import { bench as rolling } from "./rolling.mjs";
import { bench as throughput } from "./throughput.mjs";
import { bench as up } from "./up.mjs";
import { bench as zeroDowntime } from "./zero-downtime.mjs";

const quick = { flood, logs, "on-demand": onDemand, ps, throughput, up };
const all = { ...quick, rolling, "zero-downtime": zeroDowntime };
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(quick)) {
  if (all[name] === undefined) {
    console.error(`no benchmark "${name}": ${Object.keys(all).join(", ")}`);
    process.exit(2);
  }
  await all[name]();
}
