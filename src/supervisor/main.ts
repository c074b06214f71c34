import { fstatSync, statSync, truncateSync, writeSync } from "node:fs";
import { UserError } from "../errors.ts";
import { closeForeignFiles } from "../host/descriptors.ts";
import { armFailpoints } from "../host/failpoint.ts";
import { preparePaths } from "../host/folders.ts";
import { HELD_VARIABLE, LOCK_FD, LOCKED_EXIT, takeLock } from "../host/lock.ts";
import { softFileLimit } from "../host/shim.ts";
import { type ProjectPaths, projectPaths } from "../paths.ts";
import { VERSION } from "../version.ts";
import { superviseProject } from "./compose.ts";
import { Endings } from "./endings.ts";
import { guardianCommand } from "./guardian.ts";
import { GuardianLink } from "./guardian-link.ts";
import { endNaps } from "./guardian-naps.ts";
import { LEFT_EXIT, REFUSED_EXIT } from "./guardian-text.ts";
import { inheritedSockets, SOCKETS_VARIABLE } from "./inherited-sockets.ts";
import { markFolder } from "./moved.ts";
import { isKey, newKey } from "./sealed.ts";

/** A fault inside procs, by the habit of sysexits.h. What runs goes on; the next supervisor sees to it. */
const FAULT_EXIT = 70;
const LOG_BYTES_MAX = 4 * 1024 * 1024;
const OWN_VARIABLES: readonly string[] = [
  ...[HELD_VARIABLE, SOCKETS_VARIABLE, "PROCS_KEY"],
  ...["PROCS_GUARDED", "PROCS_PIPE", "PROCS_CHARGE"],
];

await main(process.argv[2] ?? "/");

/** The supervisor's process: `node main.js FOLDER`, started by its guardian, its output going to its log. */
async function main(folder: string): Promise<void> {
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  // The terminal that started it may close: that is none of its business.
  process.on("SIGHUP", () => undefined);
  const { env } = process;
  const paths = projectPaths(folder, env, process.getuid?.() ?? 0);
  preparePaths(paths, log);
  if (!(await takeLock(paths.lock)) || !isLockInPlace(paths.lock)) process.exit(LOCKED_EXIT);
  arm(paths);
  const held = env[HELD_VARIABLE] ?? null;
  const key = isKey(env.PROCS_KEY) ? env.PROCS_KEY : newKey();
  const endings = new Endings();
  const sockets = inheritedSockets(env);
  const own = { paths, env, entry: process.argv[1] ?? null, fileLimit: limit() };
  const guardian = new GuardianLink(
    {
      ...{ paths, key, held, sockets, log },
      own: () => guardianCommand(own),
      onTerminate: () => endings.ask("guardian"),
    },
    env,
  );
  // Meant for this process alone, and for none that it starts.
  for (const name of OWN_VARIABLES) delete env[name];
  closeForeignFiles(new Set(sockets.values()));
  endNaps(paths.id);
  boundLog(paths.supervisorLog);
  markFolder(paths);
  process.on("SIGTERM", () => endings.ask("SIGTERM"));
  process.on("SIGINT", () => endings.ask("SIGINT"));
  const supervisor = await superviseProject({
    ...{ paths, version: VERSION, key, log, guardian },
    sockets: { inherited: sockets, hold: (held) => guardian.hold(held) },
    onLeft: () => process.exit(LEFT_EXIT),
  });
  endings.hear((why) => supervisor.end(why));
  guardian.isWell();
}

/** What a test asks for and cannot be read would be no better at the next try. */
function arm(paths: ProjectPaths): void {
  try {
    armFailpoints(process.env.PROCS_FAILPOINTS, paths.state);
  } catch (error) {
    log(String(error));
    process.exit(REFUSED_EXIT);
  }
}

/** Of services: what whoever started the first supervisor had. Node cannot know of itself. */
function limit(): number {
  const given = Number(process.env.PROCS_NOFILE);
  return given > 0 ? given : softFileLimit(process.ppid);
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
