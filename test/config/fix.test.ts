import { expect, test } from "vitest";
import { fixTabs } from "../../src/config/fix.ts";
import { serviceOf } from "./folder.ts";

test("tabs become spaces, and the file means what it looked like", () => {
  const mixed = "services:\n  api:\n\tcommand: node api.js\n\tenv:\n\t  A: 1\t2\n";
  const fixed = fixTabs(mixed);
  expect(fixed).toBe("services:\n  api:\n    command: node api.js\n    env:\n      A: 1\t2\n");
  expect(serviceOf(fixed ?? "").env).toEqual({ A: "1\t2" });
});

test("a file of tabs alone, and one in which a tab is two spaces", () => {
  expect(serviceOf(fixTabs("services:\n\tapi:\n\t\tcommand: x\n") ?? "").command).toBe("x");
  expect(serviceOf(fixTabs("services:\n  api:\n    command: x\n \t  cwd: y\n") ?? "").command).toBe(
    "x",
  );
});

test("what is wrong in another way is left alone", () => {
  expect(fixTabs("services:\n\tapi: [\n")).toBe(null);
});
