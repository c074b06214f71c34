import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { findProjectFile, noFileProblem } from "../config/find.ts";
import { realFolder } from "../config/source.ts";
import { EXIT, UserError, userError } from "../errors.ts";
import type { Env, Globals } from "./context.ts";

/** Where a project is on this machine. */
export interface Place {
  /** The files to read, absolute, later ones win. Empty when a running project was chosen by name and its file is gone. */
  readonly files: readonly string[];
  /** Real path of the folder of the first file: the identity of the project. */
  readonly folder: string;
}

/** -f, else $PROCS_FILE, else procs.yaml here or above. Throws P100, exit 3. */
export function findPlace(globals: Globals, env: Env, cwd: string): Place {
  const found = findProjectFile(cwd, env);
  const named = globals.files.map((file) => resolve(cwd, file));
  const files = named.length > 0 ? named : found === null ? [] : [found];
  const [first] = files;
  if (first === undefined) throw new UserError(EXIT.config, noFileProblem(cwd));
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) {
    throw userError(EXIT.config, "P100", `there is no file ${missing}`, {
      help: ["check the path, or leave -f out to use procs.yaml here or above"],
    });
  }
  return { files, folder: realFolder(first) };
}

/** The place of one file, whether it is there or not: reading it says what is wrong. */
export function placeOf(file: string, cwd: string): Place {
  const path = resolve(cwd, file);
  return { files: [path], folder: realFolder(path) };
}
