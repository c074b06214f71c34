import { rmSync } from "node:fs";
import { join } from "node:path";
import type { InstanceId } from "../core/observed.ts";
import { dependentsOf } from "../core/order.ts";
import type { Millis, ServiceSpec, StopSettings } from "../core/spec.ts";
import { runFiles } from "../logs/layout.ts";
import { namesIn } from "../logs/names-in.ts";
import type { ProjectPaths } from "../paths.ts";
import { type Member, takeCensus } from "./census.ts";
import { isPopulated } from "./cgroup.ts";
import { markOf, readMark } from "./environment.ts";
import { isHeld, openReader, watchFifo } from "./fifos.ts";
import { readLedger } from "./ledger.ts";
import { fifoRuns, lifeFifos, readFifoName } from "./life.ts";
import type { RunContext } from "./run.ts";
import { isAttempt } from "./strays.ts";
import { findProcess, killTrees, markIn, signalTrees, type TreeTarget } from "./tree.ts";

/** A run of an earlier supervisor, of which something still lives. */
export interface Leftover {
  readonly id: InstanceId;
  /** The program itself, as the ledger has it. */
  readonly pid: number | null;
  /** Everything of it that could be found; may be empty although something lives. */
  readonly pids: readonly number[];
}

/** How a service wants to be stopped, and after whom. */
export type StopFacts = Pick<ServiceSpec, "name" | "stop" | "depends_on">;

/** How to end leftovers. */
export interface LeftoverEnding {
  /** As last known: how each wants to be stopped, and who needs whom. */
  readonly services: ReadonlyMap<string, StopFacts>;
  /** Aborted: the rest gets no more grace. */
  readonly hurry?: AbortSignal;
}

/** How long after a SIGKILL a tree may take to vanish, before it is looked for again. */
const VANISH_MS = 500;
const KILLS_MAX = 6;
/** How often processes without a fifo are looked for. */
const LOOK_EVERY_MS = 50;
/** For a service that nobody knows any more. */
const STOP_DEFAULT: StopSettings = { signal: "SIGTERM", timeout: 10_000 };

/**
 * What an earlier supervisor left running: the runs whose tree fifo somebody still holds, and those that
 * left a marked process, for when the fifos were cleaned away. Changes nothing.
 */
export function findLeftovers(
  paths: ProjectPaths,
  projectId: string,
  census: readonly Member[] = takeCensus(),
): readonly Leftover[] {
  const held = fifoRuns(paths).filter((id) => isHeld(lifeFifos(paths, id).tree));
  const known = new Set(held.map((id) => targetOf(paths, projectId, id).mark));
  const marked = markedRuns(projectId, census, known);
  return [...held, ...marked].map((id) => {
    const { mark, fifo } = targetOf(paths, projectId, id);
    const pids = census
      .filter((each) => each.mark === mark || each.fifo === fifo)
      .map(({ process }) => process.pid);
    return { id, pid: readLedger(ledgerOf(paths, id)).pid, pids };
  });
}

/** Clears away the fifos that nobody holds. To be called while no run of ours exists. */
export function clearFifos(paths: ProjectPaths): void {
  for (const id of fifoRuns(paths)) if (!isHeld(lifeFifos(paths, id).tree)) clear(paths, id);
  for (const name of namesIn(paths.life)) {
    if (readFifoName(name) !== null || name.endsWith(".main")) continue;
    if (!isHeld(join(paths.life, name))) rmSync(join(paths.life, name), { force: true });
  }
}

/**
 * Ends them, dependents first: each with the signal and the grace of its service, then SIGKILL to
 * everything found by mark, life fifo or session. Resolves with those of which something lives even then.
 */
export async function killLeftovers(
  context: Pick<RunContext, "paths" | "projectId" | "cgroups">,
  leftovers: readonly Leftover[],
  ending: LeftoverEnding,
): Promise<readonly Leftover[]> {
  const { paths, projectId, cgroups } = context;
  const ends = leftovers.map((leftover) => {
    const target = targetOf(paths, projectId, leftover.id);
    return new End(paths, { ...target, cgroup: cgroups.find(target.mark) }, leftover);
  });
  const immortal: Leftover[] = [];
  for (let rest = ends; rest.length > 0; ) {
    const layer = withoutDependents(rest, ending.services);
    rest = rest.filter((each) => !layer.includes(each));
    const lasting = await endLayer(layer, ending);
    immortal.push(...lasting.map((each) => each.leftover));
  }
  for (const each of leftovers) if (!immortal.includes(each)) clear(paths, each.id);
  cgroups.sweep();
  return immortal;
}

/** All that nobody of the others needs, directly or not; in a circle, all. */
function withoutDependents(ends: readonly End[], services: LeftoverEnding["services"]): End[] {
  const names = new Set(ends.map((each) => each.leftover.id.service));
  const free = ends.filter(({ leftover }) => {
    const seen = new Set([leftover.id.service]);
    for (const name of seen) for (const other of dependentsOf(services, name)) seen.add(other);
    seen.delete(leftover.id.service);
    return ![...seen].some((name) => names.has(name));
  });
  return free.length > 0 ? free : [...ends];
}

async function endLayer(
  layer: readonly End[],
  { services, hurry }: LeftoverEnding,
): Promise<readonly End[]> {
  const groups = new Map<string, { stop: StopSettings; ends: End[] }>();
  for (const each of layer) {
    const stop = services.get(each.leftover.id.service)?.stop ?? STOP_DEFAULT;
    const key = `${stop.signal} ${stop.timeout}`;
    const group = groups.get(key) ?? { stop, ends: [] };
    groups.set(key, group);
    group.ends.push(each);
  }
  const all = await Promise.all(
    [...groups.values()].map(({ stop, ends }) => endAll(ends, stop, hurry)),
  );
  return all.flat();
}

/** Looking through all processes costs the same for one as for fifty. */
async function endAll(
  ends: readonly End[],
  stop: StopSettings,
  hurry?: AbortSignal,
): Promise<readonly End[]> {
  const targets = ends.map((each) => each.target);
  signalTrees(targets, stop.signal);
  signalTrees(targets, "SIGCONT");
  let rest = await stillThere(ends, stop.timeout, hurry);
  for (let kills = 0; kills < KILLS_MAX && rest.length > 0; kills++) {
    killTrees(
      rest.map((each) => each.target),
      new Set(),
    );
    rest = await stillThere(rest, VANISH_MS);
  }
  return rest;
}

/** Those that are not gone when the time is over. */
async function stillThere(
  ends: readonly End[],
  limitMs: Millis,
  hurry?: AbortSignal,
): Promise<readonly End[]> {
  const held = new Set(ends.filter((each) => each.isThere()));
  if (held.size === 0) return [];
  const watchers: { close(): void }[] = [];
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    watchers.push({ close: () => clearTimeout(timer) });
    if (hurry?.aborted === true) resolve();
    hurry?.addEventListener("abort", () => resolve(), { once: true });
    const gone = (each: End): void => {
      held.delete(each);
      if (held.size === 0) resolve();
    };
    for (const each of held) watchers.push(each.onGone(() => gone(each)));
  });
  for (const watcher of watchers) watcher.close();
  return [...held];
}

/** The end of one leftover: what it is known by, and whether it has come. */
class End {
  readonly leftover: Leftover;
  readonly target: TreeTarget;
  readonly #tree: string;

  constructor(paths: ProjectPaths, target: TreeTarget, leftover: Leftover) {
    this.leftover = leftover;
    this.target = target;
    this.#tree = lifeFifos(paths, leftover.id).tree;
  }

  isThere(): boolean {
    const { cgroup } = this.target;
    const isInCgroup = cgroup != null && isPopulated(cgroup);
    return isHeld(this.#tree) || isInCgroup || this.#marked().length > 0;
  }

  onGone(listener: () => void): { close(): void } {
    if (!isHeld(this.#tree)) return this.#poll(listener);
    let poll: { close(): void } | null = null;
    const fifo = watchFifo(openReader(this.#tree), {
      end: () => {
        poll = this.isThere() ? this.#poll(listener) : null;
        if (poll === null) listener();
      },
    });
    return {
      close: () => {
        fifo.close();
        poll?.close();
      },
    };
  }

  /** Without the fifo nobody tells when the last one goes. */
  #poll(listener: () => void): { close(): void } {
    const timer = setInterval(() => {
      if (this.isThere()) return;
      clearInterval(timer);
      listener();
    }, LOOK_EVERY_MS);
    return { close: () => clearInterval(timer) };
  }

  /** Only those that were found before: a marked process that was born since has the fifo, or such a parent. */
  #marked(): readonly number[] {
    return this.leftover.pids.filter(
      (pid) => findProcess(pid) !== null && markIn(pid) === this.target.mark,
    );
  }
}

/** Without the shim: its pid was not written down, and the mark and the fifo find it as they find the rest. */
function targetOf(paths: ProjectPaths, projectId: string, id: InstanceId): TreeTarget {
  // A renamed run carries the mark of its first name.
  const mark = readLedger(ledgerOf(paths, id)).mark ?? markOf(projectId, id);
  return { shim: null, mark, fifo: lifeFifos(paths, id).tree };
}

function ledgerOf(paths: ProjectPaths, id: InstanceId): string {
  return runFiles(paths.runs, id.service, id.slot, id.run).ledger;
}

/** Runs of which a marked process lives, save those with a known mark. */
function markedRuns(
  projectId: string,
  census: readonly Member[],
  known: ReadonlySet<string>,
): readonly InstanceId[] {
  const marks = new Set(census.flatMap(({ mark }) => mark ?? []));
  return [...marks]
    .filter((mark) => !known.has(mark))
    .flatMap((mark) => readMark(projectId, mark) ?? [])
    .filter((id) => !isAttempt(id));
}

function clear(paths: ProjectPaths, id: InstanceId): void {
  const { main, tree } = lifeFifos(paths, id);
  rmSync(main, { force: true });
  rmSync(tree, { force: true });
  const exchange = join(paths.runtime, "exchange", `${id.service}.${id.slot}.${id.run}`);
  rmSync(exchange, { recursive: true, force: true });
}
