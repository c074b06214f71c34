import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { shapeAt } from "../../src/config/shape-of.ts";
import { inlineYaml } from "../../src/config/yaml-text.ts";
import { folderWith, load, said } from "./folder.ts";

const root = join(import.meta.dirname, "../..");

test("every example of a key is right, or says that it does not work yet", () => {
  const wrong: string[] = [];
  for (const [key, yaml] of examples()) {
    const isTask = key === "schedule" || key === "kind";
    const command = key === "command" ? "" : "command: x";
    const kind = isTask && key !== "kind" ? "kind: task" : "";
    const others = "db: { command: x }\n  migrate: { command: x, kind: task }";
    const text = `services:\n  a:\n    ${key}: ${yaml}\n    ${command}\n    ${kind}\n  ${others}\n`;
    const files = { "procs.yaml": text, "api.env": "" };
    const loaded = load(folderWith(files));
    const isNotYet = shapeAt(["services", "a", key])?.isNotYet === true || yaml.includes("memory");
    if (!loaded.ok && !isNotYet) wrong.push(`${key}: ${yaml}\n${said(loaded)}`);
    if (loaded.ok && isNotYet) wrong.push(`${key}: ${yaml} is accepted`);
  }
  expect(wrong).toEqual([]);
});

/** Each example in the schema of a key of a service, as it stands in docs/config.md too. */
function examples(): readonly (readonly [string, string])[] {
  const schema: unknown = JSON.parse(readFileSync(join(root, "schema/procs.schema.json"), "utf8"));
  // The schema of this very project.
  const { definitions } = schema as {
    definitions: { service: { properties: Record<string, { examples: readonly unknown[] }> } };
  };
  return Object.entries(definitions.service.properties).flatMap(([key, node]) =>
    node.examples.map((example) => [key, inlineYaml(example)] as const),
  );
}

test("docs/config.md has a section for every key of a service, with what an edit does", () => {
  const [, docs = ""] = readFileSync(join(root, "docs/config.md"), "utf8").split(
    "\n## Keys of a service\n",
  );
  for (const [key] of examples()) {
    const section = docs.split(`\n### \`${key}\`\n`).slice(1).join("");
    expect(section.slice(0, section.indexOf("\n### ")), key).toContain("- An edit is: ");
  }
});
