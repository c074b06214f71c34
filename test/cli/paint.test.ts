import { expect, test } from "vitest";
import { paintFor, wantsColor } from "../../src/cli/paint.ts";

const wants = (env: Record<string, string>, isTty = true, flag: "always" | "never" | null = null) =>
  wantsColor({ flag, env, isTty });

test("the flag is stronger than every variable", () => {
  expect(wants({ FORCE_COLOR: "1", CLICOLOR_FORCE: "1" }, true, "never")).toBe(false);
  expect(wants({ NO_COLOR: "1", FORCE_COLOR: "0" }, false, "always")).toBe(true);
});

test("FORCE_COLOR is stronger than NO_COLOR, and 0 means off", () => {
  expect(wants({ FORCE_COLOR: "1", NO_COLOR: "1" }, false)).toBe(true);
  expect(wants({ FORCE_COLOR: "0", CLICOLOR_FORCE: "1" })).toBe(false);
});

test("NO_COLOR counts when it is not empty, and is stronger than CLICOLOR_FORCE", () => {
  expect(wants({ NO_COLOR: "" })).toBe(true);
  expect(wants({ NO_COLOR: "1", CLICOLOR_FORCE: "1" })).toBe(false);
});

test("CLICOLOR_FORCE is stronger than CLICOLOR and the terminal", () => {
  expect(wants({ CLICOLOR_FORCE: "1", CLICOLOR: "0" }, false)).toBe(true);
  expect(wants({ CLICOLOR: "0" })).toBe(false);
});

test("at last the terminal decides", () => {
  expect(wants({}, true)).toBe(true);
  expect(wants({}, false)).toBe(false);
  expect(wants({ TERM: "dumb" }, true)).toBe(false);
});

test("without colour text is as it was", () => {
  expect(paintFor(false).red("x")).toBe("x");
  expect(paintFor(true).red("x")).toBe("\x1b[31mx\x1b[39m");
  expect(paintFor(true).red("")).toBe("");
});
