import { expect, test } from "vitest";
import { hasTerminal } from "../../src/cli/attached-input.ts";

test("a process group has the terminal when the terminal's foreground group is its own", () => {
  expect(hasTerminal("4121 (node) S 4100 4121 4100 34816 4121 4194304 1")).toBe(true);
  expect(hasTerminal("4121 (node) S 4100 4121 4100 34816 4100 4194304 1")).toBe(false);
});

test("a program's name with brackets and spaces does not shift the fields", () => {
  expect(hasTerminal("4121 (a ) b (c) S 4100 4121 4100 34816 4121 4194304 1")).toBe(true);
});
