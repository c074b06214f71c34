import { expect, test } from "vitest";
import { digestOf } from "../../src/host/digest.ts";
import { specOf } from "./spec.ts";

const BASE = specOf(["node", "x.js"], { env: { A: "1", B: "2" }, inherited: { PATH: "/bin" } });

test("what a process was started with has one digest, however its keys are ordered", () => {
  expect(digestOf(BASE)).toMatch(/^[0-9a-f]{32}$/);
  const turned = Object.fromEntries(Object.entries(BASE).reverse());
  expect(digestOf({ ...BASE, ...turned, env: { B: "2", A: "1" } })).toBe(digestOf(BASE));
});

test("what the process cannot see is not in it: its name, probes, labels, where a variable comes from", () => {
  const same = [
    { ...BASE, name: "other", was: "api" },
    { ...BASE, labels: { a: "b" }, stop: { signal: "SIGINT", timeout: 1 } as const, instances: 4 },
    { ...BASE, env: { ...BASE.env, PATH: "/bin" }, inherited: {} },
  ];
  for (const spec of same) expect(digestOf(spec)).toBe(digestOf(BASE));
});

test("what the process can see is in it", () => {
  const others = [
    { ...BASE, command: ["node", "y.js"] },
    { ...BASE, env: { A: "1" } },
    { ...BASE, env: { A: "1", B: "3" } },
    { ...BASE, cwd: "/elsewhere" },
    { ...BASE, limits: { nofile: 64 } },
    { ...BASE, port: 3000 },
  ];
  const digests = new Set([BASE, ...others].map(digestOf));
  expect(digests.size).toBe(others.length + 1);
});
