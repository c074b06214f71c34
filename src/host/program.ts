import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** What a search for a program found. */
export type Found =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "not-executable"; readonly path: string }
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "missing"; readonly folders: readonly string[] };

/** Where exec looks when the environment has no PATH. */
export const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

/** Finds a program as exec would: a name with a slash from `cwd`, any other along `path`. */
export function findProgram(name: string, cwd: string, path: string): Found {
  if (name.includes("/")) return look(resolve(cwd, name)) ?? { kind: "missing", folders: [] };
  const folders = path.split(delimiter);
  let second: Found | null = null;
  for (const folder of folders) {
    const found = look(resolve(cwd, folder, name));
    if (found?.kind === "found") return found;
    second ??= found;
  }
  return second?.kind === "not-executable" ? second : { kind: "missing", folders };
}

/** The facts from which people are told why a program cannot run. */
export interface ProgramFacts {
  /** The command word as written. */
  readonly name: string;
  /** The words after it. */
  readonly args: readonly string[];
  readonly found: Exclude<Found, { kind: "found" }>;
  readonly home: string | null;
  /** It is in node_modules/.bin of the service's folder. */
  readonly isInBin: boolean;
  /** A package.json is there, and no node_modules. */
  readonly lacksModules: boolean;
  /** Programs along PATH, for a similar name. */
  readonly programs: readonly string[];
}

export interface ProgramProblem {
  readonly code: "P302" | "P305";
  /** `"vite" is not a program`: follows "cannot start: ". */
  readonly message: string;
  readonly notes: readonly string[];
  readonly help: readonly string[];
}

/** What is wrong, why, and what to do about a program that cannot run. Pure: all facts are given. */
export function explainProgram(facts: ProgramFacts): ProgramProblem {
  const { name, args, found } = facts;
  if (found.kind === "not-executable") {
    const help = [`chmod +x ${name}    or: command: sh ${name}`];
    return { code: "P305", message: `${name} is not executable`, notes: [], help };
  }
  if (found.kind === "folder") {
    return { code: "P305", message: `${name} is a folder, not a program`, notes: [], help: [] };
  }
  if (name.includes("/")) {
    return { code: "P302", message: `there is no file ${name}`, notes: [], help: [] };
  }
  const home = facts.home;
  const shorten = (folder: string) =>
    home !== null && folder.startsWith(`${home}/`) ? `~${folder.slice(home.length)}` : folder;
  const notes = [`PATH was ${found.folders.map(shorten).join(", ")}`];
  return { code: "P302", message: `"${name}" is not a program`, notes, help: helpFor(facts, args) };
}

/** Looks up the facts about a program that `findProgram` did not find. */
export function programFacts(
  argv: readonly string[],
  found: ProgramFacts["found"],
  cwd: string,
  home: string | null,
): ProgramFacts {
  const [name = "", ...args] = argv;
  return {
    name,
    args,
    found,
    home,
    isInBin: look(join(cwd, "node_modules", ".bin", name))?.kind === "found",
    lacksModules: exists(join(cwd, "package.json")) && !exists(join(cwd, "node_modules")),
    programs: found.kind === "missing" ? found.folders.flatMap(list) : [],
  };
}

function helpFor(facts: ProgramFacts, args: readonly string[]): readonly string[] {
  const { name } = facts;
  if (facts.isInBin) {
    return [`${name} is in ./node_modules/.bin. Use: ${["npx", name, ...args].join(" ")}`];
  }
  if (facts.lacksModules) return ["node_modules is missing: run npm install"];
  const similar = facts.programs.find((program) => isSimilar(program, name));
  return similar === undefined ? [] : [`a similar program exists: ${similar}`];
}

/** One letter more, less or other, or two neighbours exchanged. */
function isSimilar(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1 || b.length < 3) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && left === [...right].reverse().join("");
}

function look(path: string): Found | null {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return { kind: "folder", path };
    if ((stats.mode & 0o111) === 0) return { kind: "not-executable", path };
    accessSync(path, constants.X_OK);
    return { kind: "found", path };
  } catch (error) {
    const isDenied = error instanceof Error && "code" in error && error.code === "EACCES";
    return isDenied ? { kind: "not-executable", path } : null;
  }
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
