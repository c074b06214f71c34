import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { Watches } from "../../src/host/watch.ts";
import { eventually } from "./rig.ts";
import { specOf } from "./spec.ts";

let folder = "";
let watches: Watches;
const changes: string[] = [];
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "procs-watch-")));
  changes.length = 0;
  watches = new Watches({
    changed: (service, path) => changes.push(`${service} ${path}`),
    warn: (message) => changes.push(`warning: ${message}`),
  });
});
afterEach(async () => {
  await watches.close();
  rmSync(folder, { recursive: true, force: true });
});

function watched(
  name: string,
  paths: readonly string[],
  ignore: readonly string[] = [],
): ServiceSpec {
  const absolute = paths.map((path) => (path.startsWith("/") ? path : join(folder, path)));
  const action = { kind: "restart" } as const;
  const watch = { paths: absolute, ignore, debounce: 100, action };
  return specOf(["true"], { name, cwd: folder, watch });
}

function write(path: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), String(performance.now()));
}

/** Writes until the change is seen, then says what else was seen. */
async function seen(path: string, service = "api"): Promise<readonly string[]> {
  write(path);
  await eventually(`${path} is seen`, () => changes.includes(`${service} ${path}`));
  return [...new Set(changes)];
}

test("changed, new and removed files are told by their path below the service's folder", async () => {
  write("src/a.js");
  watches.watch([watched("api", ["src"])]);
  await watches.ready();
  expect(changes).toEqual([]);
  await seen("src/a.js");
  await seen("src/deep/er/b.js");
  changes.length = 0;
  rmSync(join(folder, "src/a.js"));
  await eventually("removal", () => changes.includes("api src/a.js"));
});

test("what is ignored is not told: by the file, by habit, by editors", async () => {
  mkdirSync(join(folder, "src/node_modules/x"), { recursive: true });
  watches.watch([watched("api", ["src"], ["**/*.test.ts", "gen"])]);
  await watches.ready();
  for (const path of [
    "a.test.ts",
    "gen/x.ts",
    ".git/HEAD",
    "node_modules/x/y.js",
    ".a.ts.swp",
    "a.ts~",
    "4913",
  ]) {
    write(`src/${path}`);
  }
  expect(await seen("src/last.ts")).toEqual(["api src/last.ts"]);
});

test("node_modules is watched where it is named", async () => {
  mkdirSync(join(folder, "node_modules/mine"), { recursive: true });
  watches.watch([watched("api", ["node_modules/mine"])]);
  await watches.ready();
  await seen("node_modules/mine/index.js");
});

test("a glob tells of what matches only", async () => {
  mkdirSync(join(folder, "src/deep"), { recursive: true });
  watches.watch([watched("api", ["src/**/*.{ts,js}"])]);
  await watches.ready();
  write("src/deep/a.css");
  expect(await seen("src/deep/a.ts")).toEqual(["api src/deep/a.ts"]);
});

test("a single file, also when an editor replaces it by renaming", async () => {
  write("config.json");
  watches.watch([watched("api", ["config.json"])]);
  await watches.ready();
  await seen("config.json");
  for (let times = 0; times < 3; times++) {
    changes.length = 0;
    await eventually("replacement", async () => {
      write("config.json.new");
      renameSync(join(folder, "config.json.new"), join(folder, "config.json"));
      // chokidar tells of a file at most every 50 ms.
      await new Promise((resolve) => setTimeout(resolve, 60));
      return changes.length > 0;
    });
    expect([...new Set(changes)]).toEqual(["api config.json"]);
  }
});

test("a service that stays the same keeps its watcher while others come and go", async () => {
  mkdirSync(join(folder, "a"));
  mkdirSync(join(folder, "b"));
  watches.watch([watched("one", ["a"])]);
  await watches.ready();
  watches.watch([watched("one", ["a"]), watched("two", ["b"])]);
  // Not waited for: a change between two settings of the watches is not lost.
  await seen("a/x", "one");
  await watches.ready();
  await seen("b/x", "two");
  watches.watch([watched("two", ["b"])]);
  changes.length = 0;
  write("a/y");
  expect(await seen("b/y", "two")).toEqual(["two b/y"]);
});

test("setting new paths makes no event of its own", async () => {
  write("a/x");
  write("b/x");
  watches.watch([watched("api", ["a"])]);
  await watches.ready();
  watches.watch([watched("api", ["a", "b"])]);
  await watches.ready();
  expect(changes).toEqual([]);
  expect(await seen("b/x")).toEqual(["api b/x"]);
});

test("a folder that is removed and made again is watched again", async () => {
  write("src/a.js");
  watches.watch([watched("api", ["src"]), watched("web", ["src/**/*.js"])]);
  await watches.ready();
  for (let round = 0; round < 2; round++) {
    rmSync(join(folder, "src"), { recursive: true });
    await eventually("the removal", () => changes.includes("api src/a.js"));
    write("src/a.js");
    await eventually(
      "its return",
      () => changes.includes("api src") && changes.includes("web src"),
    );
    await seen("src/b.js");
    await seen("src/b.js", "web");
    changes.length = 0;
  }
});

test("a folder, or a file, that is not there yet is watched when it comes", async () => {
  watches.watch([watched("api", ["some/where/deep"]), watched("web", ["later.txt"])]);
  await watches.ready();
  write("some/other");
  write("some/where/deep/a.js");
  await eventually("the folder", () => changes.includes("api some/where/deep"));
  await seen("some/where/deep/b.js");
  write("later.txt");
  await eventually("the file", () => changes.includes("web later.txt"));
  changes.length = 0;
  write("new");
  renameSync(join(folder, "new"), join(folder, "later.txt"));
  await eventually("another file in its place", () => changes.includes("web later.txt"));
  await seen("later.txt", "web");
  expect(changes).not.toContain("web new");
});
