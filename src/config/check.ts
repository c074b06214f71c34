import { explain, type Fault } from "./explain.ts";
import type { Problems } from "./problems.ts";
import { settle } from "./settle.ts";
import { isNull, type MapTree, mapTree, type Tree, without } from "./tree.ts";
import { validate } from "./validate.gen.ts";

/** What ajv says of one thing that is wrong. */
interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * Holds one file against the schema and gives back the part of it that is right, so that one
 * mistake is one problem and what else is wrong is still found.
 */
export function checkFile(
  tree: Tree,
  problems: Problems,
  onBroken: (path: readonly string[]) => void,
): MapTree {
  const empty = mapTree(tree.place, new Map());
  let settled: Tree = settle(isNull(tree) ? empty : tree, problems);
  // Taking a wrong part out can leave its parent without something it needs: hence a few rounds.
  for (let round = 0; round < ROUNDS_MAX && settled.kind === "map"; round += 1) {
    const faults = faultsOf(schemaErrors(settled)).slice(0, FAULTS_MAX);
    if (faults.length === 0) return settled;
    // In later rounds what is wrong follows from what was taken out.
    if (round === 0) for (const fault of faults) problems.add(explain(fault, settled));
    for (const fault of faults) {
      onBroken(fault.path);
      settled = fault.path.length === 0 ? empty : without(settled, fault.path);
    }
  }
  if (settled.kind !== "map") problems.add(explain({ kind: "value", path: [] }, settled));
  else if (schemaErrors(settled).length === 0) return settled;
  onBroken([]);
  return empty;
}

const ROUNDS_MAX = 5;
/** More are not shown, and each takes time to put in words. */
const FAULTS_MAX = 100;

function schemaErrors(tree: Tree): readonly SchemaError[] {
  // The generated validator is plain JavaScript: a function with its last errors as a property.
  const check = validate as { (data: unknown): boolean; errors?: readonly SchemaError[] | null };
  return check(dataOf(tree)) ? [] : (check.errors ?? []);
}

/** A key without a value is its default, whatever the schema says of the value; in a list nothing is no value. */
function dataOf(tree: Tree): unknown {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.map(dataOf);
  const given = [...tree.entries].filter(([, { value }]) => !isNull(value));
  return Object.fromEntries(given.map(([key, { value }]) => [key, dataOf(value)]));
}

/** The causes: of an error and those it makes in the values around it, only the innermost. */
function faultsOf(errors: readonly SchemaError[]): readonly Fault[] {
  const faults = new Map<string, Fault>();
  for (const error of errors) {
    const path = pathOf(error.instancePath);
    const extra = error.params.additionalProperty;
    const missing = error.params.missingProperty;
    const fault: Fault =
      typeof extra === "string"
        ? { kind: "unknown", path: [...path, extra] }
        : error.keyword === "oneOf"
          ? { kind: error.params.passingSchemas === null ? "none" : "several", path }
          : typeof missing === "string"
            ? { kind: "missing", path, key: missing }
            : { kind: "value", path };
    const known = faults.get(fault.path.join("\0"));
    if (known === undefined || RANK[fault.kind] > RANK[known.kind]) {
      faults.set(fault.path.join("\0"), fault);
    }
  }
  const all = [...faults.values()];
  const inner = new Set<string>();
  for (const { path } of all) {
    for (let length = 0; length < path.length; length += 1)
      inner.add(path.slice(0, length).join("\0"));
  }
  return all.filter(({ path }) => !inner.has(path.join("\0")));
}

const RANK: Readonly<Record<Fault["kind"], number>> = {
  value: 0,
  missing: 1,
  none: 2,
  several: 2,
  unknown: 3,
};

function pathOf(pointer: string): readonly string[] {
  const steps = pointer.split("/").slice(1);
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
