import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { listProcesses } from "../../src/host/tree.ts";
import { adoptionContract, type MortalWorld } from "../contract/adoption.ts";
import { type Behaviour, processesContract } from "../contract/processes.ts";
import { API, createRig, eventually, pidIn } from "./rig.ts";

const COMMANDS: Readonly<Record<Behaviour, string | readonly string[]>> = {
  runs: ["sleep", "1000"],
  succeeds: ["true"],
  fails: "exit 3",
  stubborn: "trap '' TERM; echo deaf; while :; do sleep 1000; done",
  leaves: "sleep 1000 & exit 0",
  missing: ["no-such-program"],
};

processesContract("real", createWorld);
adoptionContract("real", createWorld);

async function createWorld(): Promise<MortalWorld> {
  const rig = await createRig();
  let { host } = rig;
  return {
    get host() {
      return host;
    },
    events: rig.events,
    spec: (behaviour): ServiceSpec => rig.spec(COMMANDS[behaviour]),
    until: (what, condition) => eventually(what, condition),
    behaves: (id) => read(rig.files(id).out) === "deaf\n",
    dies: async () => {
      await host.close();
      rig.events.splice(0);
      host = rig.successor();
    },
    hasBegun: (id) => /^start /m.test(read(rig.files(id).ledger)),
    hasEnded: (id) => /^exit /m.test(read(rig.files(id).ledger)),
    close: () => rig.close(),
  };
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

test("a probe that still asks ends with the instance that it asks", async () => {
  const rig = await createRig();
  const exec = { kind: "exec", command: "echo $$ > asked; sleep 500 & sleep 500" } as const;
  const ready = { check: exec, interval: 100, timeout: 60_000, failures: 1 };
  const spec = rig.spec(["sleep", "1000"], { ready });
  rig.host.start(API, spec);
  await rig.event("started");
  rig.host.probe(API, "ready", spec);
  const probe = await pidIn(join(rig.folder, "asked"));
  const isThere = () => listProcesses().some(({ group }) => group === probe);
  expect(isThere()).toBe(true);
  rig.host.stop(API, { signal: "SIGTERM", timeout: 1_000 });
  await rig.event("gone");
  await eventually("the probe has ended", () => !isThere());
  await rig.close();
});
