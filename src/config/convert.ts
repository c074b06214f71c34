import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import type { Diagnostic } from "../errors.ts";
import { problemAt } from "./problems.ts";
import type { Place, SourceFile } from "./source.ts";
import { type Entry, mapTree, type Tree } from "./tree.ts";

/** Values of one file, aliases counted as what they stand for: ten aliases of ten aliases are many. */
const NODES_MAX = 50_000;

export interface Parsed {
  /** null: there is nothing to go on with. */
  readonly tree: Tree | null;
  readonly problems: readonly Diagnostic[];
}

/** A YAML document as a tree. An alias costs nothing: it shares its anchor's tree. */
export function convertDocument(file: SourceFile, document: Document.Parsed): Parsed {
  const conversion: Conversion = { file, problems: [], anchors: new Map(), sizes: new WeakMap() };
  const { contents } = document;
  if (contents === null) return { tree: null, problems: [] };
  const tree = treeOf(contents, [], conversion);
  if ((conversion.sizes.get(tree) ?? 0) <= NODES_MAX)
    return { tree, problems: conversion.problems };
  const start = contents.range?.[0] ?? 0;
  const problem = problemAt(
    { file, start, end: start + 1 },
    {
      code: "P108",
      message: "aliases multiply to too many values",
      help: "is it the right file? A procs.yaml is small and flat",
    },
  );
  return { tree: null, problems: [problem] };
}

/** What is known while one document becomes a tree. */
interface Conversion {
  readonly file: SourceFile;
  readonly problems: Diagnostic[];
  /** By name; null while the anchor's own value is being read. */
  readonly anchors: Map<string, Tree | null>;
  /** How many values each tree stands for. */
  readonly sizes: WeakMap<Tree, number>;
}

function treeOf(node: Node, path: readonly string[], conversion: Conversion): Tree {
  const place = placeOf(node, conversion.file);
  if (isAlias(node)) return aliased(node.source, place, conversion);
  const anchor = "anchor" in node && typeof node.anchor === "string" ? node.anchor : undefined;
  if (anchor !== undefined) conversion.anchors.set(anchor, null);
  let tree: Tree;
  if (isMap(node)) tree = convertMap(node.items, place, path, conversion);
  else if (isSeq(node)) {
    const items = node.items.map((item, index) =>
      // A parsed list holds nodes, and null where nothing is written.
      treeOrNull(item as Node | null, place, [...path, String(index)], conversion),
    );
    tree = { kind: "list", items, place };
    sized(tree, items, conversion);
  } else tree = convertScalar(node, place);
  if (anchor !== undefined) conversion.anchors.set(anchor, tree);
  return tree;
}

function treeOrNull(
  node: Node | null,
  around: Place,
  path: readonly string[],
  conversion: Conversion,
): Tree {
  return node === null ? nothing(around) : treeOf(node, path, conversion);
}

function nothing(place: Place): Tree {
  return { kind: "scalar", value: null, text: "", isPlain: true, place };
}

function convertScalar(node: Node, place: Place): Tree {
  const value: unknown = isScalar(node) ? node.value : null;
  const source = isScalar(node) && typeof node.source === "string" ? node.source : "";
  const isPlain = isScalar(node) && node.type === "PLAIN";
  if (typeof value === "string") return { kind: "scalar", value, text: value, isPlain, place };
  const isKnown = typeof value === "number" || typeof value === "boolean" || value === null;
  return { kind: "scalar", value: isKnown ? value : source, text: source, isPlain, place };
}

function convertMap(
  pairs: readonly Pair[],
  place: Place,
  path: readonly string[],
  conversion: Conversion,
): Tree {
  const entries = new Map<string, Entry>();
  const merged: Tree[] = [];
  for (const pair of pairs) {
    // A parsed pair holds nodes, and null where nothing is written.
    const [keyNode, valueNode] = [pair.key as Node | null, pair.value as Node | null];
    const key = keyOf(keyNode, place, conversion);
    if (key === null) continue;
    const value = treeOrNull(valueNode, key.place, [...path, key.text], conversion);
    if (key.text === "<<" && key.isPlain) merged.push(value);
    else if (entries.has(key.text)) {
      conversion.problems.push(
        duplicate(key.text, path, key.place, entries.get(key.text)?.keyPlace),
      );
    } else entries.set(key.text, { keyPlace: key.place, value });
  }
  // `{{ name }}` is a map whose only key is a map: that is one mistake, not two.
  if (entries.size === 0 && merged.length === 0 && pairs.length > 0) return nothing(place);
  for (const value of merged) mergeInto(entries, value, conversion);
  const tree = mapTree(place, entries);
  sized(
    tree,
    [...entries.values()].map((entry) => entry.value),
    conversion,
  );
  return tree;
}

/** `<<`: entries of other maps that this one does not have itself; of several the first wins. */
function mergeInto(entries: Map<string, Entry>, value: Tree, conversion: Conversion): void {
  for (const source of value.kind === "list" ? value.items : [value]) {
    if (source.kind !== "map") {
      conversion.problems.push(
        problemAt(source.place, {
          code: "P106",
          message: '"<<" takes a map, or a list of maps',
          label: "not a map",
          help: "merge an anchor: <<: *name",
        }),
      );
      continue;
    }
    for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
  }
}

function keyOf(node: Node | null, around: Place, conversion: Conversion) {
  const place = node === null ? around : placeOf(node, conversion.file);
  const tree = node === null ? null : treeOf(node, [], conversion);
  if (tree?.kind === "scalar" && tree.text !== "__proto__") {
    return { text: tree.text, isPlain: tree.isPlain, place };
  }
  const isText = tree?.kind === "scalar";
  conversion.problems.push(
    problemAt(place, {
      code: "P106",
      message: isText ? 'the key "__proto__" is reserved' : "a key must be plain text",
      label: tree === null ? "nothing" : isText ? "reserved" : `a ${tree.kind}`,
      help: isText ? "take another name" : 'text with { } or [ ] needs quotes: "{{ … }}"',
    }),
  );
  return null;
}

function aliased(name: string, place: Place, conversion: Conversion): Tree {
  const tree = conversion.anchors.get(name);
  if (tree !== undefined && tree !== null) return tree;
  const saying =
    tree === null
      ? {
          message: `the alias *${name} stands inside its own anchor`,
          label: "would never end",
          help: "write the value out",
        }
      : {
          message: `there is no anchor named "${name}"`,
          label: "no such anchor above",
          help: /^\w[\w-]*$/.test(name)
            ? `mark the value that is meant with &${name}, before this line`
            : `a value that begins with * needs quotes: "*${name}"`,
        };
  conversion.problems.push(problemAt(place, { code: "P106", ...saying }));
  return nothing(place);
}

function duplicate(
  key: string,
  path: readonly string[],
  place: Place,
  first: Place | undefined,
): Diagnostic {
  const isService = path.length === 1 && path[0] === "services";
  const where = path[0] === "services" && path.length > 1 ? ` in service "${path[1]}"` : "";
  return problemAt(place, {
    code: "P105",
    message: isService
      ? `service "${key}" is declared twice`
      : `"${[...path.slice(where === "" ? 0 : 2), key].join(".")}" is written twice${where}`,
    label: isService ? "declared again" : "written again",
    help: isService
      ? "rename one, or merge them. YAML would keep only the second."
      : "delete one. YAML would keep only the second.",
    related:
      first === undefined
        ? []
        : [{ place: first, label: isService ? "first declared here" : "first written here" }],
  });
}

function sized(tree: Tree, parts: readonly Tree[], conversion: Conversion): void {
  let size = 1;
  for (const part of parts) size += conversion.sizes.get(part) ?? 1;
  conversion.sizes.set(tree, size);
}

function placeOf(node: Node, file: SourceFile): Place {
  const [start, end] = node.range ?? [0, 0];
  return { file, start, end };
}
