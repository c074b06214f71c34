import fc from "fast-check";
import { expect, test } from "vitest";
import { acted } from "../../src/core/acted.ts";
import { KEY_CLASS } from "../../src/core/classes.ts";
import { decide } from "../../src/core/decide.ts";
import { type Desired, NOTHING } from "../../src/core/desired.ts";
import { EMPTY } from "../../src/core/fold.ts";
import { foresee } from "../../src/core/ideal.ts";
import type { Observed } from "../../src/core/observed.ts";
import { type Action, formatAction, formatPlan } from "../../src/core/plan.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { listening, service } from "../rig/specs.ts";
import { midway } from "../simulator/simulate.ts";
import { load, save } from "../simulator/snapshot.ts";

/* Rules that hold of every decision, asked of states that simulated worlds came to. */

const seeds = fc.integer({ min: 1, max: 1_000_000 });
const RUNS = { numRuns: 60 };

/** A state in which something is to be decided: a settled one, some time later and with a hand of its own. */
interface State {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly now: number;
}

const states: fc.Arbitrary<State> = fc
  .record({ seed: seeds, laterMs: fc.integer({ min: 0, max: 20_000 }), off: fc.boolean() })
  .map(({ seed, laterMs, off }) => {
    const world = midway(seed);
    const { desired, observed } = world.supervisor;
    return {
      desired: { ...desired, draining: off || desired.draining },
      observed,
      now: world.clock.now() + laterMs,
    };
  });

function lines({ desired, observed, now }: State): string {
  return formatPlan(decide(desired, observed, now), now);
}

test("the order in which things became known says nothing", () => {
  fc.assert(
    fc.property(states, (state) => {
      const { observed } = state;
      const turned = { ...observed, services: new Map([...observed.services].reverse()) };
      expect(lines({ ...state, observed: turned })).toBe(lines(state));
    }),
    RUNS,
  );
});

test("what was saved and loaded is decided as before", () => {
  fc.assert(
    fc.property(states, ({ desired, observed, now }) => {
      const copy = {
        desired: load<Desired>(save(desired)),
        observed: load<Observed>(save(observed)),
      };
      expect(lines({ ...copy, now })).toBe(lines({ desired, observed, now }));
    }),
    RUNS,
  );
});

test("the order of services in the file changes no decision, only its place", () => {
  fc.assert(
    fc.property(states, (state) => {
      const { desired, observed, now } = state;
      // Who is first in the file gets a port that two of them want.
      fc.pre(!sharesPort(desired));
      const turned = { ...desired, services: new Map([...desired.services].reverse()) };
      const sorted = (actions: readonly Action[]) => actions.map(formatAction).sort();
      expect(sorted(decide(turned, observed, now).actions)).toEqual(
        sorted(decide(desired, observed, now).actions),
      );
    }),
    RUNS,
  );
});

test("deciding and acting change nothing that they were given", () => {
  fc.assert(
    fc.property(states, (state) => {
      const before = save(state);
      const { desired, observed, now } = state;
      const plan = decide(desired, observed, now);
      let next = observed;
      for (const action of plan.actions) next = acted(next, action, now);
      expect(save(state)).toBe(before);
      expect(formatPlan(decide(desired, observed, now), now)).toBe(formatPlan(plan, now));
    }),
    RUNS,
  );
});

test("what has been done is not decided again, and in the end an alarm is set for later or not at all", () => {
  fc.assert(
    fc.property(states, ({ desired, observed, now }) => {
      const seen = new Set<string>();
      let known = observed;
      let plan = decide(desired, known, now);
      for (; plan.actions.length > 0; plan = decide(desired, known, now)) {
        for (const action of plan.actions) {
          const line = formatAction(action);
          const isOnce =
            action.kind === "start" || action.kind === "stop" || action.kind === "kill";
          if (isOnce) expect(seen).not.toContain(line);
          seen.add(line);
          known = acted(known, action, now);
        }
      }
      if (plan.wakeAt !== null) expect(plan.wakeAt).toBeGreaterThan(now);
    }),
    RUNS,
  );
});

test("nothing that is wanted by nobody is started, whatever is known", () => {
  fc.assert(
    fc.property(states, ({ observed, now }) => {
      const { actions } = foresee(NOTHING, observed, now);
      expect(actions.filter((action) => action.kind === "start")).toEqual([]);
      expect(foresee(NOTHING, observed, now).observed.services.size).toBe(0);
    }),
    RUNS,
  );
});

/** Another value of each key. A key without one does not compile. */
const OTHER: { readonly [Key in keyof ServiceSpec]: ServiceSpec[Key] } = {
  name: "b",
  listen: listening(),
  helps: "web",
  kind: "task",
  description: "the middle one",
  command: "node other.js",
  shell: "/bin/bash",
  cwd: "/elsewhere",
  env: { A: "1" },
  inherited: { B: "2" },
  inherit_env: false,
  user: "www",
  group: "www",
  umask: 18,
  nice: 5,
  limits: { nofile: 4096 },
  instances: 3,
  port: "auto",
  depends_on: { a: { condition: "started", restart: false, required: false } },
  ready: { check: { kind: "notify" }, interval: 500, timeout: 5_000, failures: 1 },
  alive: { check: { kind: "tcp", host: null, port: 1 }, interval: 500, timeout: 500, failures: 1 },
  restart: { ...service("b").restart, max: 3 },
  stop: { signal: "SIGINT", timeout: 1_000 },
  reload: "restart",
  rollout: { ...service("b").rollout, min_ready: 500 },
  log: { max_size: 20_000, keep: 0, max_total: 50_000, max_age: 1_000, compress: false },
  watch: { paths: ["/shop"], ignore: [], debounce: 10, action: { kind: "restart" } },
  schedule: { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "run" },
  profiles: ["dev"],
  enabled: false,
  was: "z",
  labels: { team: "x" },
  success_codes: [0, 3],
};

/** `a` <- `b` <- `c`, and `d`, which is replaced with `b`. */
function file(b: Partial<ServiceSpec>): Desired {
  const ready = { condition: "ready", restart: false, required: true } as const;
  const specs = [
    service("a"),
    service("b", { depends_on: { a: ready }, instances: 2, ...b, name: "b" }),
    service("c", { depends_on: { b: ready } }),
    service("d", { depends_on: { b: { ...ready, restart: true } } }),
  ];
  return { ...NOTHING, services: new Map(specs.map((spec) => [spec.name, spec])) };
}

// No file has `helps`: it makes a service part of another one.
const EDITED = Object.keys(KEY_CLASS).filter((key) => key !== "name" && key !== "helps");

test.each(EDITED)("an edit of %s does what its class says, to its own service only", (name) => {
  // A key of the class table is a key of a spec.
  const key = name as keyof ServiceSpec;
  const before = foresee(file({}), EMPTY, 0);
  const after = foresee(file({ [key]: OTHER[key] }), before.observed, before.now);
  const touching = after.actions.filter((a) => a.kind === "start" || a.kind === "stop");
  const touched = new Set(touching.map((action) => action.id.service));
  expect(touched).not.toContain("a");
  expect(touched).not.toContain("c");
  const isSeen = KEY_CLASS[key] === "process" && !UNSEEN.has(key);
  const isCount = key === "instances" || key === "enabled" || key === "profiles";
  expect(touched.has("b"), "b is touched").toBe(isSeen || isCount);
  expect(touched.has("d"), "d follows b").toBe(isSeen);
  const kept = after.observed.services.get("b")?.instances.filter((i) => i.run === 1) ?? [];
  if (!isSeen && key !== "enabled" && key !== "profiles") expect(kept.length).toBeGreaterThan(1);
});

/** Fixed at exec, but without effect on what this program sees: a list or no shell word, the same variables. */
const UNSEEN: ReadonlySet<string> = new Set(["inherit_env"]);

function sharesPort(desired: Desired): boolean {
  const ports = [...desired.services.values()].flatMap(({ port }) =>
    typeof port === "number" ? [Math.floor(port / 10)] : [],
  );
  return new Set(ports).size < ports.length;
}
