import { expect, test } from "vitest";
import { folderWith, load, projectIn, said } from "./folder.ts";

const SERVICE = "services: { a: { command: x } }";

test("a file that says nothing of logs caps them for the project, and not by age", () => {
  const { log } = projectIn(folderWith({ "procs.yaml": SERVICE }));
  expect(log).toEqual({ max_total: 1_000_000_000, max_age: null });
});

test("the file that includes another says how much the logs may take together", () => {
  const folder = folderWith({
    "procs.yaml": `include: b.yaml\nlog: { max_total: 2MB }\n${SERVICE}`,
    "b.yaml": "log: { max_total: 1MB, max_age: 1d12h }",
  });
  expect(projectIn(folder).log).toEqual({ max_total: 2_000_000, max_age: 36 * 3_600_000 });
});

test("what defaults say of logs is laid under what a service says, key by key", () => {
  const folder = folderWith({
    "procs.yaml":
      "defaults: { log: { keep: 2, compress: false } }\nservices: { a: { command: x, log: { keep: 3 } } }",
  });
  expect(projectIn(folder).services[0]?.log).toMatchObject({ keep: 3, compress: false });
});

test("days are a unit of ages only", () => {
  const yaml = "services: { a: { command: x, stop: { timeout: 1d } } }";
  expect(said(load(folderWith({ "procs.yaml": yaml })))).toMatch(/duration such as 300ms/);
});
