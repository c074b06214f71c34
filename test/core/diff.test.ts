import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffSpecs, livePaths, sameProcess, sameSpec } from "../../src/core/diff.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { service } from "../rig/specs.ts";

function texts(from: Partial<ServiceSpec>, to: Partial<ServiceSpec>): string[] {
  const changes = diffSpecs(service("api", from), service("api", to));
  return changes.map((change) => {
    const values = `${JSON.stringify(change.from)} -> ${JSON.stringify(change.to)}`;
    return `${change.path} ${values} (${change.class})`;
  });
}

const http = { kind: "http", url: "/health" } as const;
const probe = { check: http, interval: 1000, timeout: 60_000, failures: 3 };

describe("paths are what the user typed", () => {
  test("variables one by one, in order of their names", () => {
    expect(texts({ env: { Z: "1", B: "1", A: "1" } }, { env: { Z: "2", A: "1", C: "1" } })).toEqual(
      ['env.B "1" -> null (process)', 'env.C null -> "1" (process)', 'env.Z "1" -> "2" (process)'],
    );
  });

  test("parts of settings", () => {
    const from = service("api");
    const to = { restart: { ...from.restart, max: 5 }, stop: { ...from.stop, timeout: 5000 } };
    expect(texts({}, to)).toEqual([
      "restart.max 10 -> 5 (live)",
      "stop.timeout 10000 -> 5000 (live)",
    ]);
  });

  test("a probe: its argument, its numbers, another kind, none", () => {
    const at = (url: string) => ({ ...probe, check: { kind: "http", url } as const });
    expect(texts({ ready: probe }, { ready: { ...at("/up"), interval: 500 } })).toEqual([
      'ready.http {"kind":"http","url":"/health"} -> {"kind":"http","url":"/up"} (live)',
      "ready.interval 1000 -> 500 (live)",
    ]);
    expect(texts({ ready: probe }, { ready: { ...probe, check: { kind: "notify" } } })).toEqual([
      'ready {"kind":"http","url":"/health"} -> {"kind":"notify"} (live)',
    ]);
    expect(texts({ alive: probe }, { alive: null })).toEqual([
      `alive ${JSON.stringify(probe)} -> null (live)`,
    ]);
  });

  test("dependencies one by one, the command and the schedule as they are", () => {
    const ready = { condition: "ready", restart: false, required: true } as const;
    const schedule = { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "run" } as const;
    expect(
      texts(
        { depends_on: { db: ready }, schedule },
        {
          depends_on: { db: { ...ready, condition: "started" }, redis: ready },
          command: ["node", "x.js"],
          schedule: { ...schedule, cron: "0 4 * * *" },
        },
      ),
    ).toEqual([
      'command "node api.js" -> ["node","x.js"] (process)',
      'depends_on.db {"condition":"ready","restart":false,"required":true} -> {"condition":"started","restart":false,"required":true} (topology)',
      'depends_on.redis null -> {"condition":"ready","restart":false,"required":true} (topology)',
      'schedule.cron "0 3 * * *" -> "0 4 * * *" (schedule)',
    ]);
  });
});

describe("what says nothing is no change", () => {
  test("the order of keys, of profiles and of codes; nothing against empty", () => {
    const a = { env: { A: "1", B: "2" }, profiles: ["x", "y"], success_codes: [0, 2] };
    const b = { env: { B: "2", A: "1" }, profiles: ["y", "x"], success_codes: [2, 0] };
    expect(texts(a, b)).toEqual([]);
    expect(texts({ inherit_env: [] }, { inherit_env: [] })).toEqual([]);
  });

  test("an empty variable is not an absent one", () => {
    expect(texts({ env: { A: "" } }, { env: {} })).toEqual(['env.A "" -> null (process)']);
  });
});

describe("the environment is compared as the program sees it", () => {
  test("a variable that moves into the file with its value touches no process", () => {
    const from = service("api", { inherited: { HOME: "/root", LANG: "C" } });
    const to = service("api", { inherited: { HOME: "/root" }, env: { LANG: "C" } });
    expect(sameProcess(from, to)).toBe(true);
    expect(livePaths(from, to)).toEqual(["env.LANG", "inherited.LANG"]);
  });

  test("a variable of the shell that the file sets too touches no process", () => {
    const from = service("api", { inherited: { PORT: "1" }, env: { PORT: "3000" } });
    const to = service("api", { inherited: { PORT: "2" }, env: { PORT: "3000" } });
    expect(sameProcess(from, to)).toBe(true);
    expect(sameSpec(from, to)).toBe(false);
  });

  test("other words for the same inherited variables touch no process", () => {
    const from = service("api", { inherited: { HOME: "/root" } });
    const to = service("api", { inherited: { HOME: "/root" }, inherit_env: ["HOME"] });
    expect(sameProcess(from, to)).toBe(true);
    const less = service("api", { inherit_env: false });
    expect(sameProcess(from, less)).toBe(false);
    expect(diffSpecs(from, less).map((change) => change.path)).toEqual(["inherit_env"]);
  });

  test("the shell matters to a text, not to a list", () => {
    const text = service("api");
    const list = service("api", { command: ["node", "api.js"] });
    expect(sameProcess(text, { ...text, shell: "/bin/bash" })).toBe(false);
    expect(sameProcess(list, { ...list, shell: "/bin/bash" })).toBe(true);
  });
});

const value = fc.constantFrom("1", "2", "");
const map = fc.dictionary(fc.constantFrom("A", "B", "C"), value, { noNullPrototype: true });
const spec = fc
  .record({
    env: map,
    inherited: map,
    labels: map,
    command: fc.constantFrom<ServiceSpec["command"]>("a", "b", ["a"]),
    instances: fc.integer({ min: 0, max: 3 }),
    umask: fc.constantFrom(null, 0, 0o22),
    ready: fc.constantFrom<ServiceSpec["ready"]>(null, probe, { ...probe, interval: 2 }),
    profiles: fc.uniqueArray(fc.constantFrom("x", "y")),
  })
  .map((keys) => service("api", keys));

describe("properties", () => {
  test("a copy is the same, differences are the same both ways, and live plus process is all", () => {
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        expect(sameSpec(a, structuredClone(a))).toBe(true);
        expect(sameProcess(a, b)).toBe(sameProcess(b, a));
        expect(diffSpecs(a, b).map((change) => change.path)).toEqual(
          diffSpecs(b, a).map((change) => change.path),
        );
        expect(sameSpec(a, b)).toBe(sameProcess(a, b) && livePaths(a, b).length === 0);
      }),
      { numRuns: 2000 },
    );
  });

  test("same process means the same given at exec, by a plain comparison", () => {
    const given = (s: ServiceSpec) =>
      JSON.stringify([s.command, s.umask, Object.entries({ ...s.inherited, ...s.env }).sort()]);
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        expect(sameProcess(a, b)).toBe(given(a) === given(b));
      }),
      { numRuns: 2000 },
    );
  });
});
