import { spawnSync } from "node:child_process";
import { openSync } from "node:fs";
import { expect, test } from "vitest";
import { spawnWords } from "../../src/host/spawn-words.ts";

test("what the system says by a code is said in words", () => {
  const tooLong = spawnSync("true", ["x".repeat(200_000)]).error;
  expect(spawnWords(tooLong)).toMatch(/^its command and its environment are longer .*\(E2BIG\)/);
  expect(spawnWords(new Error("spawn mkfifo EMFILE"))).toContain(
    "may not open more files (EMFILE)",
  );
  expect(spawnWords(new Error("spawn /bin/sh EAGAIN"))).toContain(
    "no more processes may be started (EAGAIN)",
  );
});

test("other errors keep their own words", () => {
  let missing: unknown;
  try {
    openSync("/no/such/file", "r");
  } catch (error) {
    missing = error;
  }
  expect(spawnWords(missing)).toBe("ENOENT: no such file or directory, open '/no/such/file'");
  expect(spawnWords(new Error('"vite" is not a program'))).toBe('"vite" is not a program');
  expect(spawnWords("odd")).toBe("odd");
});
