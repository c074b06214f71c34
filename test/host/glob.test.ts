import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isGlob, parseGlob, relativeMatcher } from "../../src/host/glob.ts";

describe("a pattern", () => {
  const table: readonly [pattern: string, matches: readonly string[], not: readonly string[]][] = [
    ["/a/*.ts", ["/a/x.ts", "/a/.ts"], ["/a/x.js", "/a/b/x.ts", "/b/x.ts"]],
    ["/a/**/*.ts", ["/a/x.ts", "/a/b/c/x.ts"], ["/a/x.tsx", "/x.ts"]],
    ["/a/**", ["/a/x", "/a/b/c"], ["/ab"]],
    ["/a/?.js", ["/a/x.js"], ["/a/xy.js", "/a//.js"]],
    ["/a/*.{ts,js}", ["/a/x.ts", "/a/x.js"], ["/a/x.css"]],
    ["/a/{b,c/{d,e}}/x", ["/a/b/x", "/a/c/d/x", "/a/c/e/x"], ["/a/c/x"]],
    ["/a/[a-c]x", ["/a/bx"], ["/a/dx", "/a/[a-c]x"]],
    ["/a/[!a-c]x", ["/a/dx"], ["/a/ax", "/a//x"]],
    ["/a/x+(y).$", ["/a/x+(y).$"], ["/a/xxy."]],
    ["/a/x**y", ["/a/xzy"], ["/a/x/y"]],
    ["/a/{x", ["/a/{x"], ["/a/x"]],
  ];
  for (const [pattern, matches, not] of table) {
    test(pattern, () => {
      const glob = parseGlob(pattern);
      expect(matches.filter((path) => !glob.matches(path))).toEqual([]);
      expect(not.filter(glob.matches)).toEqual([]);
    });
  }

  test("is watched from the folder above its first special character", () => {
    expect(parseGlob("/a/b/*.ts").base).toBe("/a/b");
    expect(parseGlob("/a/b*/c").base).toBe("/a");
    expect(parseGlob("/*").base).toBe("/");
  });

  test("without special characters is no glob", () => {
    expect(["/a/b.ts", "/a b/c+d"].filter(isGlob)).toEqual([]);
  });
});

describe("an ignore", () => {
  test("without a slash matches a name at any depth, and what is below it", () => {
    const isIgnored = relativeMatcher(["dist", "*.log"]);
    expect(["dist", "a/dist", "a/dist/b/c.js", "x.log", "a/b.log"].every(isIgnored)).toBe(true);
    expect(["distant", "a/b.logs"].some(isIgnored)).toBe(false);
  });

  test("with a slash is matched from the folder of the service", () => {
    const isIgnored = relativeMatcher(["./src/gen/", "**/*.test.ts"]);
    expect(["src/gen/a.ts", "a.test.ts", "a/b.test.ts"].every(isIgnored)).toBe(true);
    expect(["a/src/gen/b.ts", "a.ts"].some(isIgnored)).toBe(false);
  });
});

test("any text is a pattern: it never throws, and matches itself when it has nothing special", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const glob = parseGlob(`/${text}`);
      expect(isGlob(text) || /\\/.test(text) || glob.matches(`/${text}`)).toBe(true);
    }),
  );
});
