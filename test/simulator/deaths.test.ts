import { describe, expect, test } from "vitest";
import { type Desired, NOTHING, withIntent, withRestart } from "../../src/core/desired.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { service } from "../rig/specs.ts";
import { Violation } from "./checker.ts";
import { checkersAlways } from "./checkers/always.ts";
import type { Strikes } from "./deaths.ts";
import { deed } from "./edits.ts";
import { leftAfterDown, unfinished } from "./finally.ts";
import { type Character, NO_FAULTS } from "./program.ts";
import { createRandom } from "./random.ts";
import { World } from "./world.ts";

/*
 * Stories in which the supervisor dies at each step, before it is written down, before and after each of its
 * effects: one death a world, all of them. What came of it must be what comes of it without a death.
 */

interface Story {
  /** What happens, with pauses. */
  readonly tell: (world: World) => void;
  /** What came of it, in words that a death must not change. */
  readonly outcome: (world: World) => string;
}

/** When the outcome is looked at. */
const END_MS = 25_000;

function dieEverywhere(story: Story): void {
  const told = once(story, null);
  for (const step of told.steps) {
    for (let survived = 0; ; survived++) {
      const again = once(story, { step, survived });
      if (!again.hasDied) break;
      const where = `death at step ${step} after ${survived}\n${again.log}`;
      expect(again.outcome, where).toBe(told.outcome);
    }
  }
  expect(told.steps.length).toBeGreaterThan(3);
}

function once(
  { tell, outcome }: Story,
  death: { readonly step: number; readonly survived: number } | null,
) {
  const steps: number[] = [];
  let hasDied = false;
  const strikes: Strikes = (step, effects) => {
    // Probes come all day: a few deaths among them are enough.
    if (step % 40 === 0 || effects.some(({ kind }) => kind !== "probe")) steps.push(step);
    if (hasDied || death?.step !== step || death.survived > effects.length + 1) return null;
    hasDied = true;
    return death.survived;
  };
  const fate = createRandom(1);
  const options = { random: createRandom(1), faults: NO_FAULTS, checkers: checkersAlways() };
  const world = new World({ ...options, fate, strikes });
  try {
    const end = world.clock.now() + END_MS;
    tell(world);
    world.runUntil(end);
    return { steps, hasDied, outcome: outcome(world), log: ending(world) };
  } catch (error) {
    const words = error instanceof Violation ? error.message : String(error);
    return { steps, hasDied: true, outcome: words, log: ending(world) };
  }
}

function ending({ log }: World): string {
  return log
    .filter((line) => !/ woke | probe(d)? /.test(line))
    .slice(-60)
    .join("\n");
}

function program(name: string, version: Character, keys: Partial<ServiceSpec> = {}): ServiceSpec {
  return service(name, { command: [name, version], ...keys });
}

function want(world: World, change: (desired: Desired) => Desired): void {
  world.do((desired) => deed("edit", change(desired), []));
}

function file(...specs: readonly ServiceSpec[]): (desired: Desired) => Desired {
  const services = new Map(specs.map((spec) => [spec.name, spec]));
  return (desired) => ({ ...desired, services });
}

function run(world: World, durationMs: number): void {
  world.runUntil(world.clock.now() + durationMs);
  world.awaitSupervisor();
}

function lives(world: World): string {
  return [...world.host.live]
    .map(({ id, started }) => `${id.service}.${id.slot} ${started.command}`)
    .sort()
    .join("; ");
}

function ran(world: World, name: string): number {
  return world.host.runs.filter(({ id, exit }) => id.service === name && exit?.kind !== "spawn")
    .length;
}

const READY: NonNullable<ServiceSpec["ready"]> = {
  check: { kind: "http", url: "/health" },
  interval: 2_000,
  timeout: 4_000,
  failures: 3,
};
const ready = { condition: "ready", restart: false, required: true } as const;
const done = { condition: "done", restart: false, required: true } as const;

describe("wherever the supervisor dies", () => {
  test("what is going up comes up, each of it once, and a task runs once", () => {
    const restart = { ...service("migrate").restart, policy: "never" } as const;
    const specs = [
      program("db", "good", { ready: READY }),
      program("migrate", "good", { kind: "task", restart, depends_on: { db: ready } }),
      program("api", "good", { instances: 2, depends_on: { db: ready, migrate: done } }),
    ];
    dieEverywhere({
      tell: (world) => {
        want(world, () => file(...specs)(NOTHING));
        run(world, 3_000);
      },
      outcome: (world) => {
        const runs = ["db", "migrate", "api"].map((name) => ran(world, name));
        return `${lives(world)}; ${runs}; ${unfinished(world.sight())}`;
      },
    });
  });

  test("a rolling replacement goes on, and the old instances stay until the new ones are ready", () => {
    const api = (version: Character) =>
      program("api", version, { instances: 2, port: "auto", ready: { ...READY, timeout: 8_000 } });
    dieEverywhere({
      tell: (world) => {
        want(world, () => file(api("good"))(NOTHING));
        run(world, 2_500);
        want(world, file(api("late")));
        run(world, 20_000);
      },
      outcome: (world) => {
        const api = world.supervisor.observed.services.get("api");
        return `${lives(world)}; ${ran(world, "api")}; ${api?.rejected}; ${unfinished(world.sight())}`;
      },
    });
  });

  test("a version that is bad is gone back from, and not tried again", () => {
    const api = (version: Character) =>
      program("api", version, { instances: 2, port: "auto", ready: READY });
    dieEverywhere({
      tell: (world) => {
        want(world, () => file(api("good"))(NOTHING));
        run(world, 2_500);
        want(world, file(api("never")));
        run(world, 20_000);
      },
      outcome: (world) => {
        const api = world.supervisor.observed.services.get("api");
        const reason = api?.rejected?.reason.replace(/after .*/, "");
        return `${lives(world)}; ${ran(world, "api")}; ${reason}; ${unfinished(world.sight())}`;
      },
    });
  });

  test("a program that crashes is tried as often as it may be, no more and no less", () => {
    const restart = { ...service("worker").restart, max: 4, window: 600_000 };
    dieEverywhere({
      tell: (world) => {
        want(world, () => file(program("worker", "crash", { restart }))(NOTHING));
        run(world, 20_000);
      },
      outcome: (world) => {
        const [worker] = world.supervisor.observed.services.get("worker")?.instances ?? [];
        return `${ran(world, "worker")} runs, ${worker?.phase.kind}, ${worker?.exits.length} exits`;
      },
    });
  });

  test("down goes on, those that need others first", () => {
    const specs = [
      program("db", "good", { ready: READY }),
      program("api", "good", { instances: 2, depends_on: { db: ready } }),
    ];
    dieEverywhere({
      tell: (world) => {
        want(world, () => file(...specs)(NOTHING));
        run(world, 2_500);
        want(world, (desired) => ({ ...desired, draining: true }));
        run(world, 2_500);
      },
      outcome: (world) => `${lives(world)}; ${leftAfterDown(world.sight())}`,
    });
  });

  test("a stop by hand, a scale, a restart and a rename are done once", () => {
    const keys = { port: "auto", ready: READY } as const;
    dieEverywhere({
      tell: (world) => {
        want(world, () => file(program("web", "good", keys), program("b", "good"))(NOTHING));
        run(world, 2_500);
        want(world, (desired) => withIntent(desired, "b", { stopped: true }));
        run(world, 2_000);
        want(world, (desired) => withIntent(desired, "web", { scale: 2 }));
        run(world, 2_500);
        want(world, (desired) => withRestart(desired, "web", "restart asked"));
        run(world, 2_500);
        const renamed = program("site", "good", { ...keys, was: "web", command: ["web", "good"] });
        want(world, file({ ...renamed, instances: 2 }, program("b", "good")));
        run(world, 3_000);
      },
      outcome: (world) =>
        `${lives(world)}; ${world.host.runs.length}; ${unfinished(world.sight())}`,
    });
  });

  test("a scheduled task runs at each of its times", () => {
    const schedule = {
      cron: "every 8000",
      timezone: null,
      overlap: "skip",
      missed: "run",
    } as const;
    const restart = { ...service("job").restart, policy: "never" } as const;
    dieEverywhere({
      tell: (world) => {
        want(world, () =>
          file(program("job", "good", { kind: "task", schedule, restart }))(NOTHING),
        );
        run(world, 20_000);
      },
      outcome: (world) => `${ran(world, "job")} runs`,
    });
  });

  test("the command of a watch runs to its end for what changed, and what follows from it follows", () => {
    // biome-ignore lint/suspicious/noThenProperty: the key of the file.
    const action = { kind: "run", command: "make", then: "restart" } as const;
    const watch = { paths: ["/shop"], ignore: [], debounce: 100, action };
    dieEverywhere({
      tell: (world) => {
        want(world, () => file(program("web", "good", { watch }))(NOTHING));
        run(world, 2_500);
        world.deliver(() => ({ kind: "changed", service: "web", path: "src/app.js" }));
        run(world, 200);
        run(world, 20_000);
      },
      outcome: (world) => {
        const web = world.supervisor.observed.services.get("web");
        return `${lives(world)}; ${ran(world, "web")} runs; ${web?.change}; ${unfinished(world.sight())}`;
      },
    });
  });
});

test.each([0, 700, 30_000])(
  "nobody notices in a quiet world, however long nobody is there (%i ms)",
  (awayMs) => {
    const world = new World({
      random: createRandom(1),
      faults: NO_FAULTS,
      checkers: checkersAlways(),
      fate: createRandom(1),
    });
    const follows = { ...ready, restart: true };
    const specs = [
      program("db", "good", { ready: READY, alive: READY }),
      program("api", "good", {
        instances: 3,
        port: "auto",
        ready: READY,
        depends_on: { db: follows },
      }),
    ];
    want(world, () => file(...specs)(NOTHING));
    run(world, 10_000);
    const before = world.done.length;
    const pids = [...world.host.live].map((each) => each.pid);
    for (let times = 0; times < 3; times++) {
      world.die(awayMs);
      run(world, 10_000);
    }
    expect([...world.host.live].map((each) => each.pid)).toEqual(pids);
    expect(new Set(world.done.slice(before).map(({ kind }) => kind))).toEqual(new Set(["probe"]));
  },
);
