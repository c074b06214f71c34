import { type Problems, problemAt, type Saying } from "./problems.ts";
import type { Service } from "./procs-file.gen.ts";
import { type MapTree, treeAt } from "./tree.ts";
import { parseDuration } from "./values.ts";

/** One service being read: its data, and the tree that knows where each part was written. */
export interface Reader {
  readonly tree: MapTree;
  readonly service: Service;
  readonly problems: Problems;
}

/** Notes a problem with the value at a path of the service. */
export function fault(reader: Reader, path: readonly string[], saying: Saying): void {
  const place = (treeAt(reader.tree, path) ?? reader.tree).place;
  reader.problems.add(problemAt(place, saying));
}

export function duration(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : parseDuration(text);
}

/** By name: the order in which a map is written says nothing. */
export function sortedRecord<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
