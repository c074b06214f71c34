import type { EnvFiles } from "./env-files.ts";
import { sortedRecord } from "./reader.ts";
import { SERVICE_MARK } from "./replace.ts";
import type { Shell } from "./shell.ts";
import type { Place } from "./source.ts";
import { child, type MapTree, type Tree } from "./tree.ts";

export interface Environment {
  readonly env: Record<string, string>;
  /** Where each variable was written. */
  readonly places: ReadonlyMap<string, Place>;
}

/** The variables of one service: the file's env files and env, then its own, later ones winning. */
export function environmentOf(
  name: string,
  file: MapTree,
  service: MapTree,
  sources: { readonly envFiles: EnvFiles; readonly shell: Shell },
): Environment {
  const values = new Map<string, string>();
  const places = new Map<string, Place>();
  const add = (variable: string, value: string, place: Place): void => {
    values.set(variable, value.replaceAll(SERVICE_MARK, name));
    places.set(variable, place);
  };
  const addTree = (tree: Tree | undefined): void => {
    if (tree?.kind !== "map") return;
    for (const [variable, { keyPlace, value }] of tree.entries) {
      if (value.kind !== "scalar") continue;
      const isGiven = value.value !== null;
      const text = isGiven ? value.text : sources.shell.lookup(variable);
      if (text !== undefined) add(variable, text, keyPlace);
    }
  };
  for (const [variable, entry] of sources.envFiles.global) add(variable, entry.value, entry.place);
  addTree(child(file, "env"));
  const own = sources.envFiles.own(child(service, "env_file"));
  for (const [variable, entry] of own) add(variable, entry.value, entry.place);
  addTree(child(service, "env"));
  return { env: sortedRecord([...values]), places };
}
