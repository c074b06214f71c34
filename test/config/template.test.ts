import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expand, type Reference, type Resolver } from "../../src/config/template.ts";

const VALUES: Readonly<Record<string, string>> = {
  A: "one",
  B: "two",
  EMPTY: "",
  D: "$A",
  _u1: "under",
};
const resolver: Resolver = {
  variable: (name) => VALUES[name],
  reference: (name): Reference =>
    name === "services.db.port"
      ? { kind: "value", text: "5432" }
      : { kind: "none", code: "P209", message: `no ${name}`, help: "" },
};

describe("a text without problems", () => {
  const table: readonly (readonly [text: string, result: string])[] = [
    ["", ""],
    ["plain", "plain"],
    ["$A", "one"],
    ["${A}", "one"],
    ["$A$B", "onetwo"],
    ["${A}${B}", "onetwo"],
    ["x${A}y", "xoney"],
    ["$A-$B.", "one-two."],
    ["$_u1", "under"],
    ["$$A", "$A"],
    ["$$$A", "$one"],
    ["$$$$", "$$"],
    ["$${A}", "${A}"],
    // A value is not read again.
    ["$D", "$A"],
    ["${EMPTY}", ""],
    ["${A:-x}", "one"],
    ["${NONE:-x}", "x"],
    ["${EMPTY:-x}", "x"],
    ["${EMPTY-x}", ""],
    ["${NONE-x}", "x"],
    ["${NONE:-}", ""],
    ["${NONE-}", ""],
    ["${NONE:-a b: c}", "a b: c"],
    ["${NONE:-/var/run.sock}", "/var/run.sock"],
    ["${A:+x}", "x"],
    ["${NONE:+x}", ""],
    ["${EMPTY:+x}", ""],
    ["${EMPTY+x}", "x"],
    ["${A+x}", "x"],
    ["${NONE+x}", ""],
    ["${A:?must}", "one"],
    ["${EMPTY?must}", ""],
    // Nested, and only what is used is looked at.
    ["${NONE:-$A}", "one"],
    ["${NONE:-${A}}", "one"],
    ["${NONE:-${NONE:-${B}}}", "two"],
    ["${NONE:-${A}-${B}}!", "one-two!"],
    ["${A:-${NONE}}", "one"],
    ["${A:+${B}}", "two"],
    ["${NONE:+${NONE}}", ""],
    ["${NONE:-$$A}", "$A"],
    // The leftmost operator wins.
    ["${NONE:-a:?b}", "a:?b"],
    ["${NONE-a:-b}", "a:-b"],
    ["${A?b:-c}", "one"],
    ["${NONE:-a?b}", "a?b"],
    ["${services.db.port}", "5432"],
    ["${services.web.port:-3000}", "3000"],
    ["${services.web.port:-${A}}", "one"],
    ["a}b", "a}b"],
    ["{A}", "{A}"],
  ];
  for (const [text, result] of table) {
    test(JSON.stringify(text), () => {
      expect(expand(text, resolver, "all")).toEqual({ text: result, problems: [] });
    });
  }
});

describe("a text with a problem", () => {
  const table: readonly (readonly [text: string, kind: string, expression: string])[] = [
    ["${NONE}", "unset", "${NONE}"],
    ["a $NONE b", "unset", "$NONE"],
    ["${NONE:-${OTHER}}", "unset", "${OTHER}"],
    ["${NONE:?say which}", "required", "${NONE:?say which}"],
    ["${EMPTY:?}", "required", "${EMPTY:?}"],
    ["${NONE?}", "required", "${NONE?}"],
    ["$", "malformed", "$"],
    ["5$ a", "malformed", "$ "],
    ["pa$5", "malformed", "$5"],
    ["${", "malformed", "${"],
    ["${A", "malformed", "${A"],
    ["${}", "malformed", "${}"],
    ["${ A }", "malformed", "${ A }"],
    ["${A B}", "malformed", "${A B}"],
    ["${1A}", "malformed", "${1A}"],
    ["${A:=x}", "malformed", "${A:=x}"],
    ["${A!}", "malformed", "${A!}"],
    ["${NONE:-${A}", "malformed", "${NONE:-${A}"],
    ["${services.web.port}", "reference", "${services.web.port}"],
    ["${services.db.host}", "reference", "${services.db.host}"],
    ["${procs.nothing}", "reference", "${procs.nothing}"],
  ];
  for (const [text, kind, expression] of table) {
    test(JSON.stringify(text), () => {
      const { problems } = expand(text, resolver, "all");
      expect(problems.map((problem) => [problem.kind, problem.expression])).toEqual([
        [kind, expression],
      ]);
    });
  }

  test("the message after ? is said, with its own variables replaced", () => {
    const [problem] = expand("${NONE:?not in $A}", resolver, "all").problems;
    expect(problem?.message).toBe("not in one");
  });
});

describe("a text of the shell", () => {
  const table: readonly (readonly [text: string, result: string])[] = [
    ["node x.js --port $PORT", "node x.js --port $PORT"],
    ["echo $$ ${A:-x} $(date) `id` \\$A", "echo $$ ${A:-x} $(date) `id` \\$A"],
    ["psql -p ${services.db.port} $DB", "psql -p 5432 $DB"],
    ["psql -p ${services.web.port:-$PG}", "psql -p $PG"],
    ["echo ${#A} ${A%x} ${A//a/b}", "echo ${#A} ${A%x} ${A//a/b}"],
  ];
  for (const [text, result] of table) {
    test(JSON.stringify(text), () => {
      expect(expand(text, resolver, "references")).toEqual({ text: result, problems: [] });
    });
  }
});

test("nesting and length are bounded", () => {
  const deep = `${"${A1:-".repeat(100_000)}x${"}".repeat(100_000)}`;
  expect(expand(deep, resolver, "all").problems[0]?.message).toContain("nested deeper");
  const long: Resolver = { ...resolver, variable: () => "x".repeat(10_000) };
  expect(expand("$A".repeat(10_000), long, "all").problems[0]?.code).toBe("P108");
});

test("a text without $ stays what it is, and any text comes to an end", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      if (!text.includes("$")) expect(expand(text, resolver, "all").text).toBe(text);
      expand(text, resolver, "all");
    }),
  );
});

test("doubling every $ gives the text back", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("$", "{", "}", "A", ":", "-", "?", " ", "b") }),
      (text) => {
        expect(expand(text.replaceAll("$", "$$$$"), resolver, "all")).toEqual({
          text,
          problems: [],
        });
      },
    ),
  );
});
