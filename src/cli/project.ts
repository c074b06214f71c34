import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EXIT, userError } from "../errors.ts";
import type { Env, Globals } from "./context.ts";

/** Where a project is on this machine. */
export interface Place {
  /** The files to read, absolute, later ones win. Empty when a running project was chosen by name and its file is gone. */
  readonly files: readonly string[];
  /** Real path of the folder of the first file: the identity of the project. */
  readonly folder: string;
}

const NAMES: readonly string[] = ["procs.yaml", "procs.yml"];

/** -f, else $PROCS_FILE, else procs.yaml here or above. Throws P110, exit 3. */
export function findPlace(globals: Globals, env: Env, cwd: string): Place {
  const named =
    globals.files.length > 0 ? globals.files : env.PROCS_FILE ? env.PROCS_FILE.split(":") : [];
  if (named.length > 0) {
    const files = named.map((file) => resolve(cwd, file));
    const missing = files.findIndex((file) => !existsSync(file));
    if (missing !== -1) {
      throw userError(EXIT.config, "P110", `there is no file "${named[missing]}"`, {
        help: ["name another one: procs -f FILE, or leave -f out to look here and above"],
      });
    }
    return { files, folder: folderOf(files[0] ?? cwd) };
  }
  const found = searchUp(cwd);
  if (found === null) throw noFile(cwd);
  return { files: [found], folder: folderOf(found) };
}

/** procs.yaml or procs.yml in this folder or the nearest one above; null when there is none. */
export function searchUp(cwd: string): string | null {
  let folder = resolve(cwd);
  for (;;) {
    const file = fileIn(folder);
    if (file !== null) return file;
    const parent = dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
}

/** procs.yaml or procs.yml of this very folder, or null. */
export function fileIn(folder: string): string | null {
  const name = NAMES.find((known) => existsSync(join(folder, known)));
  return name === undefined ? null : join(folder, name);
}

/** The folder that holds the file, with links resolved only in the folder: a linked file belongs where the link is. */
export function folderOf(file: string): string {
  return realpathSync(dirname(file));
}

function noFile(cwd: string) {
  const clue = existsSync(join(cwd, "Procfile"))
    ? "there is a Procfile here: write each line `name: command` as services: { name: { command } }"
    : "write one: services: { web: { command: npm run dev } }";
  return userError(EXIT.config, "P110", "no procs.yaml here or above", { help: [clue] });
}
