import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { ServedList } from "./served.ts";
import type { SharedSocket } from "./shared.ts";

const RECORD = 8;
const RECORDS_MAX = 512;
/** How long a process with more connections than another rests before it looks again: doubled while nothing changes. */
const REST_MS = { min: 2, max: 1_000 };
/** After such a rest without a change, one connection more than another is left at that, so that nobody wakes for it. */
const QUIET_MS = 512;
/** From this rest on it tries to accept, should the others be stuck. */
const TRIAL_MS = 64;
/** Those with fewer connections left several to us, one after the other: for so long nobody is waited for. */
const DISTRUST_MS = { first: 50, max: 1_000 };
const WHO = "balance";

/**
 * Several processes accept from one socket, and whoever is awake takes all: under keep-alive one of them may
 * do all the work. Each writes how many connections it has into a file that they share, and rests while
 * another has fewer. A rest is bounded, so nothing is lost when that one hangs or is dead.
 */
export class Balance {
  readonly #served: ServedList;
  readonly #sockets: readonly SharedSocket[];
  readonly #fd: number;
  readonly #place: number;
  readonly #own = Buffer.alloc(RECORD);
  readonly #all = Buffer.alloc(RECORD * RECORDS_MAX);
  #timer: NodeJS.Timeout | null = null;
  #restMs = REST_MS.min;
  #others = "";
  /** How many we took that those with fewer connections had left waiting, since one of them last moved. */
  #left = 0;
  #trustFrom = 0;
  #isOver = false;

  constructor(options: {
    readonly served: ServedList;
    readonly sockets: readonly SharedSocket[];
    readonly fd: number;
    readonly place: number;
  }) {
    this.#served = options.served;
    this.#sockets = options.sockets;
    this.#fd = options.fd;
    this.#place = options.place;
  }

  /** The number of connections has changed. */
  changed(): void {
    if (this.#isOver) return;
    this.#tell(process.pid);
    this.#restMs = REST_MS.min;
    this.#decide();
  }

  /** Takes part no more: others need not wait for it. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wake();
    this.#tell(0);
    closeSync(this.#fd);
  }

  #tell(pid: number): void {
    this.#own.writeUInt32LE(pid, 0);
    this.#own.writeUInt32LE(this.#served.connections, 4);
    try {
      writeSync(this.#fd, this.#own, 0, RECORD, this.#place * RECORD);
    } catch {
      // A full disk: the others go by what was true before.
    }
  }

  #decide(): void {
    const fewest = this.#fewest();
    const isAhead = this.#served.connections > fewest + Math.floor(fewest / 4);
    if (isAhead && performance.now() >= this.#trustFrom) this.#rest();
    else this.#wake();
  }

  #rest(): void {
    if (this.#timer !== null) return;
    for (const socket of this.#sockets) socket.hold(WHO);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#look();
    }, this.#restMs);
    // Resting, the sockets do not keep the process alive.
    if (!this.#sockets.some((socket) => socket.isKept)) this.#timer.unref();
  }

  #wake(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const socket of this.#sockets) socket.letGo(WHO);
  }

  #look(): void {
    const before = this.#others;
    const fewest = this.#fewest();
    const hasChanged = before !== this.#others;
    const isSlight = this.#restMs >= QUIET_MS && this.#served.connections <= fewest + 1;
    if (this.#served.connections <= fewest || (isSlight && !hasChanged)) {
      this.#wake();
      return;
    }
    if (hasChanged) this.#left = 0;
    const tries = !hasChanged && (this.#left > 0 || this.#restMs >= TRIAL_MS);
    this.#restMs = hasChanged ? REST_MS.min : Math.min(REST_MS.max, this.#restMs * 2);
    if (tries) this.#try();
    else this.#decide();
  }

  /** Open for one turn of the loop. Whoever waited until now was left waiting by those with fewer connections. */
  #try(): void {
    const { connections } = this.#served;
    for (const socket of this.#sockets) socket.letGo(WHO);
    setImmediate(() => {
      if (this.#isOver) return;
      if (this.#served.connections > connections) {
        const distrustMs = this.#left === 0 ? 0 : DISTRUST_MS.first * 2 ** this.#left;
        this.#left++;
        this.#trustFrom = performance.now() + Math.min(DISTRUST_MS.max, distrustMs);
      }
      this.#decide();
    });
  }

  /** Of the others that live; Infinity: there are none. */
  #fewest(): number {
    let length = 0;
    try {
      length = readSync(this.#fd, this.#all, 0, this.#all.length, 0);
    } catch {
      // Without the file there is nothing to compare with.
    }
    let fewest = Number.POSITIVE_INFINITY;
    let others = "";
    for (let at = 0; at + RECORD <= length; at += RECORD) {
      const pid = this.#all.readUInt32LE(at);
      if (pid === 0 || at === this.#place * RECORD) continue;
      const count = this.#all.readUInt32LE(at + 4);
      others += `${pid}:${count} `;
      if (count < fewest && count < this.#served.connections && !isAlive(pid)) continue;
      fewest = Math.min(fewest, count);
    }
    this.#others = others;
    return fewest;
  }
}

/** The file that the instances of a service share, and this one's place in it; null: there is none. */
export function openBalance(env: NodeJS.ProcessEnv): { fd: number; place: number } | null {
  const { PROCS_SHARE: path, PROCS_ID: id = "" } = env;
  const [, slot, run] = /\.(\d+)\.(\d+)$/.exec(id) ?? [];
  if (path === undefined || slot === undefined) return null;
  // The old and the new run of a slot live side by side while they are exchanged.
  const place = (Number(slot) - 1) * 2 + (Number(run) % 2);
  if (place < 0 || place >= RECORDS_MAX) return null;
  try {
    return { fd: openSync(path, "r+"), place };
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return Object(error).code === "EPERM";
  }
}
