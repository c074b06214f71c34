import { afterEach, describe, expect, test } from "vitest";
import type { InstanceId } from "../../src/core/observed.ts";
import type { Adoption } from "../../src/core/ports.ts";
import { type Behaviour, exitOf, has, kinds, type ProcessWorld, STOP } from "./processes.ts";

/** A world whose supervisor may die. */
export interface MortalWorld extends ProcessWorld {
  /** The host is left as a supervisor that is killed leaves it, and another is `host` from now on; events begin anew. */
  dies(): Promise<void>;
  /** Whether there is a process of it, whatever anybody was told. */
  hasBegun(id: InstanceId): boolean;
  /** Whether the program is really no more, whatever anybody was told. */
  hasEnded(id: InstanceId): boolean;
}

const ID: InstanceId = { service: "api", slot: 1, run: 1 };

/** What every host must find out about runs that it did not start; run on the real one and on the simulated one. */
export function adoptionContract(name: string, createWorld: () => Promise<MortalWorld>): void {
  describe(`runs that the ${name} host takes over`, () => {
    const worlds: MortalWorld[] = [];
    afterEach(async () => {
      for (const world of worlds.splice(0)) await world.close();
    });
    const create: Create = async () => {
      const world = await createWorld();
      worlds.push(world);
      return world;
    };
    findsTheLiving(create);
    findsTheDead(create);
    goesOnStopping(create);
    findsStrays(create);
  });
}

type Create = () => Promise<MortalWorld>;

function findsTheLiving(create: Create): void {
  test("one that lives is told as started, with the pid it has, and later events go on", async () => {
    const world = await create();
    const pid = await startAndDie(world, "runs");
    adopt(world, "runs");
    expect(world.events, "no event during adopt").toEqual([]);
    await world.until("found", () => has(world, "started", ID));
    expect(world.events.find((e) => e.kind === "started")).toMatchObject({ pid });
    world.host.stop(ID, STOP);
    await world.until("gone", () => has(world, "gone", ID));
    expect(kinds(world, ID)).toEqual(["started", "exited", "gone"]);
  });

  test("one whose start was recorded and not yet told is told as started", async () => {
    const world = await create();
    world.host.start(ID, world.spec("runs"));
    await world.until("its begin", () => world.hasBegun(ID));
    await world.dies();
    adopt(world, "runs", { phase: "starting" });
    await world.until("found", () => has(world, "started", ID));
    expect(kinds(world, ID)).toEqual(["started"]);
  });

  test("two deaths in a row make no difference", async () => {
    const world = await create();
    const pid = await startAndDie(world, "runs");
    adopt(world, "runs");
    await world.dies();
    adopt(world, "runs");
    await world.until("found", () => has(world, "started", ID));
    expect(world.events.find((e) => e.kind === "started")).toMatchObject({ pid });
    expect(kinds(world, ID)).toEqual(["started"]);
  });

  test("one that ignores the stop signal is ended by kill", async () => {
    const world = await create();
    world.host.start(ID, world.spec("stubborn"));
    await world.until("deaf", () => world.behaves(ID));
    await world.dies();
    adopt(world, "stubborn");
    await world.until("found", () => has(world, "started", ID));
    world.host.kill(ID);
    await world.until("gone", () => has(world, "gone", ID));
    expect(exitOf(world, ID)).toMatchObject({ kind: "signal", signal: "SIGKILL" });
  });

  test("one whose rename was recorded and not done is found under its old name, and has the new one", async () => {
    const world = await create();
    await startAndDie(world, "runs");
    const renamed = { ...ID, service: "web" };
    adopt(world, "runs", { id: renamed, was: [ID] });
    await world.until("found", () => has(world, "started", renamed));
    world.host.stop(renamed, STOP);
    await world.until("gone", () => has(world, "gone", renamed));
    expect(kinds(world, renamed)).toEqual(["started", "exited", "gone"]);
    expect(kinds(world, ID)).toEqual([]);
  });
}

function findsTheDead(create: Create): void {
  test.each([
    ["succeeds", 0],
    ["fails", 3],
  ] as const)(
    "one that %s while nobody is there: its exit is known exactly",
    async (behaviour, code) => {
      const world = await create();
      world.host.start(ID, world.spec(behaviour));
      await world.until("its begin", () => world.hasBegun(ID));
      await world.dies();
      await world.until("its end", () => world.hasEnded(ID));
      adopt(world, behaviour, { phase: "starting" });
      await world.until("gone", () => has(world, "gone", ID));
      expect(kinds(world, ID).filter((kind) => kind !== "started")).toEqual(["exited", "gone"]);
      expect(exitOf(world, ID)).toMatchObject({ kind: "code", code });
    },
  );

  test("an exit that was told and not written down is told again, the same", async () => {
    const world = await create();
    world.host.start(ID, world.spec("fails"));
    await world.until("gone", () => has(world, "gone", ID));
    await world.dies();
    adopt(world, "fails");
    await world.until("gone", () => has(world, "gone", ID));
    expect(kinds(world, ID)).toEqual(["exited", "gone"]);
    expect(exitOf(world, ID)).toMatchObject({ kind: "code", code: 3 });
  });

  test("what outlives its main process keeps it from being gone until it is killed", async () => {
    const world = await create();
    world.host.start(ID, world.spec("leaves"));
    await world.until("exited", () => has(world, "exited", ID));
    await world.dies();
    adopt(world, "leaves", { phase: "running" });
    await world.until("exited", () => has(world, "exited", ID));
    expect(has(world, "gone", ID)).toBe(false);
    world.host.kill(ID);
    await world.until("gone", () => has(world, "gone", ID));
    expect(exitOf(world, ID)).toMatchObject({ kind: "code", code: 0 });
  });

  test("one that was to be started and never was is unstarted", async () => {
    const world = await create();
    await world.dies();
    adopt(world, "runs", { phase: "starting" });
    await world.until("an answer", () => kinds(world, ID).length > 0);
    expect(kinds(world, ID)).toEqual(["unstarted"]);
  });

  test("one whose spawn failed unheard was never started", async () => {
    const world = await create();
    world.host.start(ID, world.spec("missing"));
    await world.until("gone", () => has(world, "gone", ID));
    await world.dies();
    adopt(world, "missing", { phase: "starting" });
    await world.until("an answer", () => has(world, "unstarted", ID) || has(world, "gone", ID));
    expect(has(world, "started", ID)).toBe(false);
  });
}

function goesOnStopping(create: Create): void {
  test("a stop that was recorded and not done is done now, and said before anything else", async () => {
    const world = await create();
    await startAndDie(world, "runs");
    adopt(world, "runs", { phase: "stopping", signal: "SIGTERM" });
    await world.until("gone", () => has(world, "gone", ID));
    expect(kinds(world, ID).filter((kind) => kind !== "started")).toEqual([
      "resent",
      "exited",
      "gone",
    ]);
    expect(kinds(world, ID)[0]).toBe("resent");
  });

  test("of a stop that was done it is said when", async () => {
    const world = await create();
    world.host.start(ID, world.spec("stubborn"));
    await world.until("deaf", () => world.behaves(ID));
    await world.until("started", () => has(world, "started", ID));
    world.host.stop(ID, STOP);
    await world.dies();
    adopt(world, "stubborn", { phase: "stopping", signal: "SIGTERM" });
    await world.until("found", () => has(world, "started", ID));
    expect(kinds(world, ID)).toEqual(["resent", "started"]);
    const resent = world.events.find((event) => event.kind === "resent");
    expect(resent?.kind === "resent" && resent.at).toEqual(expect.any(Number));
  });
}

function findsStrays(create: Create): void {
  test("a run that nobody knows of is a stray as long as it lives, and can be taken over", async () => {
    const world = await create();
    const pid = await startAndDie(world, "runs");
    expect(world.host.strays([ID])).toEqual([]);
    expect(world.host.strays([{ ...ID, run: 2 }])).toMatchObject([{ id: ID, pid }]);
    adopt(world, "runs");
    await world.until("found", () => has(world, "started", ID));
    world.host.stop(ID, STOP);
    await world.until("gone", () => has(world, "gone", ID));
    expect(world.host.strays([])).toEqual([]);
  });

  test("a renamed run is known by each of its names", async () => {
    const world = await create();
    world.host.start(ID, world.spec("runs"));
    await world.until("started", () => has(world, "started", ID));
    const renamed = { ...ID, service: "web" };
    world.host.rename(ID, renamed);
    await world.dies();
    expect(world.host.strays([ID, renamed])).toEqual([]);
  });
}

async function startAndDie(world: MortalWorld, behaviour: Behaviour): Promise<number> {
  world.host.start(ID, world.spec(behaviour));
  await world.until("started", () => has(world, "started", ID));
  const event = world.events.find((each) => each.kind === "started");
  await world.dies();
  return event?.kind === "started" ? event.pid : 0;
}

function adopt(world: MortalWorld, behaviour: Behaviour, change: Partial<Adoption> = {}): void {
  const spec = world.spec(behaviour);
  const port = null;
  world.host.adopt({ id: ID, was: [], spec, port, phase: "running", signal: null, ...change });
}
