import {
  type Instance,
  type InstanceId,
  instanceName,
  type Observed,
  type ObservedService,
  sameId,
} from "./observed.ts";

/** Nothing is known yet. */
export const EMPTY: Observed = { services: new Map(), sockets: {}, nextRun: {} };

const EMPTY_SERVICE: ObservedService = {
  instances: [],
  good: null,
  rollout: null,
  rejected: null,
  epoch: 0,
  goodEpoch: 0,
  epochMax: 0,
  wanted: null,
  change: null,
  watched: { times: [], paused: false, running: false },
  due: null,
  pending: false,
  demand: null,
  restarts: 0,
};

/** A service that is not known yet is an empty one. */
export function serviceOf(observed: Observed, name: string): ObservedService {
  return observed.services.get(name) ?? EMPTY_SERVICE;
}

/** By slot, then run: the order that `instances` of a service always has. */
export function sortInstances(instances: readonly Instance[]): readonly Instance[] {
  return [...instances].sort((a, b) => a.slot - b.slot || a.run - b.run);
}

/** Changes one instance; the same observed when it is not known. */
export function onInstance(
  observed: Observed,
  id: InstanceId,
  change: (instance: Instance) => Instance,
): Observed {
  return onService(observed, id.service, (service) => {
    const index = service.instances.findIndex((i) => sameId(i, id));
    const before = service.instances[index];
    if (before === undefined) return service;
    const after = change(before);
    if (after === before) return service;
    return { ...service, instances: service.instances.with(index, after) };
  });
}

/** Changes one service; the same observed when it is not known. */
export function onService(
  observed: Observed,
  name: string,
  change: (service: ObservedService) => ObservedService,
): Observed {
  return observed.services.has(name) ? withService(observed, name, change) : observed;
}

/** Changes one service, which need not be known yet. */
export function withService(
  observed: Observed,
  name: string,
  change: (service: ObservedService) => ObservedService,
): Observed {
  const before = serviceOf(observed, name);
  const after = change(before);
  if (after === before && observed.services.has(name)) return observed;
  return { ...observed, services: new Map(observed.services).set(name, after) };
}

/** Runs of this slot begin at `next` or later. */
export function withNextRun(
  observed: Observed,
  slot: { readonly service: string; readonly slot: number; readonly next: number },
): Observed {
  const key = instanceName(slot);
  const next = Math.max(slot.next, observed.nextRun[key] ?? 1);
  return { ...observed, nextRun: { ...observed.nextRun, [key]: next } };
}
