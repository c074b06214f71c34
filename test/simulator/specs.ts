import type {
  Check,
  Dependency,
  Probe,
  RolloutSettings,
  ServiceSpec,
  WatchSettings,
} from "../../src/core/spec.ts";
import { service } from "../rig/specs.ts";
import type { Character } from "./program.ts";
import type { Random } from "./random.ts";

/** A service drawn at random that depends on some of `others`. */
export function drawSpec(name: string, others: readonly string[], random: Random): ServiceSpec {
  const isTask = random.chance(0.2);
  return service(name, {
    kind: isTask ? "task" : "service",
    command: drawCommand(name, random),
    instances: isTask ? 1 : random.pick([1, 1, 1, 2, 2, 3]),
    port: drawPort(random),
    depends_on: drawDependencies(others, random),
    ready: isTask ? null : drawReady(random),
    alive: isTask || random.chance(0.5) ? null : drawAlive(random),
    restart: drawRestart(isTask, random),
    stop: drawStop(random),
    reload: random.pick([null, null, "rolling", "restart"] as const),
    rollout: drawRollout(random),
    watch: random.chance(0.2) ? drawWatch(random) : null,
    profiles: random.chance(0.1) ? [random.pick(["dev", "test"])] : [],
    schedule: isTask && random.chance(0.3) ? drawSchedule(random) : null,
  });
}

export function drawCommand(name: string, random: Random): readonly string[] {
  return [name, `v${random.int(1, 99)}`, drawCharacter(random)];
}

function drawCharacter(random: Random): Character {
  return random.chance(0.7) ? "good" : random.pick(["never", "crash", "late", "quits"] as const);
}

/** Ranges of ten that never meet unless two services are given the same one. */
export function drawPort(random: Random): ServiceSpec["port"] {
  if (random.chance(0.4)) return null;
  return random.chance(0.5) ? "auto" : 3_000 + 10 * random.int(0, 30);
}

export function drawDependencies(
  others: readonly string[],
  random: Random,
): Readonly<Record<string, Dependency>> {
  const chosen = others.filter(() => random.chance(0.35)).slice(0, 3);
  return Object.fromEntries(
    chosen.map((name) => [
      name,
      {
        condition: random.pick(["started", "ready", "ready", "done"] as const),
        restart: random.chance(0.3),
        required: random.chance(0.85),
      },
    ]),
  );
}

export function drawReady(random: Random): Probe | null {
  if (random.chance(0.3)) return null;
  return {
    check: drawCheck(random),
    interval: random.pick([500, 1_000, 2_000]),
    timeout: random.pick([3_000, 8_000]),
    failures: random.int(1, 3),
  };
}

function drawCheck(random: Random): Check {
  return random.pick<Check>([
    { kind: "http", url: "/health" },
    { kind: "tcp", host: null, port: null },
    { kind: "exec", command: "true" },
    { kind: "log", pattern: "listening", flags: "" },
    { kind: "notify" },
    { kind: "message" },
  ]);
}

export function drawAlive(random: Random): Probe {
  const check: Check = random.pick([
    { kind: "http", url: "/alive" },
    { kind: "exec", command: "x" },
  ]);
  return {
    check,
    interval: random.pick([1_000, 3_000]),
    timeout: 1_000,
    failures: random.int(1, 3),
  };
}

export function drawRestart(isTask: boolean, random: Random): ServiceSpec["restart"] {
  const always = isTask ? "never" : "always";
  return {
    policy: random.chance(0.7) ? always : random.pick(["always", "on-failure", "never"] as const),
    backoff: { min: random.pick([50, 100, 500]), max: random.pick([1_000, 3_000]) },
    reset_after: random.pick([2_000, 5_000]),
    max: random.int(1, 5),
    window: random.pick([5_000, 20_000]),
  };
}

export function drawStop(random: Random): ServiceSpec["stop"] {
  return {
    signal: random.pick(["SIGTERM", "SIGINT"] as const),
    timeout: random.pick([200, 1_000, 3_000]),
  };
}

export function drawRollout(random: Random): RolloutSettings {
  return {
    surge: random.pick([null, null, 0, 1, 2, "50%"]),
    unavailable: random.pick([null, null, 0, 1, "25%"]),
    min_ready: random.pick([0, 0, 700]),
    progress: random.pick([5_000, 10_000]),
    on_failure: random.pick(["rollback", "rollback", "pause"] as const),
  };
}

export function drawWatch(random: Random): WatchSettings {
  return {
    paths: ["/shop/src"],
    ignore: [],
    debounce: random.pick([50, 300]),
    action: random.pick<WatchSettings["action"]>([
      { kind: "restart" },
      { kind: "restart" },
      { kind: "signal", signal: "SIGHUP" },
      // biome-ignore lint/suspicious/noThenProperty: the word of procs.yaml
      { kind: "run", command: "make", then: "restart" },
      // biome-ignore lint/suspicious/noThenProperty: the word of procs.yaml
      { kind: "run", command: "make", then: "nothing" },
    ]),
  };
}

/** A simulated cron is a period: see SimulatedHost.schedule. */
export function drawSchedule(random: Random): NonNullable<ServiceSpec["schedule"]> {
  return {
    cron: `every ${random.int(2, 9) * 1_000}`,
    timezone: null,
    overlap: random.pick(["skip", "replace"] as const),
    missed: random.pick(["run", "skip"] as const),
  };
}
