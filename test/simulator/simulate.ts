import { standing } from "../../src/core/backoff.ts";
import { type Desired, offReason } from "../../src/core/desired.ts";
import type { Instance } from "../../src/core/observed.ts";
import { formatPlan } from "../../src/core/plan.ts";
import { type Checker, Violation } from "./checker.ts";
import { checkersAlways } from "./checkers/always.ts";
import { hasVerdict } from "./checkers/words.ts";
import { drawMortality } from "./deaths.ts";
import { deed } from "./edits.ts";
import { leftAfterDown, unfinished } from "./finally.ts";
import { checkFaithful, checkNoChange, foretold } from "./foretell.ts";
import { aimOf, isAsleep, isUpToDate, wantedCount } from "./oracle.ts";
import { drawFaults } from "./program.ts";
import { createRandom, type Random } from "./random.ts";
import { drawDeed, drawDesired, drawEdit, repaired, rewritten } from "./workload.ts";
import { World } from "./world.ts";

/** What became of one seed. */
export interface Outcome {
  readonly seed: number;
  /** null: every checker is content. */
  readonly violation: { readonly checker: string; readonly message: string } | null;
  readonly log: readonly string[];
  /** What the supervisor was waiting for when the world ended. */
  readonly rest: string;
}

/** After this long without faults and edits everything is as it should be, or never will be. */
const LIVENESS_MS = 180_000;
const DEEDS_MAX = 14;

/**
 * One world from one seed: first faults and edits, in which nothing bad may happen at any moment; then neither,
 * in which everything good must happen in bounded time; then `down`, after which nothing may be left.
 */
export function simulate(seed: number, deaths = false, sockets = false): Outcome {
  const fate = deaths ? createRandom(-seed) : null;
  const { world, random } = createWorld(seed, checkersAlways(), fate, sockets);
  try {
    if (fate !== null) world.mortality = drawMortality(fate);
    safety(world, random, fate);
    liveness(world, random);
    calm(world, random);
    if (fate !== null) unmoved(world, fate);
    faithful(world, random);
    end(world, fate);
  } catch (error) {
    const checker = error instanceof Violation ? error.checker : "no crash";
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, violation: { checker, message }, ...ending(world) };
  }
  return { seed, violation: null, ...ending(world) };
}

/** A world in the middle of its life: made-up states that can really come about. */
export function midway(seed: number): World {
  const { world, random } = createWorld(seed, []);
  safety(world, random);
  return world;
}

function createWorld(
  seed: number,
  checkers: readonly Checker[],
  fate: Random | null = null,
  sockets = false,
) {
  const random = createRandom(seed);
  const options = {
    ...{ random: random.fork(), faults: drawFaults(random.fork()), checkers },
    // A stream of its own, so that worlds without sockets stay as they are.
    ...(sockets ? { listening: createRandom(seed + 0x50c4e7) } : {}),
  };
  const world = new World(fate === null ? options : { ...options, fate });
  return { world, random };
}

function ending(world: World): Pick<Outcome, "log" | "rest"> {
  const { desired, plan } = world.supervisor;
  const specs = [...desired.services.values()].map((spec) => JSON.stringify(spec));
  const intents = [...desired.intents].map((intent) => JSON.stringify(intent));
  const books = [...world.supervisor.observed.services.values()].flatMap((s) => s.instances);
  const held = books.map((i) => JSON.stringify({ ...i, applied: i.applied.command }));
  const rest = [...held, ...specs, ...intents, formatPlan(plan, world.clock.now())].join("\n");
  return { log: world.log, rest };
}

/** Anything goes wrong, and a user does anything: nothing bad ever happens. */
function safety(world: World, random: Random, fate: Random | null = null): void {
  const first = drawDesired(random.fork());
  world.do(() => deed("up", first, [...first.services.keys()]));
  // Some users wait until all is quiet, some do not.
  const pauseMsMax = random.pick([500, 3_000, 10_000]);
  const freezes = random.chance(0.3) ? 0.2 : 0;
  for (let left = random.int(2, DEEDS_MAX); left > 0; left--) {
    world.runUntil(world.clock.now() + random.int(0, pauseMsMax));
    if (random.chance(freezes)) world.freeze(random.int(100, 8_000));
    world.do((desired) => {
      const own = world.listening;
      const isOwn = own !== null && random.chance(0.4);
      const next = isOwn ? own.drawDeed(world, desired) : drawDeed(desired, random);
      // Whatever is going on, there is a plan.
      if (random.chance(0.2)) foretold(world, world.dress(next.desired));
      return next;
    });
    if (random.chance(0.2)) same(world, random);
    perhapsDie(world, fate);
    if (fate?.chance(0.1)) world.host.schedules.step(fate.int(-20_000, 20_000));
  }
}

/** A supervisor may die at any moment, also when nothing happens. */
function perhapsDie(world: World, fate: Random | null): void {
  if (fate === null || !fate.chance(0.2)) return;
  world.die(fate.chance(0.2) ? fate.int(5_000, 100_000) : fate.int(0, 2_000));
}

/** P8, P9: the same wishes in other words lead to nothing, at any moment. */
function same(world: World, random: Random): void {
  world.awaitSupervisor();
  checkNoChange(world, rewritten(world.supervisor.desired, random), isQuiet(world));
  world.do((desired) => ({
    ...deed("reload, unchanged", rewritten(desired, random), []),
    class: "same",
  }));
}

/** P5: faults off, bounded time, and everything wanted is there. */
function liveness(world: World, random: Random): void {
  world.mortality = { ...world.mortality, atStep: 0, takingOver: 0 };
  world.awaitSupervisor();
  world.host.machine.calm();
  world.host.sockets.strangers.clear();
  if (random.chance(0.6)) {
    const resets = (desired: Desired) =>
      [...desired.services.keys()].map((service) => ({ kind: "reset", service }) as const);
    world.do((desired) => ({
      ...deed("repair", repaired(desired, random), [...desired.services.keys()]),
      events: resets(desired),
    }));
  }
  waitUntil(world, "finally as wanted", () => unfinished(world.sight()));
}

/** In a quiet world a reload of the same file, in other words or with other descriptions, moves nothing. */
function calm(world: World, random: Random): void {
  const names = [...world.supervisor.desired.services.keys()].filter((name) =>
    isSteady(world, name),
  );
  for (const name of names) {
    const waits = hasVerdict(world.sight(), name);
    if (waits !== null) throw new Violation("everybody gets a verdict", waits);
  }
  const before = names.map((name) => pidsOf(world, name)).join(" ");
  same(world, random);
  world.runUntil(world.clock.now() + random.int(0, 5_000));
  const after = names.map((name) => pidsOf(world, name)).join(" ");
  if (before !== after) throw new Violation("quiet stays quiet", `${before} > ${after}`);
}

/** P12: an edit in a quiet world where nothing goes wrong is done as it was foretold. */
function faithful(world: World, random: Random): void {
  const desired = world.asked;
  if (desired.services.size === 0 || !isQuiet(world)) return;
  const drawn = drawEdit(desired, random);
  const next = { ...drawn, desired: world.dress(drawn.desired) };
  const plan = foretold(world, next.desired);
  const before = world.done.length;
  world.do(() => next);
  waitUntil(world, "finally as wanted", () => unfinished(world.sight()));
  if (isQuiet(world)) checkFaithful(plan, world.done.slice(before));
}

/** Everything is as it was asked to be, and nothing will happen by itself. */
function isQuiet(world: World): boolean {
  const { desired, observed } = world.supervisor;
  const names = [...desired.services.keys(), ...observed.services.keys()];
  if ((world.listening?.coming ?? 0) > 0 || world.host.sockets.callers.size > 0) return false;
  return names.every((name) => isSteady(world, name) || isOver(world, name) || isIdle(world, name));
}

/** Nothing of it runs, and nobody is about to connect. */
function isIdle(world: World, name: string): boolean {
  const sight = world.sight();
  const service = sight.observed.services.get(name);
  if (service === undefined || service.instances.length > 0 || service.change !== null)
    return false;
  return isAsleep(sight, name);
}

/** Nothing of it will ever run again by itself. */
function isOver(world: World, name: string): boolean {
  const { desired, observed } = world.supervisor;
  const service = observed.services.get(name);
  if (service?.change || service?.watched.running) return false;
  if (service?.rollout || desired.services.get(name)?.schedule) return false;
  const instances = service?.instances ?? [];
  if (offReason(desired, name) !== null) return instances.length === 0;
  const isDone = (i: Instance) => i.phase.kind === "ended" && standing(i).kind === "done";
  return instances.length > 0 && instances.every(isDone);
}

/** All of its instances are there to stay. */
function isSteady(world: World, name: string, asked: ReadonlySet<string> = new Set()): boolean {
  const service = world.supervisor.observed.services.get(name);
  const instances = service?.instances ?? [];
  // What runs on demand may go to rest; a proxy goes with its service.
  const aim = aimOf(world.sight(), name);
  if (aim?.listen?.start === "on-demand") return false;
  if (aim?.helps && !isSteady(world, aim.helps, new Set([...asked, name]))) return false;
  if (instances.length === 0 || service?.rollout !== null || service.rejected !== null)
    return false;
  if (service.change !== null || service.watched.running) return false;
  if (service.goodEpoch !== service.epoch) return false;
  if (instances.length !== wantedCount(world.sight(), name)) return false;
  // What a program that ends by itself, or a schedule, may set in motion is not quiet.
  const isStill = (on: string) => asked.has(on) || isSteady(world, on, new Set([...asked, name]));
  return instances.every((instance) => {
    const program = world.host.find(instance)?.program;
    const isThere = instance.phase.kind === "ready" && isUpToDate(world.sight(), instance);
    return isThere && program?.ends === null && Object.keys(instance.upstream).every(isStill);
  });
}

function pidsOf(world: World, name: string): string {
  const runs = [...world.host.live].filter((run) => run.id.service === name);
  return runs.map((run) => `${name}.${run.id.slot}:${run.pid}`).join(" ");
}

/** Death in a quiet world is no event: whatever there is left of the record, no process is touched. */
function unmoved(world: World, fate: Random): void {
  world.mortality = { ...world.mortality, torn: fate.pick([0, 0.3]), lost: fate.pick([0, 0.3]) };
  const names = [...world.supervisor.desired.services.keys()].filter((name) =>
    isSteady(world, name),
  );
  const before = names.map((name) => pidsOf(world, name)).join(" ");
  for (let left = fate.int(1, 3); left > 0; left--) {
    world.die(fate.chance(0.3) ? fate.int(10_000, 300_000) : fate.int(0, 2_000));
    world.awaitSupervisor();
    world.runUntil(world.clock.now() + fate.int(0, 8_000));
    const after = names.map((name) => pidsOf(world, name)).join(" ");
    if (before !== after) throw new Violation("death touches nobody", `${before} > ${after}`);
  }
  world.mortality = { ...world.mortality, torn: 0, lost: 0 };
  waitUntil(world, "finally as wanted", () => unfinished(world.sight()));
}

/** A death on the way down delays it, no more. */
function end(world: World, fate: Random | null): void {
  if (fate !== null) world.mortality = { ...world.mortality, atStep: 0.1, takingOver: 0.2 };
  world.do((desired) => deed("down", { ...desired, draining: true }, []));
  if (fate !== null) {
    world.runUntil(world.clock.now() + fate.int(0, 20_000));
    world.mortality = { ...world.mortality, atStep: 0, takingOver: 0 };
    world.awaitSupervisor();
  }
  waitUntil(world, "nothing after down", () => leftAfterDown(world.sight()));
}

/** Looks once a simulated second, so that a check that is dear costs little. */
function waitUntil(world: World, name: string, missing: () => string | null): void {
  const limit = world.clock.now() + LIVENESS_MS;
  for (let left = missing(); left !== null; left = missing()) {
    if (world.clock.now() >= limit) throw new Violation(name, left);
    world.runUntil(world.clock.now() + 1_000);
  }
}
