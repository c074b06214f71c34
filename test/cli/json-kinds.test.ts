import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands.ts";
import { KIND_NAMES, schemaOfKind } from "../../src/cli/json-kinds.ts";
import { SNAPSHOT } from "./statuses.ts";

test.each(KIND_NAMES)("the schema of %s is one, and says its own kind", (name) => {
  const schema = schemaOfKind(name);
  expect(new Ajv({ strict: false, validateFormats: false }).validateSchema(schema ?? {})).toBe(
    true,
  );
  expect(schema).toMatchObject({ properties: { v: { const: 1 }, kind: { const: name } } });
});

test("a whole snapshot fits its schema, and one with a field missing does not", () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const isPs = ajv.compile(schemaOfKind("ps") ?? {});
  expect(isPs(SNAPSHOT)).toBe(true);
  const { seq: _seq, ...rest } = SNAPSHOT;
  expect(isPs(rest)).toBe(false);
});

test("the help of schema names every kind", () => {
  const help = COMMANDS.find((command) => command.name === "schema")?.notes.join(" ") ?? "";
  expect(help.match(/[a-z_]+(?=[,.])/g)?.toSorted()).toEqual([...KIND_NAMES].toSorted());
  expect(schemaOfKind("nonsense")).toBeNull();
});
