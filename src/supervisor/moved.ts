import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { EXIT, type UserError, userError } from "../errors.ts";
import { isLocked } from "../host/lock.ts";
import { removeOwn, writeOwn } from "../host/own-files.ts";
import { namesIn } from "../logs/names-in.ts";
import type { ProjectPaths } from "../paths.ts";

/** In the state folder while a supervisor runs: which folder of the disk the project's is, whatever it is called. */
const NAME = "folder";

/** Writes down which folder this project's is. Says nothing of a full disk: it is only for `movedHere`. */
export function markFolder(paths: ProjectPaths): void {
  try {
    writeOwn(join(paths.state, NAME), `${identityOf(paths.folder)}\n${paths.folder}\n`);
  } catch {
    // Then a move is not noticed.
  }
}

export function unmarkFolder(paths: ProjectPaths): void {
  removeOwn(join(paths.state, NAME));
}

/**
 * P616 (exit 4) when this very folder had another name while its project was started, and that still runs: a project
 * is known by the path of its folder, so it would run twice. Null otherwise. Looks at nothing but small files.
 */
export function movedHere(paths: ProjectPaths): UserError | null {
  const root = dirname(paths.state);
  const here = identityOf(paths.folder);
  for (const id of namesIn(root)) {
    if (id === basename(paths.state) || !existsSync(join(root, id, "lock"))) continue;
    const [identity, ...rest] = read(join(root, id, NAME))
      .trimEnd()
      .split("\n");
    const old = rest.join("\n");
    if (here === "" || identity !== here || identityOf(old) === here) continue;
    if (isLocked(join(root, id, "lock"))) return moved(old);
  }
  return null;
}

function moved(old: string): UserError {
  const what = `this folder was ${old} when its project was started, and as that it still runs`;
  return userError(EXIT.supervisor, "P616", what, {
    notes: ["a project is known by the path of its folder: under a new one it is another project"],
    help: ["move it back, or end what runs: procs -p NAME down, with its name; then: procs up"],
  });
}

function identityOf(folder: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.dev} ${stats.ino}`;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
