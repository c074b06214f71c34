import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** Texts that people read: string literals with a space in them, by the file they are in. */
const texts = filesBelow("src")
  .filter((file) => file.endsWith(".ts") && !file.includes(".gen."))
  .flatMap((file) => literalsOf(file).map((text) => ({ file, text })));

test("no message is longer than 100 columns", () => {
  const long = texts
    .filter(({ text }) => text.includes(" ") && !/[\\^]/.test(text))
    .filter(({ text }) => text.split("\\n").some((line) => shownLength(line) > 100));
  expect(long.map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
});

test("no message begs, and none says invalid input", () => {
  const found = texts.filter(({ text }) =>
    /\bplease\b|invalid input|\boops\b|\bsorry\b/i.test(text),
  );
  expect(found).toEqual([]);
});

test("the documents keep to the same words", () => {
  const documents = ["README.md", "docs/commands.md", "docs/config.md", "schema/procs.schema.json"];
  const found = documents
    .filter((file) => existsSync(join(ROOT, file)))
    .filter((file) => /\bplease\b|invalid input/i.test(readFileSync(join(ROOT, file), "utf8")));
  expect(found).toEqual([]);
});

test("every code of an error has one of the known hundreds", () => {
  const codes = texts.filter(({ text }) => /^P\d+$/.test(text));
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter(({ text }) => !/^P[1-8]\d\d$/.test(text))).toEqual([]);
});

/** What is put in for `${…}` is counted as eight columns. */
function shownLength(text: string): number {
  return text.replace(/\$\{[^}]*\}/g, "service1").length;
}

function literalsOf(file: string): readonly string[] {
  const code = readFileSync(join(ROOT, file), "utf8")
    .split("\n")
    .filter((line) => !/^\s*(\*|\/\*|\/\/)/.test(line))
    .join("\n");
  return [...code.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\\n]|\\.)*)`/g)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) =>
    join(folder, name),
  );
}
