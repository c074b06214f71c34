import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigWatch } from "../../src/supervisor/config-watch.ts";
import { until } from "../rig/until.ts";

let folder: string;
let changes = 0;
let watch: ConfigWatch;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-watch-"));
  mkdirSync(join(folder, "sub"));
  for (const name of ["procs.yaml", ".env", "sub/more.yaml"])
    writeFileSync(join(folder, name), "1");
  changes = 0;
  watch = new ConfigWatch({
    quietMs: 20,
    onChange: () => {
      changes += 1;
    },
  });
});
afterEach(() => {
  watch.close();
  rmSync(folder, { recursive: true, force: true });
});

const files = (...names: readonly string[]) => names.map((name) => join(folder, name));
const write = (name: string) => writeFileSync(join(folder, name), "2");
const told = (count: number) => until(`${count} changes`, () => changes >= count);

test("writing, replacing, removing and making one of the files is a change", async () => {
  watch.watch(files("procs.yaml", ".env", "sub/more.yaml", "later.env"));
  write("procs.yaml");
  await told(1);
  write("new");
  renameSync(join(folder, "new"), join(folder, "procs.yaml"));
  await told(2);
  write("sub/more.yaml");
  await told(3);
  rmSync(join(folder, ".env"));
  await told(4);
  write("later.env");
  await told(5);
});

test("other files, and files that are no longer watched, are none", async () => {
  watch.watch(files("procs.yaml"));
  watch.watch(files(".env"));
  write("procs.yaml");
  write("other");
  write("sub/more.yaml");
  write(".env");
  await told(1);
  expect(changes).toBe(1);
});

test("many writes at once are one change", async () => {
  watch.watch(files("procs.yaml"));
  for (let count = 0; count < 50; count++) write("procs.yaml");
  await told(1);
  expect(changes).toBe(1);
});

test("a folder that is not there is waited for by nobody", () => {
  expect(() => watch.watch(["/nowhere/at/all/.env"])).not.toThrow();
});
