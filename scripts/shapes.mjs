/** The schema as a flat table: see src/config/shape.ts. Names are paths, `#name` begins at a definition. */
export function shapesOf(schema) {
  const shapes = {};
  addShape("", schema, schema, shapes);
  return shapes;
}

function addShape(id, node, schema, shapes) {
  const shape = { types: [] };
  shapes[id] = shape;
  const branches = branchesOf(node);
  const types = new Set();
  for (const branch of branches) {
    for (const type of [branch.type ?? []].flat()) types.add(TYPES[type]);
    if (branch.enum) shape.values = [...(shape.values ?? []), ...branch.enum];
    if (branch["x-shell"]) shape.isShell = true;
    if (branch.properties) shape.keys = keysOf(id, branch.properties, schema, shapes);
    if (branch.type === "array") shape.items = refTo(`${id}[]`, branch.items, schema, shapes);
    for (const [pattern, rest] of Object.entries(branch.patternProperties ?? {})) {
      if (pattern === "^x-") shape.isOpen = true;
      else shape.rest = refTo(`${id}.*`, rest, schema, shapes);
    }
    if (typeof branch.additionalProperties === "object") {
      shape.rest = refTo(`${id}.*`, branch.additionalProperties, schema, shapes);
    }
  }
  shape.types = [...types];
  if (node["x-expects"]) shape.expects = node["x-expects"];
  if (node.examples) shape.example = node.examples[0];
  if (node["x-not-yet"]) shape.isNotYet = true;
  if (node["x-instead"]) shape.instead = node["x-instead"];
}

const TYPES = {
  string: "string",
  integer: "number",
  number: "number",
  boolean: "boolean",
  null: "null",
  object: "map",
  array: "list",
};

function branchesOf(node) {
  return node.anyOf ? node.anyOf.flatMap(branchesOf) : [node];
}

function keysOf(id, properties, schema, shapes) {
  const keys = {};
  for (const [key, node] of Object.entries(properties)) {
    keys[key] = refTo(id === "" ? key : `${id}.${key}`, node, schema, shapes);
  }
  return keys;
}

/** A reference leads to the shape of its definition, which is made once. */
function refTo(id, node, schema, shapes) {
  const reference = node.$ref ?? node.allOf?.[0].$ref;
  const name = reference?.replace("#/definitions/", "");
  const target = name === undefined ? id : `#${name}`;
  if (!(target in shapes))
    addShape(target, name === undefined ? node : schema.definitions[name], schema, shapes);
  return target;
}
