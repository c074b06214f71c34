import { isGivenPort } from "./address-clash.ts";
import type { Draft } from "./draft.ts";
import { type Instance, instanceName, isLive, type Observed } from "./observed.ts";
import type { Scene } from "./scene.ts";
import type { ServiceSpec } from "./spec.ts";

/** The port that a slot gets when the spec fixes it: two processes can never have it at once. */
export function fixedPort(spec: ServiceSpec, slot: number): number | null {
  return typeof spec.port === "number" ? spec.port + slot - 1 : null;
}

/** Who still has the fixed port that a slot needs, or gets it by this very plan, for a person; null: nobody. */
export function whoHasPort(draft: Draft, scene: Scene, slot: number): string | null {
  const port = fixedPort(scene.target.spec, slot);
  if (port === null) return null;
  const starter = draft.starterOn(port);
  if (starter !== null) return `port ${port} is taken by ${instanceName(starter)}`;
  const binder = draft.binderOf(port);
  if (binder !== null) return `port ${port} is bound for ${binder}`;
  const holder = liveHolder(scene.observed, port);
  if (holder !== null) return `port ${port} is still held by ${holder}`;
  const socket = Object.values(scene.observed.sockets).find(
    ({ address, phase }) => address.kind === "tcp" && address.port === port && phase !== "failed",
  );
  return socket === undefined ? null : `port ${port} is still held for ${socket.service}`;
}

/** Which of these instances, other than `except`, has the fixed port that a slot needs. */
export function holderAmong(
  instances: readonly Instance[],
  spec: ServiceSpec,
  slot: number,
  except?: Instance,
): Instance | undefined {
  const port = fixedPort(spec, slot);
  if (port === null) return undefined;
  return instances.find((i) => i !== except && hasPort(i, port));
}

/** A port of its own, or one that it was given the socket of. */
function hasPort(instance: Instance, port: number): boolean {
  const { applied } = instance;
  return (applied.port !== "auto" && instance.port === port) || isGivenPort(instance, port);
}

function liveHolder(observed: Observed, port: number): string | null {
  for (const service of observed.services.values()) {
    for (const instance of service.instances) {
      if (!isLive(instance) || !hasPort(instance, port)) continue;
      return `${instanceName(instance)} run ${instance.run}`;
    }
  }
  return null;
}
