import { type InstanceId, sameId } from "../core/observed.ts";
import type { ListenAddress, ServiceSpec } from "../core/spec.ts";
import type { Sharing } from "./accepting.ts";
import { openAt } from "./connections.ts";
import { socketsOf } from "./holder.ts";
import { targetOf } from "./kills.ts";
import { readTcp } from "./net-table.ts";
import type { Run } from "./run.ts";
import { listenersAt } from "./socket-state.ts";
import type { Sockets } from "./sockets.ts";
import { membersByTarget } from "./tree.ts";

/** A look at all processes serves for so long: a probe asks several times in a row. */
const FRESH_MS = 200;

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
  let inodes: ReadonlySet<number> | null = null;
  return {
    addresses,
    get inodes() {
      inodes ??= inodesOf(run, addresses, sockets, this.pids());
      return inodes;
    },
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
  const runs = ids.flatMap((id) => all.find((run) => sameId(run.id, id)) ?? []);
  const table = runs.some((run) => placesOf(run).length > 0) ? readTcp() : null;
  const open = runs.map((run) => openAt(placesOf(run), table));
  // Looking through processes is slow, and not needed for what is idle.
  const isAnyOpen = open.some((inodes) => inodes !== null && inodes.length > 0);
  const pids = isAnyOpen ? pidsOf(runs) : [];
  return ids.map((id) => {
    const index = runs.findIndex((run) => sameId(run.id, id));
    const [run, inodes = null] = [runs[index], open[index]];
    if (run === undefined || placesOf(run).length === 0 || inodes === null) {
      return { id, connections: null };
    }
    const wanted = new Set(inodes);
    const own = inodes.length === 0 ? [] : (pids[index] ?? []).flatMap(socketsOf);
    return { id, connections: new Set(own.filter((inode) => wanted.has(inode))).size };
  });
}

/** Those that procs holds; where it has lost them, those that the run itself listens on at these addresses. */
function inodesOf(
  { spec }: Run,
  addresses: readonly ListenAddress[],
  sockets: Pick<Sockets, "inodesOf">,
  pids: readonly number[],
): ReadonlySet<number> {
  const held = sockets.inodesOf(spec);
  if (held.size > 0) return held;
  const listening = new Set(listenersAt(addresses));
  return new Set(pids.flatMap(socketsOf).filter((inode) => listening.has(inode)));
}

/** Whether something that lives was given one of these addresses. */
function isSharedWith(
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
