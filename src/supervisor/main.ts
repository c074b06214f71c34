import { fstatSync, statSync, truncateSync, writeSync } from "node:fs";
import { UserError } from "../errors.ts";
import { closeForeignFiles } from "../host/descriptors.ts";
import { preparePaths } from "../host/folders.ts";
import { LOCKED_EXIT, takeLock } from "../host/lock.ts";
import { projectPaths } from "../paths.ts";
import { VERSION } from "../version.ts";
import { superviseProject } from "./compose.ts";

/** A fault inside procs, by the habit of sysexits.h. What runs goes on; the next supervisor sees to it. */
const FAULT_EXIT = 70;
/** Descriptor of the lock, as `lockedCommand` hands it over. */
const LOCK_FD = 9;
const LOG_BYTES_MAX = 4 * 1024 * 1024;

await main(process.argv[2] ?? "/");

/** The supervisor's process: `node main.js FOLDER`, started by launch.ts, its output going to its log. */
async function main(folder: string): Promise<void> {
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  // The terminal that started it may close: that is none of its business.
  process.on("SIGHUP", () => undefined);
  const paths = projectPaths(folder, process.env, process.getuid?.() ?? 0);
  preparePaths(paths);
  if (!(await takeLock(paths.lock)) || !isLockInPlace(paths.lock)) process.exit(LOCKED_EXIT);
  delete process.env.PROCS_LOCK;
  closeForeignFiles();
  boundLog(paths.supervisorLog);
  const supervisor = await superviseProject({
    paths,
    version: VERSION,
    log,
    onLeft: () => process.exit(0),
  });
  process.on("SIGTERM", () => supervisor.end("SIGTERM"));
  process.on("SIGINT", () => supervisor.end("SIGINT"));
}

/**
 * A predecessor removes its lock when it leaves. Who opened that file before and locked it after has locked
 * something that nobody else will ever see.
 */
function isLockInPlace(path: string): boolean {
  if (process.platform !== "linux") return true;
  try {
    return fstatSync(LOCK_FD).ino === statSync(path).ino;
  } catch {
    return false;
  }
}

function boundLog(path: string): void {
  try {
    if (statSync(path).size > LOG_BYTES_MAX) truncateSync(path, 0);
  } catch {
    // Not there: started by hand, with another place for its output.
  }
}

function log(message: string): void {
  try {
    writeSync(2, `${new Date().toISOString()} ${message}\n`);
  } catch {
    // A full disk: what cannot be said is no reason to leave what runs alone.
  }
}

function fail(error: unknown): void {
  const isOurs = !(error instanceof UserError);
  const words = error instanceof Error && isOurs ? (error.stack ?? error.message) : String(error);
  log(words);
  process.exit(FAULT_EXIT);
}
