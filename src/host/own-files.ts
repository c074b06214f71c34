import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { EXIT, messageOf, userError } from "../errors.ts";
import type { ProjectPaths } from "../paths.ts";

/** Never through a link, and never waiting for the other end of a fifo that stands where a file should be. */
const SAFELY = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a file of procs, `flags` as of open(2); a new one is 0600. Throws what open throws: ELOOP for a
 * link, and an Error for whatever else is no regular file.
 */
export function openOwn(path: string, flags: number): number {
  const file = openSync(path, flags | SAFELY, 0o600);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Error(`${path} is not a file`);
}

/** Adds to the end of a file of procs, and makes it when it is not there. Throws what the system says. */
export function appendOwn(path: string, text: string): void {
  const file = openOwn(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT);
  try {
    writeAll(file, Buffer.from(text));
  } finally {
    closeSync(file);
  }
}

/** Replaces what a file of procs holds; for what may be lost. Throws what the system says. */
export function writeOwn(path: string, text: string): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
  const file = openOwn(path, flags);
  try {
    writeAll(file, Buffer.from(text));
  } finally {
    closeSync(file);
  }
}

/** A disk that fills up may take a part without saying so. Throws what the system says. */
export function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** Removes a file of procs. One that cannot be removed, in a folder that has become read-only, keeps nobody from leaving. */
export function removeOwn(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next supervisor looks at what it says, and puts aside what is none of ours.
  }
}

/**
 * Puts aside what stands in the place of a file of procs and is none: a link, which would have us write somewhere else, a
 * folder, a fifo. And makes each file readable for us, and for nobody else. Says what it did.
 */
export function tidyFiles(paths: ProjectPaths, say: (message: string) => void): void {
  for (const path of filesOf(paths)) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (!stats.isFile()) putAside(path, say);
    else if (stats.uid === process.getuid?.() && (stats.mode & 0o777) !== 0o600) close(path, say);
  }
  for (const entry of readdirSync(paths.runs, { withFileTypes: true })) {
    if (entry.isDirectory()) tidyRuns(join(paths.runs, entry.name), say);
    else if (!isAside(entry.name)) putAside(join(paths.runs, entry.name), say);
  }
  const socket = lstatSync(paths.socket, { throwIfNoEntry: false });
  if (socket !== undefined && !socket.isSocket()) putAside(paths.socket, say);
}

function filesOf(paths: ProjectPaths): readonly string[] {
  const { lock, address, events, stateFile, supervisorLog } = paths;
  const older = [events, stateFile].map((path) => `${path}.1`);
  return [lock, address, events, stateFile, `${stateFile}.new`, supervisorLog, ...older];
}

/** Logs, indexes and ledgers: a link there would have a program write somewhere else. */
function tidyRuns(folder: string, say: (message: string) => void): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile() && !isAside(entry.name)) putAside(join(folder, entry.name), say);
  }
}

function isAside(name: string): boolean {
  return /\.aside\.\d+$/.test(name);
}

function putAside(path: string, say: (message: string) => void): void {
  const aside = `${path}.aside.${Date.now()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    const why = messageOf(error);
    throw userError(EXIT.supervisor, "P604", `${path} is not a file of procs, and is in its way`, {
      notes: [why],
      help: [`remove it: rm -r '${path}'`],
    });
  }
  say(`${path} was not a file of procs: it is ${basename(aside)} now, and is not used`);
}

function close(path: string, say: (message: string) => void): void {
  // By its path, for what is unreadable cannot be opened; nobody else can exchange it in a folder of ours.
  chmodSync(path, 0o600);
  say(`${path} was open to others, or closed to us: it is 0600 again`);
}
