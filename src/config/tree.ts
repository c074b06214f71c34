import type { Place } from "./source.ts";

/**
 * A value of the file together with where it was written. Trees never change and may share parts
 * (an alias is the very tree of its anchor), so each step that edits makes a new one.
 */
export type Tree = ScalarTree | ListTree | MapTree;

export interface ScalarTree {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** The characters as written (`1.10`, `0022`), without quotes. */
  readonly text: string;
  /** Without quotes, so that text like `3` or `true` was meant as what it looks like. */
  readonly isPlain: boolean;
  readonly place: Place;
}

export interface ListTree {
  readonly kind: "list";
  readonly items: readonly Tree[];
  readonly place: Place;
}

export interface MapTree {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Entry>;
  readonly place: Place;
}

export interface Entry {
  readonly keyPlace: Place;
  readonly value: Tree;
}

export function mapTree(place: Place, entries: ReadonlyMap<string, Entry>): MapTree {
  return { kind: "map", entries, place };
}

/** The value of a key of a map; undefined when the tree is no map or lacks the key. */
export function child(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === "map" ? tree.entries.get(key)?.value : undefined;
}

/** The value at a path of keys and list positions. */
export function treeAt(tree: Tree, path: readonly string[]): Tree | undefined {
  let at: Tree | undefined = tree;
  for (const step of path) {
    at = at?.kind === "list" ? at.items[Number(step)] : child(at, step);
  }
  return at;
}

/** A copy without the value at a path; a list keeps its length out of it by losing the whole list. */
export function without(tree: MapTree, path: readonly string[]): MapTree {
  const [key, ...rest] = path;
  const entry = key === undefined ? undefined : tree.entries.get(key);
  if (key === undefined || entry === undefined) return tree;
  const entries = new Map(tree.entries);
  if (rest.length > 0 && entry.value.kind === "map") {
    entries.set(key, { ...entry, value: without(entry.value, rest) });
  } else {
    entries.delete(key);
  }
  return mapTree(tree.place, entries);
}

export function isNull(tree: Tree): boolean {
  return tree.kind === "scalar" && tree.value === null;
}

/** The bare data, as `JSON.parse` would give it. */
export function plainOf(tree: Tree): unknown {
  switch (tree.kind) {
    case "scalar":
      return tree.value;
    case "list":
      return tree.items.map(plainOf);
    case "map":
      return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, plainOf(value)]));
  }
}

/** How many values a tree holds. */
export function sizeOf(tree: Tree): number {
  switch (tree.kind) {
    case "scalar":
      return 1;
    case "list":
      return tree.items.reduce((sum, item) => sum + sizeOf(item), 1);
    case "map": {
      let size = 1;
      for (const { value } of tree.entries.values()) size += sizeOf(value);
      return size;
    }
  }
}

/** A copy without the keys that have no value, but for those below the keys named in `kept`. */
export function withoutNulls(tree: MapTree, kept: readonly string[] = []): MapTree {
  const entries = new Map<string, Entry>();
  for (const [key, entry] of tree.entries) {
    const { value } = entry;
    if (isNull(value)) continue;
    const isWhole = value.kind !== "map" || kept.includes(key);
    entries.set(key, isWhole ? entry : { ...entry, value: withoutNulls(value) });
  }
  return mapTree(tree.place, entries);
}
