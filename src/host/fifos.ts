import { execFile } from "node:child_process";
import { closeSync, constants, openSync, readSync, renameSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

/** Fifos that ended runs left behind, kept for the next ones; a few are enough for restarts. */
const SPARES_MAX = 8;

export interface Fifos {
  /** Makes one fifo at each path, 0600. Requests made together share one program. */
  make(paths: readonly string[]): Promise<void>;
  /** Takes back fifos that nobody holds any more. */
  release(paths: readonly string[]): void;
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
  return { make, release, close };
}

/** Whether anybody holds the write end: the kernel's own answer to "does it live?". */
export function isHeld(fifo: string): boolean {
  let fd: number;
  try {
    fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    // 0 is the end of file, which a fifo without a writer has.
    return readSync(fd, Buffer.alloc(1)) !== 0;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EAGAIN";
  } finally {
    closeSync(fd);
  }
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
