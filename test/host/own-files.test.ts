import { execFileSync } from "node:child_process";
import {
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { preparePaths } from "../../src/host/folders.ts";
import { appendOwn, openOwn, tidyFiles, writeOwn } from "../../src/host/own-files.ts";
import { type ProjectPaths, projectPaths } from "../../src/paths.ts";

let folder = "";
let paths: ProjectPaths;
let said: string[] = [];
const say = (message: string) => void said.push(message);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-own-"));
  paths = projectPaths(folder, { PROCS_STATE_DIR: join(folder, "state") }, 0);
  preparePaths(paths);
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = () => [
  paths.lock,
  paths.address,
  paths.events,
  `${paths.events}.1`,
  paths.stateFile,
  `${paths.stateFile}.1`,
  paths.supervisorLog,
];

const asideOf = (path: string): string | undefined =>
  readdirSync(dirname(path)).find((name) => name.startsWith(`${basename(path)}.aside.`));

test("a link is never written through: it is put aside, and what it leads to is as it was", () => {
  const foreign = join(folder, "precious");
  writeFileSync(foreign, "mine");
  for (const path of files()) symlinkSync(foreign, path);
  tidyFiles(paths, say);
  for (const path of files()) expect(asideOf(path)).toBeDefined();
  expect(readFileSync(foreign, "utf8")).toBe("mine");
  expect(said).toHaveLength(files().length);
  expect(said[0]).toBe(
    `${paths.lock} was not a file of procs: it is ${asideOf(paths.lock)} now, and is not used`,
  );
});

test.each([
  ["a folder", (path: string) => mkdirSync(path)],
  [
    "a folder with something in it",
    (path: string) => mkdirSync(join(path, "x"), { recursive: true }),
  ],
  ["a fifo", (path: string) => execFileSync("mkfifo", [path])],
  ["a link to nowhere", (path: string) => symlinkSync("/nowhere/at/all", path)],
])("%s in the place of each file is put aside", (_name, put) => {
  for (const path of files()) put(path);
  tidyFiles(paths, say);
  for (const path of files()) expect(asideOf(path)).toBeDefined();
  for (const path of files()) expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test("what is no socket in the place of the socket is put aside", () => {
  writeFileSync(paths.socket, "");
  tidyFiles(paths, say);
  expect(asideOf(paths.socket)).toBeDefined();
});

test("what is no folder among the folders of the runs is put aside, once", () => {
  const foreign = join(folder, "foreign");
  mkdirSync(foreign);
  symlinkSync(foreign, join(paths.runs, "web.1"));
  tidyFiles(paths, say);
  expect(asideOf(join(paths.runs, "web.1"))).toBeDefined();
  mkdirSync(join(paths.runs, "api.1"));
  const log = join(paths.runs, "api.1", "1.out");
  symlinkSync(join(folder, "precious"), log);
  tidyFiles(paths, say);
  tidyFiles(paths, say);
  expect(asideOf(log)).toBeDefined();
  expect(said).toHaveLength(2);
});

test("a file that others may read, or that we may not, is 0600 again, and keeps what it holds", () => {
  writeFileSync(paths.events, "a");
  chmodSync(paths.events, 0o644);
  writeFileSync(paths.stateFile, "b");
  chmodSync(paths.stateFile, 0o000);
  tidyFiles(paths, say);
  expect([paths.events, paths.stateFile].map((path) => statSync(path).mode & 0o777)).toEqual([
    0o600, 0o600,
  ]);
  expect(readFileSync(paths.stateFile, "utf8")).toBe("b");
  expect(said).toEqual([
    `${paths.events} was open to others, or closed to us: it is 0600 again`,
    `${paths.stateFile} was open to others, or closed to us: it is 0600 again`,
  ]);
});

test("with everything in order nothing is said and nothing is done", () => {
  for (const path of files()) writeFileSync(path, "x", { mode: 0o600 });
  const before = readdirSync(paths.state);
  tidyFiles(paths, say);
  expect(said).toEqual([]);
  expect(readdirSync(paths.state)).toEqual(before);
});

test("opening follows no link, waits for no fifo, and takes no folder", () => {
  const path = join(folder, "file");
  appendOwn(path, "a");
  appendOwn(path, "b");
  expect(readFileSync(path, "utf8")).toBe("ab");
  writeOwn(path, "c");
  expect(readFileSync(path, "utf8")).toBe("c");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const link = join(folder, "link");
  symlinkSync(path, link);
  expect(() => appendOwn(link, "x")).toThrow("ELOOP");
  expect(() => writeOwn(link, "x")).toThrow("ELOOP");
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  expect(() => appendOwn(fifo, "x")).toThrow("ENXIO");
  expect(() => openOwn(fifo, constants.O_RDONLY)).toThrow("is not a file");
  expect(() => appendOwn(folder, "x")).toThrow("EISDIR");
  expect(readFileSync(path, "utf8")).toBe("c");
});
