import type { Event } from "../../src/core/event.ts";
import { socketsContract } from "../contract/sockets.ts";
import { listening, service } from "../rig/specs.ts";
import { SimulatedClock } from "./clock.ts";
import { SimulatedHost } from "./processes.ts";
import { NO_FAULTS } from "./program.ts";
import { createRandom } from "./random.ts";

/* The simulated sockets keep the contract that the real ones keep, so that what holds here holds there. */

const LIMIT_MS = 10_000;

socketsContract("simulated", async () => {
  const clock = new SimulatedClock(0);
  const events: Event[] = [];
  const host = new SimulatedHost({
    clock,
    random: createRandom(1),
    faults: NO_FAULTS,
    deliver: (event) => events.push(event()),
    draw: () => {
      throw new Error("nothing is started");
    },
  });
  return {
    host,
    events,
    address: async () => ({ kind: "tcp", host: null, port: 3000 }),
    occupy: async ({ port }) => void host.sockets.strangers.add(port),
    connect: async (address) =>
      host.sockets.connect(`:${address.kind === "tcp" ? address.port : 0}`),
    spec: () =>
      service("api", { listen: listening(3000, { start: "on-demand", idle_stop: 1_000 }) }),
    until: async (what, condition) => {
      while (!condition()) {
        if (!clock.step(LIMIT_MS)) throw new Error(`waited in vain for ${what}`);
      }
    },
    close: async () => undefined,
  };
});
