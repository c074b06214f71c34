import type { Diagnostic } from "../errors.ts";
import { type Problems, problemAt } from "./problems.ts";
import type { Shape } from "./shape.ts";
import { FILE_SHAPE, shapeOfItem, shapeOfKey } from "./shape-of.ts";
import { type Entry, isNull, mapTree, type ScalarTree, type Tree } from "./tree.ts";

/**
 * A copy of the tree as the schema should see it: scalars have the type that is wanted where they
 * stand (quoting says nothing), keys without a value are gone (they mean the default), keys whose
 * behaviour is not there yet are refused and gone.
 */
export function settle(tree: Tree, problems: Problems): Tree {
  return walk(tree, FILE_SHAPE, [], problems);
}

function walk(tree: Tree, shape: Shape, path: readonly string[], problems: Problems): Tree {
  switch (tree.kind) {
    case "scalar":
      // A service of which nothing is said yet, a map that is only begun.
      if (tree.value === null && isOnlyMap(shape)) return mapTree(tree.place, new Map());
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
        else if (!isNull(entry.value) || inner.types.includes("null") || isService(path)) {
          const value = walk(entry.value, inner, [...path, key], problems);
          entries.set(key, { ...entry, value });
        }
      }
      return mapTree(tree.place, entries);
    }
  }
}

function isService(path: readonly string[]): boolean {
  return path.length === 1 && path[0] === "services";
}

function isOnlyMap(shape: Shape): boolean {
  return shape.types.length === 1 && shape.types[0] === "map";
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
