import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readShortcut, shortcutHelp, splitWords } from "../../src/cli/shortcuts.ts";

describe("a typed line", () => {
  test.each([
    ["", { kind: "gap" }],
    ["   ", { kind: "gap" }],
    ["h", { kind: "help" }],
    ["?", { kind: "help" }],
    ["procs", { kind: "help" }],
    ["d", { kind: "detach" }],
    ["q", { kind: "quit" }],
    ["l", { kind: "only", words: [] }],
    ["l api web", { kind: "only", words: ["api", "web"] }],
    ["l all", { kind: "only", words: [] }],
    ["/users 42", { kind: "grep", text: "users 42" }],
    ["/", { kind: "grep", text: "" }],
    ["p", { kind: "command", argv: ["ps"] }],
    ["r", { kind: "command", argv: ["restart"] }],
    ["r api", { kind: "command", argv: ["restart", "api"] }],
    ["R", { kind: "command", argv: ["reload"] }],
    ["scale api=3", { kind: "command", argv: ["scale", "api=3"] }],
    ["procs logs worker --previous", { kind: "command", argv: ["logs", "worker", "--previous"] }],
    [
      "run api -- sh -c 'echo a b'",
      { kind: "command", argv: ["run", "api", "--", "sh", "-c", "echo a b"] },
    ],
    ["d api", { kind: "command", argv: ["d", "api"] }],
    ["logs -g 'x", { kind: "unclear", message: "a quote is not closed" }],
  ])("%j", (line, expected) => {
    expect(readShortcut(line)).toEqual(expected);
  });

  test("every line means something, whatever is typed", () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        expect(readShortcut(line).kind).toBeTypeOf("string");
      }),
    );
  });
});

test("words that are quoted come back whole", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 })), (words) => {
      const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
      expect(splitWords(quoted)).toEqual(words);
    }),
  );
});

test("the help fits a terminal of 80 columns", () => {
  for (const line of shortcutHelp()) expect(line.length).toBeLessThanOrEqual(80);
});
