import { expect, test } from "vitest";
import { fixTabs } from "../../src/cli/fix-tabs.ts";

test("tabs that indent become two spaces, others stay", () => {
  expect(fixTabs("services:\n\tapi:\n\t  command: a\tb\r\n  \t  x: 1\n")).toEqual({
    text: "services:\n  api:\n    command: a\tb\r\n      x: 1\n",
    lines: 3,
  });
  expect(fixTabs("a: 1\n")).toEqual({ text: "a: 1\n", lines: 0 });
});
