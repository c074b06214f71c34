import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { preparePaths } from "../../src/host/folders.ts";
import { type ProjectPaths, projectPaths } from "../../src/paths.ts";

let folder = "";
let paths: ProjectPaths;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-folders-"));
  paths = projectPaths(folder, { PROCS_STATE_DIR: join(folder, "state") }, 0);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

function refusal(): string {
  try {
    preparePaths(paths);
  } catch (error) {
    if (error instanceof UserError) return `${error.diagnostics[0]?.code} ${error.message}`;
  }
  return "accepted";
}

test("makes all folders 0700, and again", () => {
  preparePaths(paths);
  preparePaths(paths);
  const made = [paths.runtime, paths.life, paths.state, paths.runs];
  expect(made.map(modeOf)).toEqual([0o700, 0o700, 0o700, 0o700]);
});

test("closes a folder that others may look into", () => {
  preparePaths(paths);
  chmodSync(paths.state, 0o755);
  preparePaths(paths);
  expect(modeOf(paths.state)).toBe(0o700);
});

test("refuses a link in the place of a folder", () => {
  mkdirSync(dirname(paths.runtime), { recursive: true });
  symlinkSync(tmpdir(), paths.runtime);
  expect(refusal()).toBe(`P604 ${paths.runtime} is not a folder, or is a link to one`);
});

test("refuses a file in the place of a folder", () => {
  mkdirSync(dirname(paths.state), { recursive: true });
  writeFileSync(paths.state, "");
  expect(refusal()).toMatch(/^P604 .* (?:is not a folder|cannot be made)/);
});

test.skipIf(process.getuid?.() !== 0)("refuses a folder of somebody else", async () => {
  mkdirSync(paths.runtime, { recursive: true });
  const { chownSync } = await import("node:fs");
  chownSync(paths.runtime, 65_534, 65_534);
  expect(refusal()).toBe(`P604 ${paths.runtime} belongs to user 65534, not to you`);
});
