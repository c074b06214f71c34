import { resolve } from "node:path";
import { parseYaml } from "./parse.ts";
import { type Problems, problemAt } from "./problems.ts";
import { templateProblem, variablesOnly } from "./replace.ts";
import type { Shell } from "./shell.ts";
import { type Place, readSource, type SourceFile } from "./source.ts";
import { expand } from "./template.ts";
import { child, type ScalarTree, type Tree } from "./tree.ts";

/** One file of the project as parsed. */
export interface ParsedFile {
  readonly file: SourceFile;
  readonly tree: Tree;
}

/** What is shared by all steps of reading one project. */
export interface Session {
  readonly cwd: string;
  readonly shell: Shell;
  readonly problems: Problems;
  /** Absolute paths of all files that were read or looked for, in order. */
  readonly inputs: Set<string>;
  /** How they are shown, in the same order. */
  readonly shown: string[];
}

export interface Gathered {
  /** Included files come before those that include them: later ones win. */
  readonly files: readonly ParsedFile[];
  /** Some file could not be parsed: what it would have declared is not known. */
  readonly isPartial: boolean;
}

/** Reads the files of a project and all that they include. */
export function gatherFiles(paths: readonly string[], session: Session): Gathered {
  const gathering: Gathering = { session, files: [], seen: new Set(), chain: [], isPartial: false };
  for (const path of paths) gather(path, null, gathering);
  return gathering;
}

interface Gathering {
  readonly session: Session;
  readonly files: ParsedFile[];
  readonly seen: Set<string>;
  /** The files being read now, each included by the one before at a place. */
  readonly chain: { readonly path: string; readonly shown: string; readonly place: Place | null }[];
  isPartial: boolean;
}

/** More are a mistake. */
const FILES_MAX = 100;

function gather(path: string, place: Place | null, gathering: Gathering): void {
  const { session, chain } = gathering;
  if (chain.some((link) => link.path === path)) {
    circle(path, place, gathering);
    return;
  }
  // Included from two places: it is the same file, and it is laid under both.
  if (gathering.seen.has(path)) return;
  gathering.seen.add(path);
  if (gathering.seen.size > FILES_MAX) {
    const message = `more than ${FILES_MAX} files are included`;
    if (place !== null)
      session.problems.add(
        problemAt(place, {
          code: "P208",
          message,
          help: "put what belongs together into one file",
        }),
      );
    gathering.isPartial = true;
    return;
  }
  const file = open(path, place, gathering);
  if (file === null) return;
  const { tree, problems } = parseYaml(file);
  session.problems.addAll(problems);
  // A key that is written twice hides nothing; after anything else, what is missing may be just that.
  if (problems.some((problem) => problem.code !== "P105")) gathering.isPartial = true;
  if (tree === null) return;
  chain.push({ path, shown: file.shown, place });
  for (const item of listOf(child(tree, "include"))) {
    const name = expandPath(item, session);
    if (name !== null) gather(resolve(file.folder, name), item.place, gathering);
  }
  chain.pop();
  gathering.files.push({ file, tree });
}

function open(path: string, place: Place | null, gathering: Gathering): SourceFile | null {
  const { session } = gathering;
  const reading = readSource(path, session.cwd);
  session.inputs.add(path);
  if (reading.kind === "file") {
    session.shown.push(reading.file.shown);
    return reading.file;
  }
  gathering.isPartial = true;
  if (reading.kind === "bad") {
    const { diagnostic } = reading;
    session.problems.add(
      place === null
        ? diagnostic
        : problemAt(place, {
            code: "P208",
            message: diagnostic.message,
            note: diagnostic.notes?.[0],
            help: diagnostic.help,
          }),
    );
    return null;
  }
  const shown = path.startsWith(`${session.cwd}/`) ? path.slice(session.cwd.length + 1) : path;
  if (place === null) {
    session.problems.add({
      code: "P100",
      severity: "error",
      message: `there is no file ${shown}`,
      help: ["check the path, or leave -f out to use procs.yaml here or above"],
    });
  } else {
    session.problems.add(
      problemAt(place, {
        code: "P208",
        message: `included file ${shown} does not exist`,
        note: `looked for ${path}`,
        help: "paths start at the folder of the file they are written in",
      }),
    );
  }
  return null;
}

function circle(path: string, place: Place | null, gathering: Gathering): void {
  const { chain, session } = gathering;
  const from = chain.findIndex((link) => link.path === path);
  const links = chain.slice(from);
  if (place === null) return;
  const names = [...links.map((link) => link.shown), links[0]?.shown ?? path];
  const places = [...links.slice(1).map((link) => link.place), place];
  session.problems.add(
    problemAt(places[0] ?? place, {
      code: "P208",
      message: `files include each other in a circle: ${names.join(" -> ")}`,
      related: places.flatMap((one, index) =>
        one === null ? [] : [{ place: one, label: `${names[index]} includes ${names[index + 1]}` }],
      ),
      help: "remove one of these lines; what both need goes into a file of its own",
    }),
  );
}

/** The texts of a key that takes one or a list of them; other kinds of values are the schema's affair. */
function listOf(tree: Tree | undefined): readonly ScalarTree[] {
  const items = tree === undefined ? [] : tree.kind === "list" ? tree.items : [tree];
  return items.filter((item): item is ScalarTree => item.kind === "scalar" && item.value !== null);
}

/** A path in the file, with variables of the shell replaced; null: it could not be. */
export function expandPath(tree: ScalarTree, session: Session): string | null {
  const resolver = variablesOnly((name) => session.shell.lookup(name));
  const { text, problems } = expand(tree.text, resolver, "all");
  for (const problem of problems) session.problems.add(templateProblem(problem, tree.place, []));
  return problems.length > 0 || text.trim() === "" ? null : text;
}
