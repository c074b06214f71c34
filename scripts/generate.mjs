// Writes everything that is made from schema/procs.schema.json: types, validator, shapes, docs/config.md.
// `node scripts/generate.mjs` writes; a test calls generate() and compares.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Ajv from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import { compile } from "json-schema-to-typescript";
import { configDocs } from "./config-docs.mjs";
import { shapesOf } from "./shapes.mjs";

const root = new URL("../", import.meta.url);
const NOTE =
  "Made from schema/procs.schema.json by `node scripts/generate.mjs`. Not edited by hand.";

/** File name from the root -> its whole text. */
export async function generate() {
  const schema = JSON.parse(read("schema/procs.schema.json"));
  const docs = configDocs(schema, await classTable());
  return {
    "src/config/procs-file.gen.ts": await typesOf(schema),
    "src/config/validate.gen.ts": validatorOf(schema),
    "src/config/shapes.gen.ts": shapesText(schema),
    "docs/config.md": `<!-- ${NOTE} -->\n\n${docs}`,
  };
}

async function typesOf(schema) {
  const node = mapSchema(schema, (node) => {
    // Free keys are nobody's business: without them a misspelled key of the types does not compile.
    const { "^x-": _free, ...patternProperties } = node.patternProperties ?? {};
    const rest = { ...node, patternProperties };
    if (Object.keys(patternProperties).length === 0) delete rest.patternProperties;
    // Beside a reference a default is taken for its type.
    if (node.allOf) delete rest.default;
    return rest;
  });
  return compile(node, "ProcsFile", { bannerComment: `// ${NOTE}`, additionalProperties: false });
}

function validatorOf(schema) {
  const ajv = new Ajv.default({
    allErrors: true,
    allowUnionTypes: true,
    strictTypes: false,
    messages: false,
    code: { source: true, esm: true },
  });
  // The words for people come from the shapes: an error need only say where, and which keyword.
  const bare = mapSchema(schema, (node) => {
    const { title, description, examples, default: _default, ...rest } = node;
    return Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith("x-")));
  });
  const code = standaloneCode
    .default(ajv, ajv.compile(bare))
    .replace('"use strict";', "")
    .replace("export default validate10;", "");
  if (code.includes("require(")) throw new Error("avoid this keyword: it needs ajv at run time");
  return `// @ts-nocheck\n// ${NOTE}\n${code}\n`;
}

/** A copy of the schema with every schema inside it changed; names of properties are not schemas. */
function mapSchema(node, change) {
  const each = (map) =>
    Object.fromEntries(Object.entries(map).map(([key, one]) => [key, mapSchema(one, change)]));
  const copy = { ...node };
  for (const key of ["properties", "patternProperties", "definitions"]) {
    if (copy[key]) copy[key] = each(copy[key]);
  }
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    if (copy[key]) copy[key] = copy[key].map((one) => mapSchema(one, change));
  }
  for (const key of ["items", "additionalProperties"]) {
    if (typeof copy[key] === "object") copy[key] = mapSchema(copy[key], change);
  }
  return change(copy);
}

function shapesText(schema) {
  const shapes = JSON.stringify(shapesOf(schema), null, 1);
  return `// ${NOTE}\nimport type { Shapes } from "./shape.ts";\n\nexport const SHAPES: Shapes = ${shapes};\n`;
}

/** What an edit of each key does, from the one table in core. Its types are stripped to read it here. */
async function classTable() {
  const { transformWithOxc } = await import("vite");
  const { code: whole } = await transformWithOxc(read("src/core/classes.ts"), "classes.ts");
  // What it imports is for its functions, which nobody calls here.
  const code = whole.replace(/^import .*$/gm, "");
  const module = await import(
    `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`
  );
  return { ...module.KEY_CLASS, ...module.FILE_KEY_CLASS };
}

function read(name) {
  return readFileSync(new URL(name, root), "utf8");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(await generate()))
    writeFileSync(new URL(name, root), text);
  // docs/commands.md is made from the command table of the build.
  await import("./generate-commands.mjs");
}
