import { expect, test } from "vitest";
import { reportOf } from "./report.ts";
import { simulate } from "./simulate.ts";

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);

test("in 200 worlds nothing bad ever happens, and everything good does in the end", () => {
  const failed = SEEDS.map((seed) => simulate(seed)).filter(({ violation }) => violation !== null);
  const [first] = failed;
  if (first !== undefined) {
    expect.fail(`${failed.length} of ${SEEDS.length} worlds failed\n${reportOf(first)}`);
  }
});

test("the same seed gives the same log, byte for byte", () => {
  for (const seed of SEEDS.slice(0, 10)) {
    const log = simulate(seed).log.join("\n");
    expect(simulate(seed).log.join("\n")).toBe(log);
  }
});

test("worlds are not all alike", () => {
  const logs = SEEDS.slice(0, 20).map((seed) => simulate(seed).log);
  expect(new Set(logs.map((log) => log.join("\n"))).size).toBe(logs.length);
  const all = logs.flat().join("\n");
  for (const word of ["start ", "stop ", "kill ", "frozen", "rollout complete", "not ok", "down"]) {
    expect(all).toContain(word);
  }
});
