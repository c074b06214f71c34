import type { Event } from "../../src/core/event.ts";
import type { Exit } from "../../src/core/observed.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { adoptionContract, type MortalWorld } from "../contract/adoption.ts";
import { type Behaviour, processesContract } from "../contract/processes.ts";
import { service } from "../rig/specs.ts";
import { SimulatedClock } from "./clock.ts";
import { SimulatedHost } from "./processes.ts";
import { NO_FAULTS, type Program } from "./program.ts";
import { createRandom } from "./random.ts";

/* The simulated processes keep the contract that the real ones keep, so that what holds here holds there. */

const SOON_MS = 20;
const LIMIT_MS = 10_000;

processesContract("simulated", async () => createWorld());
adoptionContract("simulated", async () => createWorld());

function createWorld(): MortalWorld {
  const clock = new SimulatedClock(0);
  const events: Event[] = [];
  const host = new SimulatedHost({
    clock,
    random: createRandom(1),
    faults: NO_FAULTS,
    deliver: (event) => events.push(event()),
    draw: (spec) => programOf(behaviourOf(spec)),
  });
  return {
    host,
    events,
    spec: (behaviour) => service("api", { labels: { behaviour } }),
    until: async (what, condition) => {
      while (!condition()) {
        if (!clock.step(LIMIT_MS)) throw new Error(`waited in vain for ${what}`);
      }
    },
    behaves: () => true,
    dies: async () => {
      host.forsake();
      events.splice(0);
    },
    hasBegun: (id) => host.find(id) !== undefined,
    hasEnded: (id) => host.find(id)?.state === "gone",
    close: async () => undefined,
  };
}

function behaviourOf(spec: ServiceSpec): Behaviour {
  // Made by spec() above.
  return spec.labels.behaviour as Behaviour;
}

function programOf(behaviour: Behaviour): Program {
  const exitOf = (code: number): { afterMs: number; exit: Exit } => {
    return { afterMs: SOON_MS, exit: { kind: "code", code } };
  };
  const endsSoon = behaviour === "succeeds" || behaviour === "leaves" || behaviour === "fails";
  return {
    spawnMs: 1,
    spawnError: behaviour === "missing" ? "no such file" : null,
    readyMs: 0,
    ends: endsSoon ? exitOf(behaviour === "fails" ? 3 : 0) : null,
    unready: null,
    hangsMs: null,
    stopMs: behaviour === "stubborn" ? null : 1,
    leavesChildren: behaviour === "leaves",
    killsNeeded: 1,
  };
}
