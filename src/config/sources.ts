import type { Source } from "../core/spec.ts";
import { lineAt, type Place } from "./source.ts";
import { child, type MapTree, type Tree } from "./tree.ts";

/**
 * Where each value of a service was written, by its path: `""` is the service itself, `restart.max`,
 * `depends_on.db`, `env.PORT` (in an env file: the line there), `ready.http` and the same as `ready.check`.
 */
export function sourcesOf(
  keyPlace: Place,
  service: MapTree,
  file: MapTree,
  env: ReadonlyMap<string, Place>,
): Record<string, Source> {
  const sources = new Map<string, Source>([["", sourceAt(keyPlace)]]);
  addEntries("", service, sources);
  if (!sources.has("inherit_env") && file.entries.has("inherit_env")) {
    const place = file.entries.get("inherit_env")?.keyPlace;
    if (place !== undefined) sources.set("inherit_env", sourceAt(place));
  }
  for (const [name, place] of env) sources.set(`env.${name}`, sourceAt(place));
  for (const probe of ["ready", "alive"]) {
    const tree = child(service, probe);
    const check =
      tree?.kind === "map" ? [...tree.entries].find(([key]) => CHECKS.has(key)) : undefined;
    if (check !== undefined) sources.set(`${probe}.check`, sourceAt(check[1].keyPlace));
  }
  return Object.fromEntries(sources);
}

const CHECKS: ReadonlySet<string> = new Set([
  "http",
  "tcp",
  "exec",
  "log",
  "notify",
  "message",
  "accepts",
]);

function sourceAt(place: Place): Source {
  return { file: place.file.shown, line: lineAt(place.file, place.start) };
}

function addEntries(prefix: string, tree: Tree, sources: Map<string, Source>): void {
  if (tree.kind !== "map") return;
  for (const [key, { keyPlace, value }] of tree.entries) {
    const path = `${prefix}${key}`;
    // The whole environment comes with its own places.
    if (path === "env") continue;
    sources.set(path, sourceAt(keyPlace));
    addEntries(`${path}.`, value, sources);
  }
}
