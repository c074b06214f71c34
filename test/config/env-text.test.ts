import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEnvText } from "../../src/config/env-text.ts";
import { variablesOnly } from "../../src/config/replace.ts";
import { createSource } from "../../src/config/source.ts";

const SHELL: Readonly<Record<string, string>> = {
  HOME: "/home/ana",
  INHERITED: "from the shell",
  TWICE: "shell",
};

function parse(text: string) {
  const file = createSource("/p/.env", ".env", "/p", text);
  const resolver = variablesOnly((name) => SHELL[name]);
  const parsed = parseEnvText(file, resolver, (expanded) =>
    expanded.problems.map((problem) => ({
      code: problem.code,
      severity: "error",
      message: problem.expression,
    })),
  );
  const entries = [...parsed.entries].map(([name, entry]): [string, string] => [name, entry.value]);
  return { values: Object.fromEntries(entries), problems: parsed.problems };
}

describe("lines that are right", () => {
  const table: readonly (readonly [text: string, values: Readonly<Record<string, string>>])[] = [
    ["", {}],
    ["\n\n", {}],
    ["A=1", { A: "1" }],
    ["A=1\nB=2\n", { A: "1", B: "2" }],
    ["A=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["A=1\nA=2", { A: "2" }],
    ["  A = 1  ", { A: "1" }],
    ["\tA=1", { A: "1" }],
    ["A=", { A: "" }],
    ["A= ", { A: "" }],
    ["export A=1", { A: "1" }],
    ["export   A=1", { A: "1" }],
    ["export=1", { export: "1" }],
    ["A: 1", { A: "1" }],
    ["A:1", { A: "1" }],
    ["A=a=b", { A: "a=b" }],
    ["A=a b c", { A: "a b c" }],
    ["a.b-c=1", { "a.b-c": "1" }],
    // Comments.
    ["# A=1", {}],
    ["  # A=1\nB=2", { B: "2" }],
    ["A=1 # one", { A: "1" }],
    ["A=1# one", { A: "1# one" }],
    ["A=#f00", { A: "#f00" }],
    ["A= # nothing", { A: "" }],
    ["A=http://x/#top", { A: "http://x/#top" }],
    ["A='x' # c", { A: "x" }],
    ['A="x # y" # c', { A: "x # y" }],
    // Quotes.
    ["A='x y'", { A: "x y" }],
    ["A=''", { A: "" }],
    ['A=""', { A: "" }],
    ["A='a\"b'", { A: 'a"b' }],
    ['A="a\'b"', { A: "a'b" }],
    ['A="a\\"b"', { A: 'a"b' }],
    ["A='$HOME'", { A: "$HOME" }],
    ["A='a\\nb'", { A: "a\\nb" }],
    ['A="a\\nb\\tc"', { A: "a\nb\tc" }],
    ['A="a\\\\nb"', { A: "a\\nb" }],
    ['A="\\$HOME"', { A: "$HOME" }],
    ['A="\\\\"', { A: "\\" }],
    ['A="\\d"', { A: "\\d" }],
    ['A="\\0101"', { A: "A" }],
    ["A=a\\nb", { A: "a\\nb" }],
    ["A=x'y", { A: "x'y" }],
    ['A="one\ntwo"\nB=3', { A: "one\ntwo", B: "3" }],
    ["A='one\r\ntwo'", { A: "one\ntwo" }],
    [
      'KEY="-----BEGIN-----\nabc=\n-----END-----\n"',
      { KEY: "-----BEGIN-----\nabc=\n-----END-----\n" },
    ],
    // Variables.
    ["A=$HOME/x", { A: "/home/ana/x" }],
    ["A=${HOME}/x", { A: "/home/ana/x" }],
    ['A="${HOME}/x"', { A: "/home/ana/x" }],
    ["A=1\nB=${A}2", { A: "1", B: "12" }],
    ["A=${NONE:-d}", { A: "d" }],
    ["A=$$x", { A: "$x" }],
    ["TWICE=file\nB=$TWICE", { TWICE: "file", B: "shell" }],
    // Without a value: from the shell.
    ["INHERITED", { INHERITED: "from the shell" }],
    ["export INHERITED\nA=1", { INHERITED: "from the shell", A: "1" }],
    ["NOT_THERE\nA=1", { A: "1" }],
  ];
  for (const [text, values] of table) {
    test(JSON.stringify(text), () => {
      expect(parse(text)).toEqual({ values, problems: [] });
    });
  }
});

describe("lines that are wrong are named, and the others are read", () => {
  const table: readonly (readonly [
    text: string,
    line: number,
    values: Readonly<Record<string, string>>,
  ])[] = [
    ["A=1\nthis is text\nB=2", 2, { A: "1", B: "2" }],
    ["=1\nB=2", 1, { B: "2" }],
    ["1A=1\nB=2", 1, { B: "2" }],
    ["A B=1\nB=2", 1, { B: "2" }],
    ['A="open\nB=2', 1, { B: "2" }],
    ["A='x' y\nB=2", 1, { B: "2" }],
  ];
  for (const [text, line, values] of table) {
    test(JSON.stringify(text), () => {
      const parsed = parse(text);
      expect(parsed.values).toEqual(values);
      expect(parsed.problems.map((problem) => [problem.code, problem.range?.start.line])).toEqual([
        ["P207", line],
      ]);
    });
  }
});

test("any value in single quotes comes back as it is", () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !/['\0\r]/.test(text)),
      (text) => {
        expect(parse(`A='${text}'`).values).toEqual({ A: text });
      },
    ),
  );
});

test("any text comes to an end", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom("A", "=", '"', "'", "#", " ", "\n", "$", "{", "}", "\\", ":"),
      }),
      (text) => {
        parse(text);
      },
    ),
  );
});
