import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Not more than these are told; the first ones say it all. */
const TOLD_MAX = 20;

/**
 * Takes the records of `procs logs --json` one by one, and blames each line that is there twice, missing or out of
 * order. A follower comes in the middle: the first line that it sees of a life may have any number.
 */
export class LineCheck {
  /** "slot pid@born stream" -> the last number seen. */
  #last = new Map();
  /** "pid@born" -> the run that procs says it was. */
  #runs = new Map();
  #ups = new Set();
  #told = 0;
  taken = 0;

  constructor(blame, who, { isWhole = false, mayTear = false } = {}) {
    this.blame = (what) => {
      this.#told += 1;
      if (this.#told <= TOLD_MAX) blame(`${who}: ${what}`);
    };
    this.isWhole = isWhole;
    this.mayTear = mayTear;
  }

  take(json) {
    let entry;
    try {
      entry = JSON.parse(json);
    } catch {
      return this.blame(`not JSON: ${json.slice(0, 200)}`);
    }
    if (entry.kind !== "log") return;
    this.taken += 1;
    const slot = `${entry.service}.${entry.instance}`;
    if (/^up \d+@[\d.]+$/.test(entry.line)) return this.#up(slot, entry);
    // What a full disk took in part stands before the line that was said again.
    const at = this.mayTear ? entry.line.lastIndexOf("line ") : 0;
    const found = /^line (\S+) (\S+) (\d+) ;$/.exec(entry.line.slice(Math.max(0, at)));
    if (found === null) {
      if (!this.mayTear) this.blame(`torn or foreign, in ${slot}: ${JSON.stringify(entry.line)}`);
      return;
    }
    const [, said, me, number] = found;
    if (said !== slot) this.blame(`${said} said a line that is told of ${slot}`);
    this.#belongs(slot, me, entry.run);
    this.#count(`${slot} ${me} ${entry.stream}`, Number(number));
  }

  /** The lives of which lines are missing at the end, in words. */
  missing(lives) {
    const words = [];
    for (const { slot, pid, born, out, err } of lives) {
      for (const [stream, number] of [
        ["stdout", out],
        ["stderr", err],
      ]) {
        const last = this.#last.get(`${slot} ${pid}@${born} ${stream}`) ?? 0;
        if (last < number) words.push(`${stream} of ${slot} (${pid}) after ${last} of ${number}`);
      }
    }
    return words;
  }

  #up(slot, { line, run }) {
    const me = line.slice("up ".length);
    // Its stderr may be told before it: there is no order between streams that were written at once.
    if (this.#ups.has(me) || this.#last.has(`${slot} ${me} stdout`))
      this.blame(`${slot}: "${line}" is there twice, or after its first line`);
    this.#ups.add(me);
    this.#belongs(slot, me, run);
  }

  #belongs(slot, me, run) {
    const known = this.#runs.get(me);
    if (known === undefined) this.#runs.set(me, `${slot} run ${run}`);
    else if (known !== `${slot} run ${run}`)
      this.blame(`${me} is told of ${known} and of run ${run}`);
  }

  #count(key, number) {
    const last = this.#last.get(key);
    this.#last.set(key, number);
    if (last === undefined && !this.isWhole) return;
    const expected = (last ?? 0) + 1;
    if (number === expected) return;
    const what = number < expected ? "said twice or out of order" : `${number - expected} lost`;
    this.blame(`${key}: after line ${expected - 1} came ${number}: ${what}`);
  }
}

/**
 * Everything that is stored, checked against what the programs know to have written. Where the disk was full, the
 * oldest archives and runs had to go: then only what is kept must be without a gap, up to the last line of the `kept`.
 */
export async function checkStored({ bin, project, blame, lives, kept, disk }) {
  const wasFull = disk !== null;
  const lines = new LineCheck(blame, "logs", { isWhole: !wasFull, mayTear: wasFull });
  const child = spawn(process.execPath, [bin, "logs", "--json", "-n", "all"], {
    cwd: project.folder,
    env: project.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) lines.take(line);
  const code = await ended;
  if (code !== 0) blame(`procs logs ended with ${code}`);
  const missing = lines.missing(wasFull ? kept : lives);
  for (const each of missing.slice(0, TOLD_MAX)) blame(`logs: lost: ${each}`);
  return lines.taken;
}
