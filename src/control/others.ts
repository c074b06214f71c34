import { readdirSync, readFileSync } from "node:fs";
import type { ProjectPaths } from "../paths.ts";
import { belongsToOther } from "./trust.ts";

/**
 * Asked when nobody answers, and before a supervisor is started: throws P605 (exit 4) when another user's
 * runs this very project. Two users who start it in the same instant are not told apart.
 */
export function refuseBesideOther(paths: Pick<ProjectPaths, "folder">): null {
  const other = otherSupervisor(paths.folder);
  if (other === null) return null;
  throw belongsToOther(other.uid, [`its supervisor is process ${other.pid}`]);
}

/** A supervisor of another user that runs the same project. */
interface Other {
  readonly pid: number;
  readonly uid: number;
}

/**
 * The supervisor by which another user runs the project of `folder`, or null. Two would run everything twice, and
 * the files of the other are out of our sight; but how a process was started is for everyone to see. Linux; elsewhere, and
 * where /proc hides the processes of others, it is not found.
 */
function otherSupervisor(folder: string): Other | null {
  const uid = process.getuid?.();
  for (const name of processes()) {
    if (!/^\d+$/.test(name) || !isSupervisor(read(`/proc/${name}/cmdline`), folder)) continue;
    const status = read(`/proc/${name}/status`);
    const owner = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? uid);
    // One in a container has a number in there, too, and its folder is another one.
    const isElsewhere = /^NSpid:\s+\d+\s+\d+/m.test(status);
    if (owner !== uid && !isElsewhere) return { pid: Number(name), uid: owner };
  }
  return null;
}

/** `node …/supervisor/main.js FOLDER`, or its guardian while there is none: `sh -c … "procs guardian" FOLDER`. */
function isSupervisor(commandLine: string, folder: string): boolean {
  const words = commandLine.split("\0");
  const at = words.findIndex((word) => /\/supervisor\/main\.js$|^procs guardian$/.test(word));
  return at > 0 && words[at + 1] === folder;
}

function processes(): readonly string[] {
  try {
    return readdirSync("/proc");
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
