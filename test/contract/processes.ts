import { afterEach, describe, expect, test } from "vitest";
import type { Event } from "../../src/core/event.ts";
import { type InstanceId, sameId } from "../../src/core/observed.ts";
import type { AdoptingHost } from "../../src/core/ports.ts";
import type { ServiceSpec, StopSettings } from "../../src/core/spec.ts";

/** What a program does once it runs; each world makes its own kind of program for it. */
export type Behaviour =
  /** Runs until it is told to stop, and obeys at once. */
  | "runs"
  /** Ends by itself soon, with exit code 0. */
  | "succeeds"
  /** Ends by itself soon, with exit code 3. */
  | "fails"
  /** Runs on whatever the stop signal says. */
  | "stubborn"
  /** Ends by itself with exit code 0; something that it started runs on until it is killed. */
  | "leaves"
  /** There is no such program. */
  | "missing";

/** A host under test, and the means to look at it. */
export interface ProcessWorld {
  readonly host: AdoptingHost;
  /** Everything that the host emitted so far, oldest first. */
  readonly events: readonly Event[];
  spec(behaviour: Behaviour): ServiceSpec;
  /** Lets time pass until the condition holds; rejects, naming `what`, when it does not in time. */
  until(what: string, condition: () => boolean): Promise<void>;
  /** Whether the program has got as far as behaving so: one that has only just begun obeys any signal. */
  behaves(id: InstanceId): boolean;
  /** Ends every process that was started. */
  close(): Promise<void>;
}

/** Ends whatever obeys. */
export const STOP: StopSettings = { signal: "SIGTERM", timeout: 1_000 };

/** What every host must do with processes; run on the real one and on the simulated one. */
export function processesContract(name: string, createWorld: () => Promise<ProcessWorld>): void {
  describe(`processes of the ${name} host`, () => {
    const worlds: ProcessWorld[] = [];
    afterEach(async () => {
      for (const world of worlds.splice(0)) await world.close();
    });
    const start = async (behaviour: Behaviour) => {
      const world = await createWorld();
      worlds.push(world);
      const id: InstanceId = { service: "api", slot: 1, run: 1 };
      world.host.start(id, world.spec(behaviour));
      expect(world.events, "no event during start").toEqual([]);
      return { world, id };
    };
    tells(start);
    ends(start);
    survives(start);
  });
}

type Start = (
  behaviour: Behaviour,
) => Promise<{ readonly world: ProcessWorld; readonly id: InstanceId }>;

function tells(start: Start): void {
  test("a program that runs is started once, with a pid", async () => {
    const { world, id } = await start("runs");
    await world.until("started", () => has(world, "started", id));
    expect(kinds(world, id)).toEqual(["started"]);
    const event = world.events.find((e) => e.kind === "started");
    expect(event?.kind === "started" && event.pid > 0).toBe(true);
  });

  test("a program that ends is started, exited, gone, in this order and once each", async () => {
    const { world, id } = await start("succeeds");
    await world.until("gone", () => has(world, "gone", id));
    expect(kinds(world, id)).toEqual(["started", "exited", "gone"]);
    expect(exitOf(world, id)).toEqual({ kind: "code", code: 0 });
  });

  test("the exit code is the program's own", async () => {
    const { world, id } = await start("fails");
    await world.until("gone", () => has(world, "gone", id));
    expect(exitOf(world, id)).toEqual({ kind: "code", code: 3 });
  });

  test("a program that is not there is exited as never run, then gone, and never started", async () => {
    const { world, id } = await start("missing");
    await world.until("gone", () => has(world, "gone", id));
    expect(kinds(world, id)).toEqual(["exited", "gone"]);
    expect(exitOf(world, id)?.kind).toBe("spawn");
  });

  test("two runs of one slot are told apart", async () => {
    const { world, id } = await start("runs");
    const next = { ...id, run: 2 };
    world.host.start(next, world.spec("fails"));
    await world.until("the second is gone", () => has(world, "gone", next));
    await world.until("the first is started", () => has(world, "started", id));
    expect(kinds(world, id)).toEqual(["started"]);
    expect(kinds(world, next)).toEqual(["started", "exited", "gone"]);
  });
}

function ends(start: Start): void {
  test("stop ends a program, and its exit is told before gone", async () => {
    const { world, id } = await start("runs");
    await world.until("started", () => has(world, "started", id));
    const before = world.events.length;
    world.host.stop(id, STOP);
    expect(world.events.length, "no event during stop").toBe(before);
    await world.until("gone", () => has(world, "gone", id));
    expect(kinds(world, id)).toEqual(["started", "exited", "gone"]);
  });

  test("stop straight after start leaves nothing running", async () => {
    const { world, id } = await start("runs");
    world.host.stop(id, STOP);
    await world.until("gone", () => has(world, "gone", id));
    expect(kinds(world, id).slice(-2)).toEqual(["exited", "gone"]);
  });

  test("kill straight after start leaves nothing running", async () => {
    const { world, id } = await start("stubborn");
    world.host.kill(id);
    await world.until("gone", () => has(world, "gone", id));
    expect(kinds(world, id).slice(-2)).toEqual(["exited", "gone"]);
  });

  test("a program that ignores the stop signal is ended by kill, as SIGKILL", async () => {
    const { world, id } = await start("stubborn");
    await world.until("started", () => has(world, "started", id));
    await world.until("deaf", () => world.behaves(id));
    world.host.stop(id, STOP);
    world.host.kill(id);
    await world.until("gone", () => has(world, "gone", id));
    expect(kinds(world, id)).toEqual(["started", "exited", "gone"]);
    expect(exitOf(world, id)).toMatchObject({ kind: "signal", signal: "SIGKILL" });
  });

  test("what outlives its main process keeps the run from being gone until it is killed", async () => {
    const { world, id } = await start("leaves");
    await world.until("exited", () => has(world, "exited", id));
    expect(has(world, "gone", id)).toBe(false);
    world.host.kill(id);
    await world.until("gone", () => has(world, "gone", id));
    expect(kinds(world, id)).toEqual(["started", "exited", "gone"]);
    expect(exitOf(world, id)).toEqual({ kind: "code", code: 0 });
  });
}

function survives(start: Start): void {
  test("stop, kill and signal of a run that is gone, or never was, do nothing", async () => {
    const { world, id } = await start("succeeds");
    await world.until("gone", () => has(world, "gone", id));
    const before = world.events.length;
    for (const each of [id, { ...id, service: "nobody" }]) {
      world.host.stop(each, STOP);
      world.host.kill(each);
      world.host.signal(each, "SIGHUP");
    }
    const other = { ...id, run: 2 };
    world.host.start(other, world.spec("succeeds"));
    await world.until("another run is gone", () => has(world, "gone", other));
    expect(world.events.slice(before).filter((e) => !about(e, other))).toEqual([]);
  });

  test("stop and kill may be repeated", async () => {
    const { world, id } = await start("stubborn");
    await world.until("started", () => has(world, "started", id));
    for (let times = 0; times < 3; times++) {
      world.host.stop(id, STOP);
      world.host.kill(id);
    }
    await world.until("gone", () => has(world, "gone", id));
    expect(kinds(world, id)).toEqual(["started", "exited", "gone"]);
  });

  test("after a rename the events carry the new name only", async () => {
    const { world, id } = await start("runs");
    await world.until("started", () => has(world, "started", id));
    const renamed = { ...id, service: "web" };
    world.host.rename(id, renamed);
    world.host.stop(id, STOP);
    world.host.stop(renamed, STOP);
    await world.until("gone", () => has(world, "gone", renamed));
    expect(kinds(world, id)).toEqual(["started"]);
    expect(kinds(world, renamed)).toEqual(["exited", "gone"]);
  });
}

function about(event: Event, id: InstanceId): boolean {
  return "id" in event && sameId(event.id, id);
}

/** Whether an event of this kind was told of a run. */
export function has(world: ProcessWorld, kind: Event["kind"], id: InstanceId): boolean {
  return world.events.some((event) => event.kind === kind && about(event, id));
}

/** The life of one run as a list; what probes said is left out. */
export function kinds(world: ProcessWorld, id: InstanceId): readonly Event["kind"][] {
  return world.events.filter((e) => about(e, id) && e.kind !== "probed").map((e) => e.kind);
}

/** How it ended, as told first. */
export function exitOf(world: ProcessWorld, id: InstanceId) {
  const event = world.events.find((each) => each.kind === "exited" && about(each, id));
  return event?.kind === "exited" ? event.exit : undefined;
}
