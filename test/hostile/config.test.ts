import { expect, test } from "vitest";
import { fuzzConfig } from "./config.ts";
import { configCase } from "./config-cases.ts";

test("made-up files give a project or words about what is wrong, soon, and never an exception", () => {
  const run = fuzzConfig(1, 600);
  expect(run.findings).toEqual([]);
  // Files that are all refused for the same reason would try nothing.
  expect(run.loaded).toBeGreaterThan(30);
  expect(run.refused).toBeGreaterThan(300);
});

test("the same seed gives the same files", () => {
  expect(configCase(7)).toEqual(configCase(7));
  expect(configCase(7)).not.toEqual(configCase(8));
});
