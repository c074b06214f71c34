import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keepColours, stripControls } from "../../src/logs/clean.ts";

describe("what a terminal would act on is removed, colours stay", () => {
  test.each([
    ["full reset, as tsc --watch prints it", "\x1bcStarting", "Starting"],
    ["clear screen and home", "\x1b[2J\x1b[3J\x1b[Hbuild", "build"],
    ["cursor movement", "a\x1b[1Ab\x1b[10;2Hc\x1b[Kd", "abcd"],
    ["save and restore the cursor", "\x1b7a\x1b8", "a"],
    ["alternate screen and hidden cursor", "\x1b[?1049h\x1b[?25lx\x1b[?1049l", "x"],
    ["title, ended by BEL and by ST", "\x1b]0;my title\x07a\x1b]2;t\x1b\\b", "ab"],
    ["a link keeps its text", "\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", "text"],
    ["device control strings", "\x1bPq#0\x1b\\x", "x"],
    ["8-bit sequences", "\x9b2Jx\x9d0;t\x9cy", "xy"],
    ["character sets", "\x1b(Bx", "x"],
    ["bell, backspace, NUL", "a\x07b\x08c\x00d\x7f", "abcd"],
    ["a torn sequence at the end", "abc\x1b[3", "abc"],
    ["a title without an end", "abc\x1b]0;title", "abc"],
    ["a progress bar shows its last state", "10%\r50%\r100%\r", "100%"],
    ["tabs stay", "a\tb", "a\tb"],
    ["plain text is the same", "grün 😀 text", "grün 😀 text"],
  ])("%s", (_, text, expected) => {
    expect(keepColours(text)).toBe(expected);
    expect(stripControls(text)).toBe(expected);
  });

  test("colours are kept, and do not reach into the next line", () => {
    expect(keepColours("\x1b[31mred\x1b[0m text")).toBe("\x1b[31mred\x1b[0m text");
    expect(keepColours("\x1b[1;38;5;9mred")).toBe("\x1b[1;38;5;9mred\x1b[0m");
    expect(keepColours("\x1b[2J\x1b[32mok\x1b[39m")).toBe("\x1b[32mok\x1b[39m\x1b[0m");
    expect(stripControls("\x1b[31mred\x1b[0m text")).toBe("red text");
  });

  test("nothing that comes out can move a cursor, whatever went in", () => {
    const piece = fc.constantFrom(
      "\x1b",
      "[",
      "]",
      "2J",
      "m",
      "31m",
      "\x07",
      "\\",
      "\x9b",
      "\x9d",
      "P",
      "x",
      "\r",
      ";",
      "?",
      "é",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        expect(stripControls(text)).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
        const coloured = keepColours(text);
        expect(coloured.replace(/\x1b\[[\d;:]*m/g, "")).not.toMatch(
          /[\x00-\x08\x0a-\x1f\x7f-\x9f]/,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test("a megabyte of unfinished titles takes no time", () => {
    const start = performance.now();
    stripControls("\x1b]0;x".repeat(200_000));
    stripControls(`\x1b[${"1;".repeat(500_000)}`);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
