import { join } from "node:path";
import { expect, test } from "vitest";
import { builtPackage } from "../rig/built.ts";
import { fuzzControl } from "./control.ts";

test("made-up requests never end or stall a supervisor, and it still does what it is told", async () => {
  const entry = join(builtPackage(), "dist", "supervisor", "main.js");
  // The limit of the full run is a second; here other tests may have the machine.
  const run = await fuzzControl({ entry, from: 1, count: 400, limitMs: 5_000 });
  expect(run.findings).toEqual([]);
  expect(run.left).toEqual([]);
  expect(run.answers.get("200")).toBeGreaterThan(80);
  expect(run.answers.get("400")).toBeGreaterThan(80);
}, 120_000);
