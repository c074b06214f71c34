import type { Problems } from "./problems.ts";
import { type LookedIn, templateProblem } from "./replace.ts";
import type { Shape } from "./shape.ts";
import { FILE_SHAPE, shapeOfItem, shapeOfKey } from "./shape-of.ts";
import { expand, type Resolver } from "./template.ts";
import { type Entry, mapTree, type ScalarTree, type Tree } from "./tree.ts";

export interface Interpolation {
  readonly resolver: Resolver;
  readonly lookedIn: readonly LookedIn[];
  readonly problems: Problems;
  /** Told the path of a value that could not be replaced. */
  readonly onBroken: (path: readonly string[]) => void;
}

/**
 * A copy of the tree with every `${…}` replaced. Values that cannot be replaced are left out; what
 * the schema does not know, or refuses, is not looked at: that is another problem.
 */
export function interpolate(tree: Tree, settings: Interpolation): Tree {
  return walk(tree, FILE_SHAPE, [], settings) ?? mapTree(tree.place, new Map());
}

function walk(
  tree: Tree,
  shape: Shape | undefined,
  path: readonly string[],
  settings: Interpolation,
): Tree | undefined {
  if (shape === undefined || shape.isNotYet) return tree;
  switch (tree.kind) {
    case "scalar":
      return replaced(tree, shape, path, settings);
    case "list": {
      const items = tree.items.map((item, index) =>
        walk(item, shapeOfItem(shape), [...path, String(index)], settings),
      );
      // A list with a hole would be another list: the whole value is left out.
      if (items.includes(undefined)) return undefined;
      return { ...tree, items: items.filter((item) => item !== undefined) };
    }
    case "map": {
      const entries = new Map<string, Entry>();
      for (const [key, entry] of tree.entries) {
        const value = walk(entry.value, shapeOfKey(shape, key), [...path, key], settings);
        if (value !== undefined) entries.set(key, { ...entry, value });
      }
      return mapTree(tree.place, entries);
    }
  }
}

function replaced(
  tree: ScalarTree,
  shape: Shape,
  path: readonly string[],
  settings: Interpolation,
): Tree | undefined {
  if (typeof tree.value !== "string" || !tree.value.includes("$")) return tree;
  const { text, problems } = expand(
    tree.value,
    settings.resolver,
    shape.isShell ? "references" : "all",
  );
  for (const problem of problems) {
    settings.problems.add(templateProblem(problem, tree.place, settings.lookedIn));
  }
  if (problems.length > 0) {
    settings.onBroken(path);
    return undefined;
  }
  // What was written without quotes is read as if the value had been written there.
  return { ...tree, value: text, text };
}
