import { basename, resolve } from "node:path";
import type { Project, ServiceSpec } from "../core/spec.ts";
import type { Diagnostic } from "../errors.ts";
import { checkFile } from "./check.ts";
import { declareServices, type Whole } from "./declare.ts";
import { EnvFiles } from "./env-files.ts";
import { FIRST_FILE } from "./explain.ts";
import { gatherFiles, type ParsedFile, type Session } from "./files.ts";
import { checkGraph } from "./graph.ts";
import { type Interpolation, interpolate } from "./interpolate.ts";
import { projectLogOf } from "./log.ts";
import { longForms, mergeFiles } from "./merge.ts";
import { portsOf } from "./ports.ts";
import { Problems } from "./problems.ts";
import { referenceOf } from "./replace.ts";
import { Shell } from "./shell.ts";
import { createSource, realFolder } from "./source.ts";
import { sourcesOf } from "./sources.ts";
import { child, type MapTree, mapTree, withoutNulls } from "./tree.ts";

export interface LoadOptions {
  /** Later ones win. Relative to `cwd`, or absolute. */
  readonly files: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `instances: cpus` means. */
  readonly cpus: number;
}

export type Loaded =
  | { readonly ok: true; readonly project: Project; readonly warnings: readonly Diagnostic[] }
  /** Everything that is wrong, sorted, at most 20. */
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/**
 * Reads procs.yaml with all that it includes into the canonical form. Never throws because of what
 * the files say, and changes nothing.
 */
export function loadProject(options: LoadOptions): Loaded {
  const session: Session = {
    cwd: options.cwd,
    shell: new Shell(options.env),
    problems: new Problems(),
    inputs: new Set(),
    shown: [],
  };
  const paths = options.files.map((file) => resolve(options.cwd, file));
  const { files, isPartial } = gatherFiles(paths, session);
  const envFiles = new EnvFiles(session);
  for (const { tree } of files) envFiles.addGlobal(child(tree, "env_file"));
  const broken = new Set<string>();
  const { problems } = session;
  const variable = (name: string): string | undefined => envFiles.lookup(name);
  const ports = portsOf(files, variable);
  const resolver = { variable, reference: (name: string) => referenceOf(name, ports) };
  const settings = { resolver, lookedIn: envFiles.lookedIn, problems };
  const tree = files
    .map((file) => longForms(checkedTree(file, settings, broken)))
    .reduce(mergeFiles, emptyTree(files));
  const whole: Whole = {
    session,
    envFiles,
    cpus: options.cpus,
    broken,
    isPartial,
    tree: withoutNulls(tree, NAMED),
  };
  const one = projectOf(whole, paths[0] ?? options.cwd);
  const project = paths.length > 1 ? { ...one, files: paths } : one;
  if (problems.hasErrors)
    return { ok: false, diagnostics: problems.sorted("error", session.shown) };
  return { ok: true, project, warnings: problems.sorted("warning", session.shown) };
}

/** Parts in which a name without a value says something. */
const NAMED: readonly string[] = ["env", "services", "defaults"];

/** What the first file is laid over. */
function emptyTree(files: readonly ParsedFile[]): MapTree {
  const file = files.at(-1)?.file ?? createSource("/", "/", "/", "");
  return mapTree({ file, start: 0, end: 0 }, new Map());
}

/** One file with its variables replaced, and without what the schema does not allow. */
function checkedTree(
  { tree }: ParsedFile,
  settings: Pick<Interpolation, "resolver" | "lookedIn" | "problems">,
  broken: Set<string>,
): MapTree {
  const onBroken = ([top, name]: readonly string[]): void => {
    broken.add(top === "services" && name !== undefined ? name : "*");
  };
  return checkFile(interpolate(tree, { ...settings, onBroken }), settings.problems, onBroken);
}

function projectOf(whole: Whole, first: string): Project {
  const { session, tree } = whole;
  const services = declareServices(whole);
  if (!whole.isPartial) {
    if (!tree.entries.has("services")) addNoServices(whole, first);
    checkGraph(services, session.problems);
  }
  const folder = realFolder(first);
  const name = child(tree, "name");
  const reload = child(tree, "reload");
  return {
    name: name?.kind === "scalar" ? name.text : basename(folder) || "root",
    folder,
    file: first,
    inputs: [...session.inputs],
    reload: reload?.kind === "scalar" && reload.value === "auto" ? "auto" : "manual",
    log: projectLogOf(tree, session.problems),
    services: [...services.values()].map(({ spec }) => withoutMissing(spec, services)),
    sources: Object.fromEntries(
      [...services].map(([service, { keyPlace, tree: own, environment }]) => [
        service,
        sourcesOf(keyPlace, own, tree, environment.places),
      ]),
    ),
    variables: session.shell.variables(),
  };
}

function addNoServices({ session, broken }: Whole, first: string): void {
  // A misspelled `services` has been named already.
  if (broken.has("*") || session.problems.hasErrors) return;
  const shown = session.shown.at(0) ?? basename(first);
  session.problems.add({
    code: "P104",
    severity: "error",
    message: `${shown} has no services`,
    file: shown,
    help: [FIRST_FILE],
  });
}

/** A dependency that may be missing, and is, is nothing to wait for. */
function withoutMissing(spec: ServiceSpec, services: ReadonlyMap<string, unknown>): ServiceSpec {
  const kept = Object.entries(spec.depends_on).filter(([name]) => services.has(name));
  return { ...spec, depends_on: Object.fromEntries(kept) };
}
