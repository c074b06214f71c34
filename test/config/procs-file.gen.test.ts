import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { classOfKey } from "../../src/core/classes.ts";

const root = join(import.meta.dirname, "../..");

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly definitions?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly items?: Node;
  readonly additionalProperties?: boolean | Node;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

// The schema of this very project.
const schema = JSON.parse(readFileSync(join(root, "schema/procs.schema.json"), "utf8")) as Node;

test("what is made from the schema is up to date", async () => {
  const { generate } = (await import(join(root, "scripts/generate.mjs"))) as {
    generate: () => Promise<Record<string, string>>;
  };
  for (const [name, text] of Object.entries(await generate())) {
    const stored = readFileSync(join(root, name), "utf8");
    expect(stored === text, `${name} is old: node scripts/generate.mjs`).toBe(true);
  }
});

test("every key of the schema says what it means, what it is by default, and how it may look", () => {
  const lacking = keysOf(schema).flatMap(([path, node]) => {
    const has = { ...node };
    const isDefault = "default" in has || "x-default-text" in has;
    const lacks = [
      ...(node.description ? [] : ["description"]),
      ...(isDefault ? [] : ["default"]),
      ...((node.examples?.length ?? 0) > 0 ? [] : ["examples"]),
    ];
    return lacks.length === 0 ? [] : [`${path}: ${lacks.join(", ")}`];
  });
  expect(lacking).toEqual([]);
});

test("every map with known keys refuses others", () => {
  const open = mapsOf(schema).filter(
    ([, node]) => node.properties !== undefined && node.additionalProperties !== false,
  );
  expect(open.map(([path]) => path)).toEqual([]);
});

test("every key of a service has a class of edit", () => {
  const keys = Object.keys(schema.definitions?.service?.properties ?? {});
  expect(keys.filter((key) => classOfKey(key) === null)).toEqual([]);
});

type Named = readonly [path: string, node: Node];

/** Every key with a name, at any depth. */
function keysOf(node: Node): readonly Named[] {
  return mapsOf(node).flatMap(([path, map]) =>
    Object.entries(map.properties ?? {}).map(([key, child]): Named => [`${path}.${key}`, child]),
  );
}

function mapsOf(node: Node, path = ""): readonly Named[] {
  const inner: Named[] = [
    ...Object.entries(node.properties ?? {}),
    ...Object.entries(node.definitions ?? {}),
    ...Object.entries(node.patternProperties ?? {}),
  ].map(([key, child]) => [`${path}.${key}`, child]);
  const same = [...(node.anyOf ?? []), ...(node.allOf ?? []), ...(node.items ? [node.items] : [])];
  if (typeof node.additionalProperties === "object") same.push(node.additionalProperties);
  return [
    [path, node],
    ...inner.flatMap(([at, child]) => mapsOf(child, at)),
    ...same.flatMap((child) => mapsOf(child, path)),
  ];
}
