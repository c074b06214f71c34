import { appendFileSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { readLedger } from "../logs/ledger.ts";

/** A write(2) that was begun is finished before a process stops; on a busy machine it has to get its turn for it. */
const STOP_MS_MAX = 1_000;
const LOOK_MS = 2;
/** A process that forks while it is being stopped is looked for so often. */
const ROUNDS_MAX = 20;

/** A process, told apart from a later one with the same number. */
interface Writer {
  readonly pid: number;
  /** Clock ticks since boot; "0" where that cannot be known. */
  readonly startedAt: string;
}

/**
 * Stops everything that could write to a file, calls `action`, and lets it go on. What stood still already
 * is left so. `note` is a file that names who was stopped, for a successor: see `continueStopped`. Returns
 * null without having called `action` when not everything stood still in time.
 */
export async function whileStopped<T>(
  live: string,
  note: string,
  action: () => T,
): Promise<T | null> {
  const stopped = new Map<number, Writer>();
  try {
    return (await stopWriters(live, note, stopped)) ? action() : null;
  } finally {
    for (const writer of stopped.values()) signal(writer, "SIGCONT");
    rmSync(note, { force: true });
  }
}

/** Lets those go on whom a supervisor had stopped when it died. */
export function continueStopped(note: string): void {
  for (const line of readFileSync(note, "utf8").split("\n")) {
    const [, pid, startedAt] = /^(-?\d+) (\d+)$/.exec(line) ?? [];
    if (pid === undefined || startedAt === undefined) continue;
    const writer = { pid: Number(pid), startedAt };
    if (writer.pid < 0 || startedAtOf(writer.pid) === startedAt) signal(writer, "SIGCONT");
  }
  rmSync(note, { force: true });
}

async function stopWriters(
  live: string,
  note: string,
  stopped: Map<number, Writer>,
): Promise<boolean> {
  const endsAt = performance.now() + STOP_MS_MAX;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const running = writersOf(live).filter(({ pid }) => !stopped.has(pid) && !standsStill(pid));
    for (const writer of running) {
      appendFileSync(note, `${writer.pid} ${writer.startedAt}\n`, { mode: 0o600 });
      signal(writer, "SIGSTOP");
      stopped.set(writer.pid, writer);
    }
    while (![...stopped.keys()].every(standsStill)) {
      if (performance.now() > endsAt) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    if (running.length === 0) return true;
  }
  return false;
}

/** Who has the file open for writing. Where the system does not say: the process group of the run. */
function writersOf(live: string): Writer[] {
  const file = statSync(live);
  let pids: string[] = [];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return groupOf(live);
  }
  return pids.flatMap((pid) => {
    if (Number(pid) === process.pid || !isOpenForWriting(pid, file)) return [];
    return [{ pid: Number(pid), startedAt: startedAtOf(Number(pid)) }];
  });
}

function isOpenForWriting(
  pid: string,
  file: { readonly dev: number; readonly ino: number },
): boolean {
  let names: string[] = [];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    // It has ended, or is another user's.
  }
  return names.some((name) => {
    try {
      if (!readlinkSync(`/proc/${pid}/fd/${name}`).startsWith("/")) return false;
      const open = statSync(`/proc/${pid}/fd/${name}`);
      if (open.ino !== file.ino || open.dev !== file.dev) return false;
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${name}`, "utf8"));
      return (Number.parseInt(flags?.[1] ?? "2", 8) & 3) !== 0;
    } catch {
      return false;
    }
  });
}

/** The shim writes its program's group to the ledger. */
function groupOf(live: string): Writer[] {
  const run = /^(\d+)\.(?:out|err)$/.exec(live.slice(dirname(live).length + 1))?.[1] ?? "0";
  const { pid, status } = readLedger(join(dirname(live), `${run}.ledger`));
  return pid === null || status !== null ? [] : [{ pid: -pid, startedAt: "0" }];
}

/** Stopped, or a zombie, or gone: it writes nothing. */
function standsStill(pid: number): boolean {
  const state = /^\d+ \(.*\) (\S)/s.exec(statText(pid))?.[1];
  return state === undefined || "TtZX".includes(state);
}

function startedAtOf(pid: number): string {
  const fields = statText(pid)
    .replace(/^.*\) /s, "")
    .split(" ");
  return fields[19] ?? "0";
}

function statText(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}

function signal({ pid }: Writer, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
