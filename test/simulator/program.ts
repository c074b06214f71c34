import type { Exit } from "../../src/core/observed.ts";
import type { Millis, ServiceSpec } from "../../src/core/spec.ts";
import type { Random } from "./random.ts";

/** What the simulated machine may do wrong, each as a probability or an upper bound. */
export interface Faults {
  readonly spawnFails: number;
  readonly crashes: number;
  readonly neverReady: number;
  readonly flaps: number;
  readonly hangs: number;
  /** Ignores the stop signal. */
  readonly stubborn: number;
  /** Something it started outlives it until it is killed. */
  readonly leavesChildren: number;
  /** The first SIGKILL misses a child that was just being born. */
  readonly killMisses: number;
  readonly probeLies: number;
  readonly probeSlow: number;
  readonly latencyMsMax: Millis;
  readonly alarmLateMsMax: Millis;
  readonly duplicates: number;
  /** An event, and all later ones of its run, arrive seconds late. */
  readonly stalls: number;
}

export const NO_FAULTS: Faults = {
  spawnFails: 0,
  crashes: 0,
  neverReady: 0,
  flaps: 0,
  hangs: 0,
  stubborn: 0,
  leavesChildren: 0,
  killMisses: 0,
  probeLies: 0,
  probeSlow: 0,
  latencyMsMax: 0,
  alarmLateMsMax: 0,
  duplicates: 0,
  stalls: 0,
};

/** Each fault is on in half of the worlds, so that most combinations are met by some seed. */
export function drawFaults(random: Random): Faults {
  const rate = (most: number): number => (random.chance(0.5) ? random.next() * most : 0);
  return {
    spawnFails: rate(0.2),
    crashes: rate(0.4),
    neverReady: rate(0.2),
    flaps: rate(0.3),
    hangs: rate(0.2),
    stubborn: rate(0.5),
    leavesChildren: rate(0.4),
    killMisses: rate(0.5),
    probeLies: rate(0.2),
    probeSlow: rate(0.3),
    latencyMsMax: Math.round(rate(200)),
    alarmLateMsMax: Math.round(rate(100)),
    duplicates: rate(0.2),
    stalls: rate(0.05),
  };
}

/** What one run of a program will do; drawn when it starts. Times count from its first instant. */
export interface Program {
  readonly spawnMs: Millis;
  readonly spawnError: string | null;
  /** null: never. */
  readonly readyMs: Millis | null;
  /** Ends by itself. */
  readonly ends: { readonly afterMs: Millis; readonly exit: Exit } | null;
  readonly unready: { readonly fromMs: Millis; readonly toMs: Millis } | null;
  readonly hangsMs: Millis | null;
  /** How long it takes to obey the stop signal; null: it does not. */
  readonly stopMs: Millis | null;
  readonly leavesChildren: boolean;
  readonly killsNeeded: number;
}

/** How a version of a program behaves, said by the last word of its command. */
export type Character = "good" | "never" | "crash" | "late" | "quits";

function characterOf(spec: ServiceSpec): Character {
  const words = typeof spec.command === "string" ? spec.command.split(" ") : spec.command;
  // Commands of simulated services are made by workload.ts, which ends each with a Character.
  return words.at(-1) as Character;
}

export function drawProgram(spec: ServiceSpec, faults: Faults, random: Random): Program {
  const character = characterOf(spec);
  const isNever = character === "never" || random.chance(faults.neverReady);
  return {
    spawnMs: random.int(0, 40),
    spawnError: random.chance(faults.spawnFails) ? "ENOENT" : null,
    readyMs: isNever ? null : random.int(0, character === "late" ? 4_000 : 800),
    ends: drawEnd(spec, character, faults, random),
    unready: random.chance(faults.flaps) ? drawWindow(random) : null,
    hangsMs: random.chance(faults.hangs) ? random.int(500, 10_000) : null,
    stopMs: random.chance(faults.stubborn) ? null : random.int(0, 300),
    leavesChildren: random.chance(faults.leavesChildren),
    killsNeeded: random.chance(faults.killMisses) ? 2 : 1,
  };
}

function drawEnd(
  spec: ServiceSpec,
  character: Character,
  faults: Faults,
  random: Random,
): Program["ends"] {
  const crashed: Exit = random.chance(0.5)
    ? { kind: "code", code: random.int(1, 3) }
    : { kind: "signal", signal: "SIGSEGV" };
  if (character === "crash") return { afterMs: random.int(0, 600), exit: crashed };
  if (random.chance(faults.crashes)) return { afterMs: random.int(0, 12_000), exit: crashed };
  const done: Exit = { kind: "code", code: 0 };
  if (character === "quits") return { afterMs: random.int(500, 4_000), exit: done };
  if (spec.kind === "task" && character !== "never") {
    return { afterMs: random.int(10, 2_000), exit: done };
  }
  return null;
}

function drawWindow(random: Random): { fromMs: Millis; toMs: Millis } {
  const fromMs = random.int(500, 8_000);
  return { fromMs, toMs: fromMs + random.int(200, 4_000) };
}
