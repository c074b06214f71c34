import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runsSoFar } from "../../src/supervisor/runs.ts";

test("runs are numbered on from the files that are there", () => {
  const runs = mkdtempSync(join(tmpdir(), "procs-runs-"));
  const files = {
    "api.1": ["2.out", "10.err", "x.tmp"],
    "api.2": ["1.ledger"],
    "my-job.1": [],
    stray: ["9.out"],
  };
  for (const [folder, names] of Object.entries(files)) {
    mkdirSync(join(runs, folder));
    for (const name of names) writeFileSync(join(runs, folder, name), "");
  }
  expect(runsSoFar(runs)).toEqual([
    { kind: "runs", service: "api", slot: 1, next: 11 },
    { kind: "runs", service: "api", slot: 2, next: 2 },
  ]);
  rmSync(runs, { recursive: true });
  expect(runsSoFar(runs)).toEqual([]);
});
