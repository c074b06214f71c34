import { describe, expect, test } from "vitest";
import { changeWords } from "../../src/cli/results-changes.ts";
import type { Change } from "../../src/core/plan-doc.ts";

const port: Change = {
  path: "env.PORT",
  from: "3000",
  to: "4000",
  redacted: false,
  class: "process",
  source: { file: "procs.yaml", line: 9 },
};

describe("what else a restart applied, in words", () => {
  test.each<[Partial<Change>, string]>([
    [{}, "env.PORT 3000 -> 4000 (procs.yaml:9)"],
    [{ from: null }, "env.PORT added: 4000 (procs.yaml:9)"],
    [{ to: null, source: null }, "env.PORT removed"],
    [
      { path: "env.KEY", from: null, to: null, redacted: true },
      "env.KEY changed (secret) (procs.yaml:9)",
    ],
  ])("%j", (change, words) => {
    expect(changeWords({ ...port, ...change })).toBe(words);
  });
});
