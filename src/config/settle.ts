import type { Diagnostic } from "../errors.ts";
import { type Problems, problemAt } from "./problems.ts";
import type { Shape } from "./shape.ts";
import { FILE_SHAPE, shapeOfItem, shapeOfKey } from "./shape-of.ts";
import { type Entry, isNull, mapTree, type ScalarTree, type Tree } from "./tree.ts";

/**
 * A copy of the tree as the schema should see it: scalars have the type that is wanted where they
 * stand (quoting says nothing), and keys whose behaviour is not there yet are refused and gone.
 */
export function settle(tree: Tree, problems: Problems): Tree {
  return walk(tree, FILE_SHAPE, [], problems);
}

function walk(tree: Tree, shape: Shape, path: readonly string[], problems: Problems): Tree {
  switch (tree.kind) {
    case "scalar":
      return typed(tree, shape);
    case "list": {
      const itemShape = shapeOfItem(shape);
      if (itemShape === undefined) return tree;
      const items = tree.items.map((item) => walk(item, itemShape, path, problems));
      return { ...tree, items };
    }
    case "map": {
      const entries = new Map<string, Entry>();
      for (const [key, entry] of tree.entries) {
        const inner = shapeOfKey(shape, key);
        if (inner?.isNotYet) problems.add(notYet([...path, key], entry, inner));
        else if (inner === undefined) entries.set(key, entry);
        else
          entries.set(key, {
            ...entry,
            value: settledValue(entry.value, inner, [...path, key], problems),
          });
      }
      return mapTree(tree.place, entries);
    }
  }
}

function settledValue(
  value: Tree,
  shape: Shape,
  path: readonly string[],
  problems: Problems,
): Tree {
  if (!isNull(value)) return walk(value, shape, path, problems);
  // A service of which nothing is said yet is one that lacks everything, not one that is not there.
  const isService = path.length === 2 && path[0] === "services";
  return isService ? mapTree(value.place, new Map()) : value;
}

function typed(tree: ScalarTree, shape: Shape): ScalarTree {
  const wants = (type: Shape["types"][number]): boolean => shape.types.includes(type);
  const { value, text } = tree;
  if (typeof value === "number" || typeof value === "boolean") {
    const isFine = wants(typeof value === "number" ? "number" : "boolean");
    // `1.10` and `022` stay what was written.
    return isFine || !wants("string") ? tree : { ...tree, value: text };
  }
  if (typeof value !== "string") return tree;
  if (wants("number") && /^-?\d{1,15}(?:\.\d+)?$/.test(value))
    return { ...tree, value: Number(value) };
  if (wants("boolean") && !wants("string") && /^(?:true|false)$/.test(value)) {
    return { ...tree, value: value === "true" };
  }
  return tree;
}

function notYet(path: readonly string[], entry: Entry, shape: Shape): Diagnostic {
  const isOfService = path[0] === "services";
  const name = (isOfService ? path.slice(2) : path).join(".");
  const where = isOfService ? ` in service "${path[1]}"` : "";
  const { instead } = shape;
  return problemAt(entry.keyPlace, {
    code: "P107",
    message: `"${name}"${where} does not work yet: it comes with a later version of procs`,
    label: "not yet",
    note: "it is refused rather than ignored, so that nothing runs without what the file says",
    help: instead === undefined ? "delete it for now" : `delete it for now, and ${instead}`,
  });
}
