import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cut, displayWidth, pad, stripStyle, wrap } from "../../src/cli/width.ts";

describe("the width of text", () => {
  test.each([
    ["", 0],
    ["api", 3],
    ["日本", 4],
    ["한국어", 6],
    ["e\u0301", 1],
    ["👍🏽", 2],
    ["👩‍👩‍👧‍👦", 2],
    ["\x1b[31mred\x1b[39m", 3],
    ["│ ✓", 3],
    ["❤️", 2],
    ["\u200b", 0],
  ])("of %j is %i", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test("padding reaches exactly the width, left or right", () => {
    expect(pad("日", 4)).toBe("日  ");
    expect(pad("7", 3, "right")).toBe("  7");
    expect(pad("longer", 3)).toBe("longer");
  });

  test("cutting never goes beyond the width and never splits a character", () => {
    expect(cut("日本語", 4)).toBe("日…");
    expect(cut("abc", 3)).toBe("abc");
    expect(cut("abcd", 3, "...")).toBe("...");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 0, max: 20 }), (text, n) => {
        expect(displayWidth(cut(text, n))).toBeLessThanOrEqual(n);
      }),
    );
  });

  test("wrapping keeps every word, and lines fit unless one word does not", () => {
    const word = fc.stringMatching(/^[a-z]{1,9}$/);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1 }),
        fc.integer({ min: 14, max: 60 }),
        (words, n) => {
          const lines = wrap(words.join(" "), n, "    ");
          expect(lines.join(" ").split(/ +/)).toEqual(words);
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(n);
        },
      ),
    );
  });

  test("styles are stripped, text stays", () => {
    expect(stripStyle("\x1b[1m\x1b[31ma\x1b[39m\x1b[22mb")).toBe("ab");
  });
});
