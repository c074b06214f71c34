import { expect, test } from "vitest";
import { githubLine } from "../../src/cli/github.ts";

test("a diagnostic becomes an annotation, with its separators escaped", () => {
  const line = githubLine({
    code: "P103",
    severity: "error",
    message: "100% wrong\nkey",
    file: "a,b:c.yaml",
    range: { start: { line: 4, column: 5 }, end: { line: 4, column: 14 } },
    help: ["a key with a similar name exists: instances"],
  });
  expect(line).toBe(
    "::error file=a%2Cb%3Ac.yaml,line=4,col=5,endLine=4,endColumn=14,title=P103::" +
      "100%25 wrong%0Akey%0Ahelp: a key with a similar name exists: instances",
  );
});

test("one without a place still has its code", () => {
  const line = githubLine({ code: "P110", severity: "warning", message: "no file" });
  expect(line).toBe("::warning title=P110::no file");
});
