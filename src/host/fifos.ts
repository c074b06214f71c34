import { execFile } from "node:child_process";
import { closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

/** Fifos that ended runs left behind, kept for the next ones; a few are enough for restarts. */
const SPARES_MAX = 8;

export interface Fifos {
  /** Makes one fifo at each path, 0600. Requests made together share one program. */
  make(paths: readonly string[]): Promise<void>;
  /** Takes back fifos that nobody holds any more. */
  release(paths: readonly string[]): void;
  /** Takes away fifos that somebody else may still have open for reading. */
  remove(paths: readonly string[]): void;
  close(): void;
}

/** Node has no mkfifo(3): the program of that name makes them, and those of ended runs are used again. */
export function createFifos(folder: string): Fifos {
  const spares: string[] = [];
  let spareNext = 1;
  let isClosed = false;
  let batch: { paths: string[]; made: Promise<void> } | null = null;

  const make = (paths: readonly string[]): Promise<void> => {
    const missing = paths.filter((path) => !reuse(spares, path));
    if (missing.length === 0) return Promise.resolve();
    if (batch === null) {
      const mine: string[] = [];
      const made = new Promise<void>((resolve, reject) => {
        setImmediate(() => {
          batch = null;
          mkfifo(mine).then(resolve, reject);
        });
      });
      batch = { paths: mine, made };
    }
    batch.paths.push(...missing);
    return batch.made;
  };
  const release = (paths: readonly string[]): void => {
    for (const path of paths) {
      const spare = join(folder, `.spare.${process.pid}.${spareNext++}`);
      if (isClosed || spares.length >= SPARES_MAX || !move(path, spare))
        rmSync(path, { force: true });
      else spares.push(spare);
    }
  };
  const close = (): void => {
    isClosed = true;
    for (const spare of spares.splice(0)) rmSync(spare, { force: true });
  };
  const remove = (paths: readonly string[]): void => {
    for (const path of paths) rmSync(path, { force: true });
  };
  return { make, release, remove, close };
}

/** Whether anybody holds the write end: the kernel's own answer to "does it live?". Not for the main fifo: what is in it is lost. */
export function isHeld(fifo: string): boolean {
  const held = openHeld(fifo);
  if (held !== null) closeSync(held.fd);
  return held !== null;
}

/** Our reading end of a fifo that somebody holds, and what had been written into it. */
export interface HeldFifo {
  readonly fd: number;
  readonly text: string;
}

/**
 * null: nobody holds its write end, or there is no such fifo. What is read is read for good. Throws when it
 * cannot be told, for want of file descriptors: "dead" must never be a guess.
 */
export function openHeld(path: string): HeldFifo | null {
  let fd: number;
  try {
    fd = openReader(path);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
  const text = fstatSync(fd).isFIFO() ? readNow(fd) : null;
  if (text === null) closeSync(fd);
  return text === null ? null : { fd, text };
}

/** What is in a fifo; "" when it is empty and held, null when nobody holds it. */
function readNow(fd: number): string | null {
  const buffer = Buffer.alloc(64);
  try {
    const length = readSync(fd, buffer);
    return length === 0 ? null : buffer.toString("latin1", 0, length);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EAGAIN" ? "" : null;
  }
}

function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return (
    code === "ENOENT" ||
    code === "ENOTDIR" ||
    code === "ENXIO" ||
    code === "ESRCH" ||
    code === "EACCES"
  );
}

/** Our reading end, to be watched once somebody holds the other one. */
export function openReader(fifo: string): number {
  return openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
}

/**
 * Watches a fifo by its reading end, which it closes in the end: `onEnd` comes once, when nobody holds
 * the write end. A socket, never fs.read: four waiting reads would block every file operation of Node.
 */
export function watchFifo(
  fd: number,
  on: { readonly data?: (text: string) => void; readonly end: () => void },
): { close(): void } {
  const socket = new Socket({ fd, readable: true, writable: false });
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    on.end();
  };
  socket.on("data", (data) => on.data?.(data.toString("latin1")));
  socket.on("end", end);
  socket.on("error", end);
  return {
    close: () => {
      isOver = true;
      socket.destroy();
    },
  };
}

function reuse(spares: string[], path: string): boolean {
  const spare = spares.pop();
  return spare !== undefined && move(spare, path);
}

function move(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function mkfifo(paths: readonly string[]): Promise<void> {
  // Leftovers of a supervisor that died are nobody's: the caller has checked.
  for (const path of paths) rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    execFile("mkfifo", ["-m", "600", ...paths], (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(stderr.trim() || error.message));
    });
  });
}
