// worker.sh for the impatient: the same records, lines and settings, a thousand lines a second.
import { appendFileSync, readFileSync, writeSync } from "node:fs";

const env = process.env;
const name = `${env.PROCS_SERVICE}.${env.PROCS_INSTANCE}`;
const born = readFileSync("/proc/uptime", "utf8").split(" ")[0];
const me = `${process.pid}@${born}`;
const record = (folder, ...words) => appendFileSync(`${folder}/${name}`, `${words.join(" ")}\n`);

record(env.CHAOS_RECORDS, "start", process.pid, born, env.CHAOS_VERSION);
const counts = { 1: 0, 2: 0 };
let bursts = 0;
say(1, `up ${me}\n`);
setInterval(burst, Number(env.CHAOS_PAUSE) * 1000);

function burst() {
  for (let line = 0; line < Number(env.CHAOS_BURST); line++) number(1);
  number(2);
  record(env.CHAOS_SAID, "said", process.pid, born, counts[1], counts[2]);
  bursts += 1;
  if (bursts !== Number(env.CHAOS_LIFE)) return;
  record(env.CHAOS_RECORDS, "end", process.pid, born, "self");
  process.exit(Number(env.CHAOS_CODE));
}

function number(fd) {
  if (say(fd, `line ${name} ${me} ${counts[fd] + 1} ;\n`)) counts[fd] += 1;
}

/** False: the disk is full. A line that was taken in part is said again whole. */
function say(fd, text) {
  try {
    return writeSync(fd, text) === text.length;
  } catch {
    return false;
  }
}
