import type { ServiceSpec } from "../../src/core/spec.ts";
import { type Behaviour, type ProcessWorld, processesContract } from "../contract/processes.ts";
import { createRig, eventually } from "./rig.ts";

const COMMANDS: Readonly<Record<Behaviour, string | readonly string[]>> = {
  runs: ["sleep", "1000"],
  succeeds: ["true"],
  fails: "exit 3",
  stubborn: "trap '' TERM; while :; do sleep 1000; done",
  leaves: "sleep 1000 & exit 0",
  missing: ["no-such-program"],
};

processesContract("real", async (): Promise<ProcessWorld> => {
  const rig = await createRig();
  return {
    host: rig.host,
    events: rig.events,
    spec: (behaviour): ServiceSpec => rig.spec(COMMANDS[behaviour]),
    until: (what, condition) => eventually(what, condition),
    close: () => rig.close(),
  };
});
