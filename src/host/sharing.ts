import { type InstanceId, sameId } from "../core/observed.ts";
import type { ListenAddress, ServiceSpec } from "../core/spec.ts";
import type { Sharing } from "./accepting.ts";
import { connectionsIn, countConnections } from "./connections.ts";
import { targetOf } from "./kills.ts";
import type { Run } from "./run.ts";
import type { Sockets } from "./sockets.ts";
import { membersByTarget } from "./tree.ts";

/** A look at all processes serves for so long: a probe asks several times in a row. */
const FRESH_MS = 40;

/** The sockets that a run was given by procs; null: none. */
export function sharingOf(
  run: Run,
  all: () => readonly Run[],
  sockets: Pick<Sockets, "inodesOf">,
): Sharing | null {
  if (!isGiven(run.spec)) return null;
  const addresses = run.spec.listen?.addresses ?? [];
  let pids: readonly number[] = [];
  let at = Number.NEGATIVE_INFINITY;
  return {
    addresses,
    inodes: sockets.inodesOf(run.spec),
    pids: () => {
      if (performance.now() - at > FRESH_MS) {
        pids = pidsOf([run])[0] ?? [];
        at = performance.now();
      }
      return pids;
    },
    isAlone: () => !all().some((other) => other !== run && isSharedWith(other, addresses)),
  };
}

/** How many open connections each of these runs has; null: it cannot be seen, or nobody knows where it listens. */
export function connectionsOf(
  ids: readonly InstanceId[],
  all: readonly Run[],
): readonly { readonly id: InstanceId; readonly connections: number | null }[] {
  const runs = ids.map((id) => all.find((run) => sameId(run.id, id)));
  const anyOpen = runs.some((run) => run !== undefined && hasOpen(run));
  // Looking through processes is slow, and not needed for what is idle.
  const pids = anyOpen ? pidsOf(runs.filter((run) => run !== undefined)) : [];
  let next = 0;
  return ids.map((id, index) => {
    const run = runs[index];
    if (run === undefined) return { id, connections: null };
    const own = pids[next++] ?? [];
    const places = placesOf(run);
    if (places.length === 0) return { id, connections: null };
    return { id, connections: connectionsIn(places, [own])[0] ?? null };
  });
}

/** Whether something that lives was given one of these addresses. */
export function isSharedWith(
  { spec, isSpawned, isTreeGone }: Run,
  addresses: readonly ListenAddress[],
): boolean {
  if (!isSpawned || isTreeGone || !isGiven(spec)) return false;
  return spec.listen?.addresses.some((each) => addresses.some((one) => isSame(each, one))) === true;
}

function isSame(a: ListenAddress, b: ListenAddress): boolean {
  if (a.kind === "unix") return b.kind === "unix" && a.path === b.path;
  return b.kind === "tcp" && a.port === b.port && a.host === b.host;
}

function isGiven({ listen }: ServiceSpec): boolean {
  return listen !== null && listen.mode !== "proxy";
}

/** What it was given, or the port that it binds itself. */
function placesOf({ spec, port }: Run): readonly ListenAddress[] {
  if (isGiven(spec)) return spec.listen?.addresses ?? [];
  return port === null ? [] : [{ kind: "tcp", host: null, port }];
}

function hasOpen(run: Run): boolean {
  return (countConnections(placesOf(run)) ?? 0) > 0;
}

/** By shim, cgroup and parents: looking into the environment of every process of the machine would be slow. */
function pidsOf(runs: readonly Run[]): readonly (readonly number[])[] {
  const targets = runs.map((run) => {
    const target = targetOf(run);
    const isKnown = target.shim !== null || target.cgroup != null;
    return isKnown ? { ...target, mark: "", fifo: null } : target;
  });
  const members = membersByTarget(targets);
  return targets.map((target) => (members.get(target) ?? []).map(({ pid }) => pid));
}
