import fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance, suggest } from "../../src/cli/suggest.ts";

test.each([
  ["relaod", "reload"],
  ["pland", "plan"],
  ["p", null],
  ["restrat", "restart"],
  ["xyzzy", null],
  ["0", null],
])("%s suggests %s", (word, expected) => {
  expect(suggest(word, ["l", "reload", "plan", "restart", "status"])).toBe(expected);
});

test("a swap of neighbours is one slip", () => {
  expect(editDistance("ab", "ba")).toBe(1);
});

test("distance is none only for the same word, and the same both ways", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
    }),
  );
});
