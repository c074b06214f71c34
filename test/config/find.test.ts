import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findProjectFile, noFileProblem } from "../../src/config/find.ts";
import { folderWith } from "./folder.ts";

test("the nearest procs.yaml or procs.yml, here or above", () => {
  const folder = folderWith({ "procs.yaml": "", "a/procs.yml": "", "a/b/x": "", "c/d/x": "" });
  expect(findProjectFile(join(folder, "a/b"), {})).toBe(join(folder, "a/procs.yml"));
  expect(findProjectFile(join(folder, "c/d"), {})).toBe(join(folder, "procs.yaml"));
  expect(findProjectFile(folder, {})).toBe(join(folder, "procs.yaml"));
});

test("a folder of that name is not a file", () => {
  const folder = folderWith({ "procs.yml": "" });
  mkdirSync(join(folder, "procs.yaml"));
  expect(findProjectFile(folder, {})).toBe(join(folder, "procs.yml"));
});

test("PROCS_FILE names another one, relative to the working folder", () => {
  const folder = folderWith({ "procs.yaml": "" });
  expect(findProjectFile(folder, { PROCS_FILE: "ci/procs.ci.yaml" })).toBe(
    join(folder, "ci/procs.ci.yaml"),
  );
  expect(findProjectFile(folder, { PROCS_FILE: "" })).toBe(join(folder, "procs.yaml"));
});

test("without a file: the scripts of package.json that keep running", () => {
  const scripts = { "dev:api": "x", "dev:web": "y", build: "z", test: "t", predev: "p" };
  const folder = folderWith({ "package.json": JSON.stringify({ scripts }) });
  expect(findProjectFile(folder, {})).toBe(null);
  const problem = noFileProblem(folder);
  expect(problem.code).toBe("P100");
  expect(problem.message).toBe(
    "no procs.yaml here or above. Found package.json with dev:api, dev:web",
  );
  expect(problem.help).toEqual([
    "write procs.yaml:\nservices:\n  dev-api:\n    command: npm run dev:api\n  dev-web:\n    command: npm run dev:web",
  ]);
});

test("without a file: the lines of a Procfile", () => {
  const folder = folderWith({
    Procfile: "# app\nweb: bin/rails server -p $PORT\nworker: bin/jobs\n",
  });
  expect(noFileProblem(folder).message).toBe(
    "no procs.yaml here or above. Found Procfile with web, worker",
  );
  expect(noFileProblem(folder).help?.[0]).toContain(
    "  web:\n    command: bin/rails server -p $PORT",
  );
});

test("without anything: how a first one looks", () => {
  expect(noFileProblem(folderWith({ "package.json": "{ broken" })).message).toBe(
    "no procs.yaml here or above",
  );
});
