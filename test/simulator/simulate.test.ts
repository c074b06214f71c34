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

test("in 100 worlds whose supervisors die, no more is lost than their records", () => {
  const outcomes = SEEDS.slice(0, 100).map((seed) => simulate(seed, true));
  const failed = outcomes.filter(({ violation }) => violation !== null);
  const [first] = failed;
  if (first !== undefined) {
    expect.fail(`${failed.length} worlds failed\n${reportOf(first, "--deaths ")}`);
  }
  const log = outcomes.flatMap((outcome) => outcome.log).join("\n");
  for (const word of [
    "dies",
    "finds all",
    "finds nothing",
    "written before",
    "unstarted",
    "resent",
  ])
    expect(log).toContain(word);
});

test("in 100 worlds with sockets, half of them with deaths, nobody is refused by a mistake", () => {
  const worlds = SEEDS.slice(0, 50).flatMap((seed) =>
    [false, true].map((dies) => [seed, dies] as const),
  );
  const outcomes = worlds.map(([seed, dies]) => ({ dies, ...simulate(seed, dies, true) }));
  const failed = outcomes.filter(({ violation }) => violation !== null);
  const [first] = failed;
  if (first !== undefined) {
    expect.fail(
      `${failed.length} worlds failed\n${reportOf(first, first.dies ? "--sockets --deaths " : "--sockets ")}`,
    );
  }
  const log = outcomes.flatMap((outcome) => outcome.log).join("\n");
  for (const word of [
    "bind ",
    "unbind ",
    "unbindable",
    "woken",
    "traffic",
    "demand rest",
    "demand fail",
  ])
    expect(log).toContain(word);
});

test("the same seed gives the same log, byte for byte", () => {
  for (const seed of SEEDS.slice(0, 10)) {
    const log = simulate(seed).log.join("\n");
    expect(simulate(seed).log.join("\n")).toBe(log);
    expect(simulate(seed, true, true).log).toEqual(simulate(seed, true, true).log);
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
