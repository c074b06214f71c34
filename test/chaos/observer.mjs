// The witness: `node observer.mjs RECORDS JOURNAL`. It knows nothing of procs. It reads what the programs say of
// themselves, looks at /proc every few milliseconds, and writes down from when until when each of them was there:
//   {"kind":"born","slot":"api.1","pid":7,"at":1200.5,"version":"2","seen":1204}
//   {"kind":"child","slot":"api.1","pid":8,"of":7,"seen":1204}
//   {"kind":"end","slot":"api.1","pid":7,"why":"self"}
//   {"kind":"dead","slot":"api.1","pid":7,"alive":1500,"dead":1505}    last seen alive, first seen dead
// Times are milliseconds since boot. A process that waits to be reaped is dead. On SIGTERM it looks once more and ends.
import {
  appendFileSync,
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from "node:fs";
import { join } from "node:path";
import { uptimeMs } from "./clock.mjs";

const [records, journal] = process.argv.slice(2);
const LOOK_EVERY_MS = 5;
const parent = process.ppid;
/** Each record file, as far as it was read. */
const files = new Map();
/** Those that are alive: "slot pid born" -> what is known. */
const alive = new Map();
const out = [];

const timer = setInterval(look, LOOK_EVERY_MS);
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => {
  clearInterval(timer);
  look();
  process.exit(0);
});

function look() {
  // Nobody would ever ask for what it sees.
  if (process.ppid !== parent) process.exit(1);
  for (const name of readdirSync(records)) read(name);
  const now = uptimeMs();
  for (const [key, one] of alive) {
    const start = startOf(one.pid);
    one.start ??= start;
    if (start !== null && start === one.start) {
      one.alive = now;
      continue;
    }
    alive.delete(key);
    tell({ kind: "dead", slot: one.slot, pid: one.pid, alive: one.alive, dead: now });
  }
  if (out.length > 0) appendFileSync(journal, out.splice(0).join(""));
}

function read(slot) {
  const file = files.get(slot) ?? { fd: openSync(join(records, slot), "r"), at: 0, rest: "" };
  files.set(slot, file);
  const { size } = fstatSync(file.fd);
  if (size === file.at) return;
  const buffer = Buffer.alloc(size - file.at);
  file.at += readSync(file.fd, buffer, 0, buffer.length, file.at);
  const lines = (file.rest + buffer.toString("latin1")).split("\n");
  file.rest = lines.pop() ?? "";
  for (const line of lines) hear(slot, line.split(" "));
}

function hear(slot, [word, id, born, more]) {
  const pid = Number(id);
  const at = Number(born) * 1000;
  if (word === "start") {
    tell({ kind: "born", slot, pid, at, version: more, seen: uptimeMs() });
  } else if (word === "child") {
    tell({ kind: "child", slot, pid, of: Number(more), seen: uptimeMs() });
  } else if (word === "end") {
    tell({ kind: "end", slot, pid, at, why: more });
  }
  if (word === "start" || word === "child") {
    alive.set(`${slot} ${pid} ${born}`, { slot, pid, start: null, alive: at });
  }
}

/** When the kernel says that it began, in ticks; null: no such process, or only its exit status is left of it. */
function startOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : fields[19];
  } catch {
    return null;
  }
}

function tell(event) {
  out.push(`${JSON.stringify(event)}\n`);
}

process.on("exit", () => {
  for (const { fd } of files.values()) closeSync(fd);
});
