import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Adoption } from "../../src/core/ports.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import type { RealHost } from "../../src/host/host.ts";
import { API, createRig, type HostRig } from "./rig.ts";

const rigs: HostRig[] = [];

/** To be called after each test. */
export async function closeAll(): Promise<void> {
  for (const rig of rigs.splice(0)) await rig.close();
}

export async function createOne(): Promise<HostRig> {
  const rig = await createRig();
  rigs.push(rig);
  return rig;
}

/** A run started by a host that has looked away since, as a dead supervisor does. */
export async function orphaned(
  command: string | readonly string[],
  change: Partial<ServiceSpec> = {},
) {
  const rig = await createOne();
  const spec = rig.spec(command, change);
  rig.host.start(API, spec);
  const { pid } = await rig.event("started");
  await rig.host.close();
  rig.events.splice(0);
  return { rig, spec, pid };
}

/** Another host takes the run over. */
export function adopt(rig: HostRig, spec: ServiceSpec, change: Partial<Adoption> = {}): RealHost {
  const host = rig.successor();
  const usual = { id: API, was: [], spec, port: null, phase: "running", signal: null } as const;
  host.adopt({ ...usual, ...change });
  return host;
}

/** What was told so far, in order. */
export function kinds(rig: HostRig): readonly string[] {
  return rig.events.map((event) => event.kind);
}

/** A file in the folder of the service; "" when it is not there. */
export function read(rig: HostRig, name: string): string {
  try {
    return readFileSync(join(rig.folder, name), "utf8");
  } catch {
    return "";
  }
}

export function ledgerOf(rig: HostRig): string {
  return readFileSync(rig.files(API).ledger, "utf8");
}

/** Whether anything of the project lives. */
export function isHeldStill(rig: HostRig): boolean {
  return rig.successor().strays([]).length > 0;
}
