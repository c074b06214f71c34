import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepKey, keptKey } from "../../src/host/kept-key.ts";
import { projectPaths } from "../../src/paths.ts";
import { CAN_MOUNT, mountTmpfs } from "../rig/tmpfs.ts";

const key = "a1".repeat(32);
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "procs-key-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const pathsIn = (folder: string) => projectPaths("/shop", { PROCS_STATE_DIR: folder }, 0);

test.runIf(CAN_MOUNT)("in memory the key outlives everybody who knew it", () => {
  using _tmpfs = mountTmpfs(join(root, "memory"), "size=1m");
  const paths = pathsIn(join(root, "memory"));
  mkdirSync(paths.runtime, { recursive: true });
  expect(keptKey(paths)).toBeNull();
  keepKey(paths, "b2".repeat(32));
  keepKey(paths, key);
  expect(keptKey(paths)).toBe(key);
  expect(statSync(join(paths.runtime, "key")).mode & 0o777).toBe(0o600);
  // Nothing is written through a link that stands there.
  rmSync(join(paths.runtime, "key"));
  symlinkSync(join(root, "elsewhere"), join(paths.runtime, "key"));
  keepKey(paths, key);
  expect(existsSync(join(root, "elsewhere"))).toBe(false);
});

test("what is no key is none", () => {
  const paths = pathsIn(root);
  mkdirSync(paths.runtime, { recursive: true });
  for (const text of ["", "no key", key.slice(1), `${key}${key}`]) {
    writeFileSync(join(paths.runtime, "key"), text);
    expect(keptKey(paths)).toBeNull();
  }
  writeFileSync(join(paths.runtime, "key"), `${key}\n`);
  expect(keptKey(paths)).toBe(key);
});
