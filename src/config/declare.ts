import type { ServiceSpec } from "../core/spec.ts";
import { specOf } from "./canonical.ts";
import type { EnvFiles } from "./env-files.ts";
import { type Environment, environmentOf } from "./environment.ts";
import type { Session } from "./files.ts";
import type { Declared } from "./graph.ts";
import { mergeServices } from "./merge.ts";
import { problemAt } from "./problems.ts";
import { SERVICE_MARK } from "./replace.ts";
import {
  child,
  type Entry,
  type MapTree,
  mapTree,
  plainOf,
  sizeOf,
  type Tree,
  withoutNulls,
} from "./tree.ts";

/** All files as one, and what is needed to make services of it. */
export interface Whole {
  readonly session: Session;
  readonly envFiles: EnvFiles;
  readonly cpus: number;
  /** Services with a problem of their own: what they seem to lack may be just that. `*`: all of them. */
  readonly broken: ReadonlySet<string>;
  /** Some file could not be parsed: what it would have declared is not known. */
  readonly isPartial: boolean;
  readonly tree: MapTree;
}

export interface ServiceReading extends Declared {
  readonly environment: Environment;
}

/** Every service with its defaults, its environment and its canonical form. */
export function declareServices(whole: Whole): ReadonlyMap<string, ServiceReading> {
  const { tree, session } = whole;
  const merged = mergedServices(whole);
  const kinds = new Map([...merged].map(([name, { value }]) => [name, kindOf(value)]));
  // The schema has been applied to every part that the whole was merged from.
  const { inherit_env: inheritEnv = true } = plainOf(
    mapTree(tree.place, new Map([...tree.entries].filter(([key]) => key === "inherit_env"))),
  ) as { inherit_env?: boolean | string[] };
  const around = { cpus: whole.cpus, inheritEnv, kinds, problems: session.problems };
  const readings = new Map<string, ServiceReading>();
  let variables = 0;
  for (const [name, { keyPlace, value }] of merged) {
    const environment = environmentOf(name, tree, value, {
      envFiles: whole.envFiles,
      shell: session.shell,
    });
    variables += environment.places.size;
    if (variables > VARIABLES_MAX) {
      const message = `the services have more than ${VARIABLES_MAX} variables together`;
      session.problems.add(problemAt(keyPlace, { code: "P108", message, help: HELP }));
      break;
    }
    const spec: ServiceSpec = specOf(name, value, environment.env, around);
    readings.set(name, { spec, keyPlace, tree: value, environment });
    if (!value.entries.has("command")) addNoCommand(name, { keyPlace, value }, whole);
  }
  return readings;
}

/** What `defaults` or the file's `env` hold, every service holds again: bounds that only a mistake reaches. */
const SERVICES_MAX = 1_000;
const VALUES_MAX = 200_000;
const VARIABLES_MAX = 50_000;
const HELP = "is it the right file? A procs.yaml is small and flat";

/** Maps in which a name without a value says something: take it from the shell, wait as is usual. */
const NAMED: readonly string[] = ["env", "depends_on"];

type MapEntry = Entry & { readonly value: MapTree };

function mergedServices({ tree, session }: Whole): ReadonlyMap<string, MapEntry> {
  const services = child(tree, "services");
  const merged = new Map<string, MapEntry>();
  if (services?.kind !== "map") return merged;
  let values = 0;
  for (const [name, entry] of services.entries) {
    if (entry.value.kind !== "map") continue;
    const value = withoutNulls(withDefaults(child(tree, "defaults"), entry.value), NAMED);
    values += sizeOf(value);
    if (merged.size >= SERVICES_MAX || values > VALUES_MAX) {
      const message =
        merged.size >= SERVICES_MAX
          ? `there are more than ${SERVICES_MAX} services`
          : `the services have more than ${VALUES_MAX} values together`;
      session.problems.add(problemAt(entry.keyPlace, { code: "P108", message, help: HELP }));
      break;
    }
    merged.set(name, { keyPlace: entry.keyPlace, value: named(value, name) });
  }
  return merged;
}

function addNoCommand(name: string, { keyPlace }: MapEntry, whole: Whole): void {
  if (whole.isPartial || whole.broken.has(name) || whole.broken.has("*")) return;
  whole.session.problems.add(
    problemAt(keyPlace, {
      code: "P104",
      message: `service "${name}" has no command`,
      label: "what should run?",
      help: "command: npm start",
    }),
  );
}

function withDefaults(defaults: Tree | undefined, service: MapTree): MapTree {
  return defaults?.kind === "map" ? mergeServices(defaults, service) : service;
}

function kindOf(tree: MapTree): "service" | "task" {
  const kind = child(tree, "kind");
  return kind?.kind === "scalar" && kind.value === "task" ? "task" : "service";
}

/** The service's own name where `${procs.service}` was written. */
function named<T extends Tree>(tree: T, name: string): T;
function named(tree: Tree, name: string): Tree {
  switch (tree.kind) {
    case "scalar": {
      if (!tree.text.includes(SERVICE_MARK)) return tree;
      const text = tree.text.replaceAll(SERVICE_MARK, name);
      return { ...tree, text, value: text };
    }
    case "list":
      return { ...tree, items: tree.items.map((item) => named(item, name)) };
    case "map": {
      const entries = [...tree.entries].map(([key, entry]): [string, Entry] => [
        key,
        { ...entry, value: named(entry.value, name) },
      ]);
      return mapTree(tree.place, new Map(entries));
    }
  }
}
