import { type Entry, isNull, type MapTree, mapTree, type Tree } from "./tree.ts";

/** One file laid over another: maps key by key, lists of env files joined, anything else replaced. */
export function mergeFiles(base: MapTree, over: MapTree): MapTree {
  return mergeWith(base, over, (key, below, above) => {
    if (key === "services" && below.kind === "map" && above.kind === "map") {
      return mergeWith(below, above, (_name, one, other) => mergeValue(one, other, mergeServices));
    }
    if (key === "defaults") return mergeValue(below, above, mergeServices);
    if (key === "env_file") return joined(below, above);
    return mergeDeep(below, above);
  });
}

/** A service over `defaults`, or over the same service of an included file. Both in their long forms. */
export function mergeServices(base: MapTree, over: MapTree): MapTree {
  return mergeWith(base, over, (key, below, above) => {
    switch (key) {
      case "env_file":
        return joined(below, above);
      case "ready":
      case "alive":
        return mergeValue(below, above, mergeProbes);
      case "watch":
        return mergeValue(below, above, (one, other) => {
          return mergeWith(one, other, (_key, _below, value) => value);
        });
      default:
        return mergeDeep(below, above);
    }
  });
}

/** The file with every short form in its services written out, so that merging sees maps. */
export function longForms(file: MapTree): MapTree {
  const change = (tree: Tree): Tree => (tree.kind === "map" ? longService(tree) : tree);
  return changed(file, {
    env_file: asList,
    defaults: change,
    services: (services) => {
      if (services.kind !== "map") return services;
      const entries = [...services.entries].map(([name, entry]): [string, Entry] => [
        name,
        { ...entry, value: change(entry.value) },
      ]);
      return mapTree(services.place, new Map(entries));
    },
  });
}

function longService(tree: MapTree): MapTree {
  return changed(tree, {
    env_file: asList,
    depends_on: namesAsMap,
    restart: (value) => underKey("policy", value),
    schedule: (value) => underKey("cron", value),
    listen: (value) => (value.kind === "list" ? single("port", value) : underKey("port", value)),
    watch: (value) => {
      if (value.kind === "map") return value;
      if (value.kind === "list" || typeof value.value === "string") return single("paths", value);
      return value.value === true ? mapTree(value.place, new Map()) : value;
    },
  });
}

function changed(tree: MapTree, changes: Readonly<Record<string, (value: Tree) => Tree>>): MapTree {
  const entries = new Map(tree.entries);
  for (const [key, change] of Object.entries(changes)) {
    const entry = entries.get(key);
    if (entry === undefined || isNull(entry.value)) continue;
    entries.set(key, { ...entry, value: change(entry.value) });
  }
  return mapTree(tree.place, entries);
}

function asList(tree: Tree): Tree {
  return tree.kind === "list" ? tree : { kind: "list", items: [tree], place: tree.place };
}

function underKey(key: string, value: Tree): Tree {
  return value.kind === "scalar" ? single(key, value) : value;
}

function single(key: string, value: Tree): MapTree {
  return mapTree(value.place, new Map([[key, { keyPlace: value.place, value }]]));
}

/** `[a, b]` as a map without conditions: which one is meant depends on the kind of the other service. */
function namesAsMap(tree: Tree): Tree {
  if (tree.kind === "map") return tree;
  const items = tree.kind === "list" ? tree.items : [tree];
  const entries = items.flatMap((item): [string, Entry][] => {
    if (item.kind !== "scalar") return [];
    const value: Tree = { ...item, value: null, text: "" };
    return [[item.text, { keyPlace: item.place, value }]];
  });
  return mapTree(tree.place, new Map(entries));
}

function mergeDeep(below: Tree, above: Tree): Tree {
  return mergeValue(below, above, (one, other) =>
    mergeWith(one, other, (_key, a, b) => mergeDeep(a, b)),
  );
}

function mergeValue(
  below: Tree,
  above: Tree,
  merge: (below: MapTree, above: MapTree) => MapTree,
): Tree {
  return below.kind === "map" && above.kind === "map" ? merge(below, above) : above;
}

/** A probe has one way to ask: another way takes its place, the other settings stay. */
function mergeProbes(below: MapTree, above: MapTree): MapTree {
  const asks = (key: string): boolean => !["interval", "timeout", "failures"].includes(key);
  const isOther = [...above.entries.keys()].some(asks);
  const kept = [...below.entries].filter(([key]) => !(isOther && asks(key)));
  return mergeWith(mapTree(below.place, new Map(kept)), above, (_key, _below, value) => value);
}

function joined(below: Tree, above: Tree): Tree {
  if (isNull(above)) return above;
  const items = [below, above].flatMap((tree) => (tree.kind === "list" ? tree.items : [tree]));
  return { kind: "list", items, place: above.place };
}

function mergeWith(
  base: MapTree,
  over: MapTree,
  merge: (key: string, below: Tree, above: Tree) => Tree,
): MapTree {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = base.entries.get(key)?.value;
    const isOver = below !== undefined && !isNull(below);
    entries.set(key, isOver ? { ...entry, value: merge(key, below, entry.value) } : entry);
  }
  return mapTree(over.place, entries);
}
