import { addressText } from "../../src/core/address.ts";
import type { Desired } from "../../src/core/desired.ts";
import { withHelpers, withoutHelpers } from "../../src/core/helpers.ts";
import type { ListenAddress, ListenSettings, ServiceSpec } from "../../src/core/spec.ts";
import { listening } from "../rig/specs.ts";
import { type Deed, deed, NAMES, toServices } from "./edits.ts";
import { isSamePlace } from "./places.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** What files listen on, who connects, and which ports are taken by others. */
export class Listening {
  readonly #random: Random;
  /** What a service of this name listens on when it is new. */
  readonly #drawn = new Map<string, ListenSettings | null>();
  #known: ReadonlySet<string> = new Set();
  /** How many will connect by and by. */
  coming = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A file of which some services listen, as configuration hands it over: no address twice, with the proxies. */
  dress(desired: Desired): Desired {
    const taken: ListenAddress[] = [];
    const specs = [...withoutHelpers(desired.services).values()].map((spec) => {
      const dressed = fitting(this.#known.has(spec.name) ? spec : this.#first(spec));
      const addresses = dressed.listen?.addresses ?? [];
      if (addresses.some((one) => taken.some((other) => isSamePlace(one, other)))) {
        return { ...dressed, listen: null };
      }
      taken.push(...addresses);
      return dressed;
    });
    return { ...desired, services: withHelpers(toServices(specs)) };
  }

  /** The file is the one that counts now. */
  keep(desired: Desired): void {
    this.#known = new Set(desired.services.keys());
  }

  #first(spec: ServiceSpec): ServiceSpec {
    const known = this.#drawn.get(spec.name);
    const drawn = known === undefined ? drawListen(spec.name, this.#random) : known;
    this.#drawn.set(spec.name, drawn);
    return drawn === null || spec.listen !== null ? spec : { ...spec, listen: drawn, port: null };
  }

  /** Something that only worlds with sockets know. */
  drawDeed(world: World, desired: Desired): Deed {
    const random = this.#random;
    const specs = [...desired.services.values()].filter((spec) => spec.kind === "service");
    const [spec] = random.shuffle(specs);
    if (spec === undefined) return deed("nothing to listen for", desired, []);
    switch (random.pick(["connect", "connect", "connect", "edit", "edit", "stranger"] as const)) {
      case "connect":
        return this.#connect(world, desired);
      case "edit":
        return editListen(desired, spec, random);
      case "stranger":
        return strange(world, desired, random);
    }
  }

  /** Callers, some at once and some later, of services that should listen and of some that do not. */
  #connect(world: World, desired: Desired): Deed {
    const random = this.#random;
    const texts = [...desired.services.values()].flatMap((spec) =>
      (spec.listen?.addresses ?? []).map(addressText),
    );
    if (texts.length === 0) return deed("nobody listens", desired, []);
    const calls = Array.from({ length: random.int(1, 4) }, () => {
      return { text: random.pick(texts), inMs: random.pick([0, 0, 10, 500, 3_000]) };
    });
    const act = () => {
      for (const { text, inMs } of calls) {
        this.coming++;
        world.clock.after(inMs, () => {
          this.coming--;
          const isOpen = world.host.sockets.connect(text);
          world.say(`* somebody connects to ${text}${isOpen ? "" : ", refused"}`);
        });
      }
    };
    return { ...deed("callers", desired, []), act, class: "cosmetic" };
  }
}

/** What is asked, without what procs runs for that by itself. */
export function undressed(desired: Desired): Desired {
  return { ...desired, services: withoutHelpers(desired.services) };
}

/** A stranger takes a port that is free, or the last one leaves. */
function strange(world: World, desired: Desired, random: Random): Deed {
  const { strangers, held } = world.host.sockets;
  const [there] = strangers;
  if (there !== undefined) {
    const act = () => void strangers.delete(there);
    return { ...deed(`the stranger leaves port ${there}`, desired, []), act, class: "cosmetic" };
  }
  const port = 9_000 + 10 * random.int(0, 3);
  const isHeld = [...held.values()].some(
    ({ address }) => "port" in address && address.port === port,
  );
  const act = () => void (isHeld ? undefined : strangers.add(port));
  return { ...deed(`a stranger takes port ${port}`, desired, []), act, class: "cosmetic" };
}

function editListen(desired: Desired, spec: ServiceSpec, random: Random): Deed {
  const { name, listen, port } = spec;
  const change: Partial<ServiceSpec> =
    listen === null
      ? { listen: drawListen(name, random, typeof port === "number" ? port : null), port: null }
      : random.pick([
          () => ({ listen: { ...listen, addresses: drawAddresses(name, random) } }),
          () => ({ listen: { ...listen, addresses: drawAddresses(name, random) } }),
          () => ({ listen: { ...listen, start: random.pick(["always", "on-demand"] as const) } }),
          () => ({ listen: { ...listen, idle_stop: random.pick([null, 800, 4_000]) } }),
          () => ({ listen: { ...listen, backlog: random.pick([128, 511]) } }),
          () => ({ listen: { ...listen, mode: random.pick(["share", "proxy"] as const) } }),
          () => ({ listen: drawListen(name, random) }),
          () => ({ listen: null, port: firstPort(listen) }),
        ])();
  const words = JSON.stringify(change.listen);
  const services = new Map(desired.services).set(name, { ...spec, ...change });
  return deed(`edit ${name} listen=${words}`, { ...desired, services }, [name]);
}

function firstPort(listen: ListenSettings): number | null {
  const [tcp] = listen.addresses.filter((address) => address.kind === "tcp");
  return tcp?.port ?? null;
}

function drawListen(
  name: string,
  random: Random,
  port: number | null = null,
): ListenSettings | null {
  if (port === null && random.chance(0.3)) return null;
  const mode = random.pick(["share", "share", "share", "proxy", "inetd"] as const);
  return listening(9_000, {
    addresses: port === null ? drawAddresses(name, random) : [{ kind: "tcp", host: null, port }],
    mode,
    start: mode === "inetd" || random.chance(0.5) ? "on-demand" : "always",
    idle_stop: random.pick([null, 800, 4_000]),
    drain: random.pick([0, 500, 2_000]),
    wait: mode === "inetd" && random.chance(0.5),
  });
}

/** Few ports for each name, so that files come back to what they had before. */
function drawAddresses(name: string, random: Random): readonly ListenAddress[] {
  const port = 9_000 + 10 * NAMES.indexOf(name) + random.int(0, 1);
  return random.pick<readonly ListenAddress[]>([
    [{ kind: "tcp", host: null, port }],
    [{ kind: "tcp", host: null, port }],
    [{ kind: "tcp", host: "127.0.0.1", port }],
    [
      { kind: "tcp", host: null, port },
      { kind: "tcp", host: null, port: port + 5 },
    ],
    [{ kind: "unix", path: `/shop/${name}.sock`, mode: 0o600 }],
  ]);
}

/** What the file may say beside `listen`. */
function fitting(spec: ServiceSpec): ServiceSpec {
  const { listen, kind, port } = spec;
  if (listen === null) return spec;
  if (kind === "task" || typeof port === "number") return { ...spec, listen: null };
  return { ...spec, port: listen.mode === "proxy" ? "auto" : null };
}
