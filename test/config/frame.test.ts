import { expect, test } from "vitest";
import { renderDiagnostic } from "../../src/config/diagnostic.ts";
import { problemAt } from "../../src/config/problems.ts";
import { createSource } from "../../src/config/source.ts";
import type { Diagnostic } from "../../src/errors.ts";

const PLAIN = { color: false, ascii: false, columns: 80 };

function pointAt(text: string, words: string, label?: string): Diagnostic {
  const file = createSource("/p/procs.yaml", "procs.yaml", "/p", text);
  const start = text.indexOf(words);
  return problemAt(
    { file, start, end: start + words.length },
    { code: "P104", message: "wrong", label },
  );
}

test("the caret stands under the words, also after wide and combining characters", () => {
  expect(renderDiagnostic(pointAt("a: 日本語 here", "here"), PLAIN)).toBe(
    "error[P104]: wrong\n  --> procs.yaml:1:8\n  1 │ a: 日本語 here\n    │           ^^^^\n",
  );
  expect(renderDiagnostic(pointAt("a: e\u0301 here", "here", "x"), PLAIN)).toContain(
    "    │      ^^^^ x\n",
  );
});

test("without characters beyond ASCII", () => {
  expect(renderDiagnostic(pointAt("\ta: b", "b"), { ...PLAIN, ascii: true })).toBe(
    "error[P104]: wrong\n  --> procs.yaml:1:5\n  1 | >   a: b\n    |        ^\n",
  );
});

test("color is only around what it colors", () => {
  const text = renderDiagnostic(pointAt("a: b", "b"), { ...PLAIN, color: true });
  expect(text).toContain("\x1b[1;31merror[P104]\x1b[0m");
  expect(text.replace(/\x1b\[[\d;]*m/g, "")).toBe(renderDiagnostic(pointAt("a: b", "b"), PLAIN));
});

test("a long line is cut around the caret, and fits the terminal", () => {
  const long = `a: ${"x".repeat(500)} HERE ${"y".repeat(500)}`;
  const text = renderDiagnostic(pointAt(long, "HERE"), PLAIN);
  const [, , line = "", mark = ""] = text.split("\n");
  expect(line.length).toBeLessThanOrEqual(80);
  expect(line.slice(mark.indexOf("^"), mark.indexOf("^") + 4)).toBe("HERE");
});

test("control characters of the file never reach the terminal", () => {
  const text = renderDiagnostic(pointAt("a: \x1b[2Jb\u202e", "b", "\x1b]0;x\x07"), PLAIN);
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e]/);
});

test("long messages and help are wrapped below themselves", () => {
  const words = Array.from({ length: 30 }, () => "word").join(" ");
  const text = renderDiagnostic(
    { code: "P602", severity: "error", message: words, help: [words], notes: ["n"] },
    PLAIN,
  );
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toContain("\n             word");
  expect(text).toContain("\n        word");
});

test("without a place there is no frame; a warning says so", () => {
  expect(
    renderDiagnostic(
      {
        code: "P100",
        severity: "warning",
        message: "m",
        file: "f",
        notes: ["n"],
        help: ["a", "b\nc"],
      },
      PLAIN,
    ),
  ).toBe("warning[P100]: m\n  --> f\n  note: n\n  help: a\n  help: b\n        c\n");
});
