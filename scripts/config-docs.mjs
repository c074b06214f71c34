/** docs/config.md: every key of the schema with its type, default, meaning, example, and what an edit does. */
export function configDocs(schema, classes) {
  const top = sectionsOf(schema.properties, schema, { prefix: "", level: 3, classes: null });
  const service = sectionsOf(schema.definitions.service.properties, schema, {
    prefix: "",
    level: 3,
    classes,
  });
  return [INTRO, top, SERVICE, service, CLASSES, RULES].join("\n");
}

const INTRO = `# procs.yaml

One file says what should run. procs looks for \`procs.yaml\` (or \`procs.yml\`) in the working folder and in those
above it; \`-f FILE\` or \`$PROCS_FILE\` names another. Unknown keys are errors; keys that begin with \`x-\` are free, for
anchors and other tools. A key without a value is its default. Durations are \`300ms\`, \`10s\`, \`5m\`, \`2h\` or \`1m30s\`; sizes \`500KB\`, \`10MB\`, \`1GB\` (a KB has 1000 bytes).

## Keys of the file
`;

const SERVICE = `## Keys of a service

The same keys may stand under \`defaults\`.
`;

const CLASSES = `## What an edit does

| class | what \`procs reload\` does |
|---|---|
| process | the program sees it: its instances are replaced, as \`rollout\` says |
| live | procs owns it: applied to running instances without touching them |
| topology | starts, stops or reorders instances; those that stay are not touched |
| schedule | arms the timer anew; a run in progress is not touched |
| cosmetic | nothing at all |
`;

const RULES = `## How values are read

- **\`\${NAME}\`** is replaced everywhere but in commands given as text (they belong to the shell): \`$NAME\`, \`\${NAME}\`,
  \`\${NAME:-default}\` (unset or empty), \`\${NAME-default}\` (unset), \`\${NAME:?message}\`, \`\${NAME?message}\` (an error with that message),
  \`\${NAME:+other}\`, \`\${NAME+other}\` (when set); defaults may hold further ones; \`$$\` is a dollar sign. Names come from the shell,
  then from the file's \`env_file\`. A name that is not set and has no default is an error.
- **\`\${procs.service}\`**, **\`\${procs.instance}\`** and **\`\${services.NAME.port}\`** are replaced everywhere, in commands too.
- **The environment** of a service, first one wins: its \`env\`, its \`env_file\`, the file's \`env\`, the file's \`env_file\`, and what
  \`inherit_env\` lets through from the shell.
- **Env files** hold \`NAME=value\` lines (\`export NAME=value\` and \`NAME: value\` too); \`NAME\` alone is taken from the shell. \`#\` begins a comment at the
  start of a line, or after a space outside quotes. Single quotes: as it is. Double quotes: \`\\n\`, \`\\t\`, \`\\"\`, \`\\$\`, \`\\\\\`, and \`\${NAME}\`. Quoted values may span lines.
- **\`include\`** and several \`-f\`: maps are merged key by key, lists of env files are joined, anything else is replaced; the including file wins, and of
  several \`-f\` the later one. Relative paths start at the folder of the file they are written in.
`;

function sectionsOf(properties, schema, settings) {
  return Object.entries(properties)
    .map(([key, node]) => section(key, node, schema, settings))
    .join("\n");
}

function section(key, node, schema, { level, classes }) {
  const full = resolved(node, schema);
  const lines = [`${"#".repeat(level)} \`${key}\``, "", full.description];
  if (node["x-not-yet"])
    lines.push("", "**Not yet:** described here, but refused until a later version.");
  lines.push("", `- Type: ${typeOf(full, schema)}`, `- Default: ${defaultOf(full)}`);
  const kind = classes?.[key];
  if (kind !== undefined) lines.push(`- An edit is: ${kind}`);
  lines.push("", "```yaml", ...exampleOf(key, full), "```", "");
  const rows = rowsOf("", full, schema);
  if (rows.length > 0 && key !== "defaults" && key !== "services") {
    lines.push(
      "| key | type | default | meaning | example |",
      "|---|---|---|---|---|",
      ...rows,
      "",
    );
  }
  return lines.join("\n");
}

/** The keys below a key, however deep, one row each. */
function rowsOf(prefix, node, schema) {
  const rows = [];
  for (const branch of branchesOf(node)) {
    for (const [key, child] of Object.entries(branch.properties ?? {})) {
      const name = `${prefix}${key}`;
      const full = resolved(child, schema);
      const example = `\`${inline(full.examples?.[0])}\``;
      const meaning = `${full.description}${child["x-not-yet"] ? " **Not yet.**" : ""}`;
      rows.push(
        `| \`${name}\` | ${cell(typeOf(full, schema))} | ${cell(defaultOf(full))} | ${cell(meaning)} | ${cell(example)} |`,
      );
      rows.push(...rowsOf(`${name}.`, full, schema));
    }
    for (const inner of [branch.items, branch.additionalProperties]) {
      if (typeof inner === "object") rows.push(...rowsOf(prefix, inner, schema));
    }
  }
  return rows;
}

function resolved(node, schema) {
  const reference = node.$ref ?? node.allOf?.[0].$ref;
  if (reference === undefined) return node;
  return { ...schema.definitions[reference.replace("#/definitions/", "")], ...node };
}

function branchesOf(node) {
  return node.anyOf ? node.anyOf.flatMap(branchesOf) : [node];
}

function typeOf(node, schema) {
  const types = branchesOf(node).map((branch) => oneType(branch, schema));
  return [...new Set(types)].join(", or ");
}

function oneType(node, schema) {
  if (node.$ref) return oneType(resolved(node, schema), schema);
  if (node.enum) return node.enum.map((value) => `\`${value}\``).join(", ");
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.type === "array") return `list of ${typeOf(node.items, schema)}`;
  if (node.type === "object") return "map";
  if (node.type === "integer" && node.minimum !== undefined) {
    return `whole number, ${node.minimum} to ${node.maximum}`;
  }
  const measure = /^a (duration|size)\b/.exec(node["x-expects"] ?? "")?.[1];
  if (measure !== undefined) return measure;
  return [node.type]
    .flat()
    .map((type) => WORDS[type] ?? type)
    .join(", ");
}

const WORDS = {
  string: "text",
  integer: "whole number",
  boolean: "true or false",
  null: "nothing",
};

function defaultOf(node) {
  if (node["x-default-text"]) return node["x-default-text"];
  return node.default === undefined ? "none" : `\`${inline(node.default)}\``;
}

function exampleOf(key, node) {
  return (node.examples ?? []).map((example) => `${key}: ${inline(example)}`);
}

/** A value on one line of YAML. */
function inline(value, isInside = false) {
  if (Array.isArray(value)) return `[${value.map((item) => inline(item, true)).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const parts = Object.entries(value).map(([key, item]) => `${key}: ${inline(item, true)}`);
    return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
  }
  if (typeof value !== "string") return String(value);
  const isPlain = isInside ? /^[A-Za-z0-9./:][\w ./:+=@%'$-]*$/ : /^[A-Za-z0-9./:][^#"\n{}[\],]*$/;
  const isOther = /^[\d.]+$|^(true|false|null)$|: |^\/.*\/$|\*/.test(value);
  return isPlain.test(value) && !isOther ? value : JSON.stringify(value);
}

function cell(text) {
  return text.replaceAll("|", "\\|");
}
