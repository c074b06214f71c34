import { expect, test } from "vitest";
import { digestOf } from "../../src/host/digest.ts";
import { listening } from "../rig/specs.ts";
import { specOf } from "./spec.ts";

const BASE = specOf(["node", "x.js"], { env: { A: "1", B: "2" }, inherited: { PATH: "/bin" } });

test("what a process was started with has one digest, however its keys are ordered", () => {
  expect(digestOf(BASE)).toMatch(/^[0-9a-f]{32}$/);
  const turned = Object.fromEntries(Object.entries(BASE).reverse());
  expect(digestOf({ ...BASE, ...turned, env: { B: "2", A: "1" } })).toBe(digestOf(BASE));
});

test("keys that came later change no digest of a service that does not name them: an upgrade restarts nothing", () => {
  const spec = specOf(["node", "x.js"], {
    env: { A: "1" },
    inherited: { PATH: "/bin" },
    port: 3000,
  });
  // What procs had for it before there was `listen`.
  expect(digestOf(spec)).toBe("39a25bb384d53f0e75e71155127d9442");
});

test("of its sockets what the program is given is in it", () => {
  const shared = { ...BASE, listen: listening() };
  const live = { start: "on-demand", idle_stop: 1, backlog: 5, drain: 1, sticky: true } as const;
  expect(digestOf({ ...BASE, listen: listening(3000, live) })).toBe(digestOf(shared));
  expect(digestOf({ ...BASE, listen: listening(3001) })).not.toBe(digestOf(shared));
  expect(digestOf(shared)).not.toBe(digestOf(BASE));
  const proxied = digestOf({ ...BASE, listen: listening(3000, { mode: "proxy" }) });
  expect(digestOf({ ...BASE, listen: listening(3001, { mode: "proxy" }) })).toBe(proxied);
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
