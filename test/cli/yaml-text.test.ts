import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { scalar, yamlLines } from "../../src/cli/yaml-text.ts";

test.each([
  "yes",
  "no",
  "null",
  "1",
  "0x10",
  "1e3",
  "10s",
  "1h30m",
  "100ms..30s",
  "10sx",
  ".5",
  "a: b",
  "# x",
  "",
  "- a",
  "*a",
  "~",
  "a #b",
  " a",
])("%j is read back as text", (text) => {
  expect(parse(scalar(text))).toBe(text);
});

test("any map is read back as it was", () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string()));
  const map = fc.dictionary(fc.string({ minLength: 1 }), leaf, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), map, { noNullPrototype: true }), (value) => {
      const text = yamlLines(value, () => null).join("\n");
      expect(parse(text) ?? {}).toEqual(value);
    }),
  );
});
