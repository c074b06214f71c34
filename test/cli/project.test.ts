import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { globalsFromWreck } from "../../src/cli/globals.ts";
import { findPlace } from "../../src/cli/project.ts";

const globals = globalsFromWreck([]);
let root = "";

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "procs-place-")));
  mkdirSync(join(root, "shop/api/src"), { recursive: true });
  writeFileSync(join(root, "shop/procs.yaml"), "services: {}\n");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("the project", () => {
  test("is the nearest procs.yaml here or above", () => {
    const shop = join(root, "shop");
    const place = { files: [join(shop, "procs.yaml")], folder: shop };
    expect(findPlace(globals, {}, shop)).toEqual(place);
    expect(findPlace(globals, {}, join(shop, "api/src"))).toEqual(place);
    writeFileSync(join(shop, "api/procs.yml"), "services: {}\n");
    expect(findPlace(globals, {}, join(shop, "api/src")).folder).toBe(join(shop, "api"));
  });

  test("is what -f names, before PROCS_FILE, before what is here", () => {
    writeFileSync(join(root, "a.yaml"), "");
    writeFileSync(join(root, "b.yaml"), "");
    const shop = join(root, "shop");
    const named = { ...globals, files: ["../a.yaml", "../b.yaml"] };
    const env = { PROCS_FILE: join(root, "b.yaml") };
    expect(findPlace(named, env, shop)).toEqual({
      files: [join(root, "a.yaml"), join(root, "b.yaml")],
      folder: root,
    });
    expect(findPlace(globals, env, shop).files).toEqual([join(root, "b.yaml")]);
  });

  test("is the same one through a link to its folder", () => {
    symlinkSync(join(root, "shop"), join(root, "link"));
    expect(findPlace(globals, {}, join(root, "link")).folder).toBe(join(root, "shop"));
  });

  test("that is not there is said, exit 3", () => {
    expect(() => findPlace(globals, {}, root)).toThrow("no procs.yaml here or above");
    const named = { ...globals, files: ["nope.yaml"] };
    expect(() => findPlace(named, {}, root)).toThrow(`there is no file ${join(root, "nope.yaml")}`);
  });
});
