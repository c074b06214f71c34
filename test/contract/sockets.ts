import { afterEach, describe, expect, test } from "vitest";
import { addressText } from "../../src/core/address.ts";
import type { Event } from "../../src/core/event.ts";
import type { Host } from "../../src/core/ports.ts";
import type { ListenAddress, ServiceSpec } from "../../src/core/spec.ts";

/** A host under test, and somebody who connects to it. */
export interface SocketWorld {
  readonly host: Pick<Host, "bind" | "unbind" | "wakeOn" | "count">;
  readonly events: readonly Event[];
  /** An address that nobody has. */
  address(): Promise<ListenAddress & { readonly kind: "tcp" }>;
  /** Somebody who is not ours listens there. */
  occupy(address: ListenAddress & { readonly kind: "tcp" }): Promise<void>;
  /** Somebody connects, and stays; false: he was refused. */
  connect(address: ListenAddress): Promise<boolean>;
  /** A service `api` that starts on demand. */
  spec(address: ListenAddress): ServiceSpec;
  until(what: string, condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** What every host must do with the sockets that it binds; run on the real one and on the simulated one. */
export function socketsContract(name: string, createWorld: () => Promise<SocketWorld>): void {
  describe(`sockets of the ${name} host`, () => {
    const worlds: SocketWorld[] = [];
    afterEach(async () => {
      for (const world of worlds.splice(0)) await world.close();
    });
    const begin = async () => {
      const world = await createWorld();
      worlds.push(world);
      return { world, address: await world.address() };
    };
    binds(begin);
    wakes(begin);
  });
}

type Begin = () => Promise<{
  world: SocketWorld;
  address: ListenAddress & { readonly kind: "tcp" };
}>;

/** Every event of a kind so far. */
function told<K extends Event["kind"]>(world: SocketWorld, kind: K): Extract<Event, { kind: K }>[] {
  return world.events.filter((each): each is Extract<Event, { kind: K }> => each.kind === kind);
}

function binds(begin: Begin): void {
  test("a bind is answered later, and from then on clients are let in", async () => {
    const { world, address } = await begin();
    expect(await world.connect(address)).toBe(false);
    world.host.bind("api", address, 511);
    expect(world.events).toEqual([]);
    await world.until("it is bound", () => told(world, "bound").length === 1);
    expect(world.events).toEqual([
      { kind: "bound", service: "api", address: addressText(address) },
    ]);
    expect(await world.connect(address)).toBe(true);
  });

  test("what is held is bound at once, also for another service", async () => {
    const { world, address } = await begin();
    world.host.bind("api", address, 511);
    await world.until("it is bound", () => told(world, "bound").length === 1);
    world.host.bind("web", address, 128);
    await world.until("it is bound again", () => told(world, "bound").length === 2);
    expect(told(world, "bound").at(-1)?.service).toBe("web");
    expect(told(world, "unbindable")).toEqual([]);
  });

  test("what somebody else has is unbindable, and the reason says that it is taken", async () => {
    const { world, address } = await begin();
    await world.occupy(address);
    world.host.bind("api", address, 511);
    await world.until("an answer", () => told(world, "unbindable").length === 1);
    const [answer] = told(world, "unbindable");
    expect(answer).toMatchObject({ service: "api", address: addressText(address) });
    expect(answer?.detail).toMatch(/^taken by \S/);
    expect(answer?.ours ?? false).toBe(false);
  });

  test("an unbind is answered later, also of what was never bound, and refuses from then on", async () => {
    const { world, address } = await begin();
    world.host.unbind(address);
    await world.until("the first answer", () => told(world, "unbound").length === 1);
    world.host.bind("api", address, 511);
    await world.until("it is bound", () => told(world, "bound").length === 1);
    world.host.unbind(address);
    await world.until("it is closed", () => told(world, "unbound").length === 2);
    expect(await world.connect(address)).toBe(false);
  });
}

function wakes(begin: Begin): void {
  const bound = async () => {
    const { world, address } = await begin();
    world.host.bind("api", address, 511);
    await world.until("it is bound", () => told(world, "bound").length === 1);
    return { world, address, spec: world.spec(address) };
  };

  test("the first connection wakes, once, and again when it is waited for anew", async () => {
    const { world, address, spec } = await bound();
    world.host.wakeOn([spec]);
    expect(await world.connect(address)).toBe(true);
    expect(await world.connect(address)).toBe(true);
    await world.until("it is woken", () => told(world, "woken").length === 1);
    world.host.wakeOn([]);
    // Those two wait still.
    world.host.wakeOn([spec]);
    await world.until("it is woken again", () => told(world, "woken").length === 2);
    expect(told(world, "woken")).toEqual([1, 2].map(() => ({ kind: "woken", service: "api" })));
  });

  test("who waits already wakes what is waited for later", async () => {
    const { world, address, spec } = await bound();
    expect(await world.connect(address)).toBe(true);
    world.host.wakeOn([spec]);
    await world.until("it is woken", () => told(world, "woken").length === 1);
  });

  test("connections are told as soon as there are any", async () => {
    const { world, address, spec } = await bound();
    world.host.count([spec]);
    expect(await world.connect(address)).toBe(true);
    await world.until("one is told", () => told(world, "traffic").at(-1)?.connections === 1);
    expect(told(world, "traffic").at(-1)?.service).toBe("api");
  });
}
