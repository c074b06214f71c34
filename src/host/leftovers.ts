import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { InstanceId } from "../core/observed.ts";
import type { Millis } from "../core/spec.ts";
import { runFiles } from "../logs/layout.ts";
import type { ProjectPaths } from "../paths.ts";
import { markOf } from "./environment.ts";
import { isHeld, openReader, watchFifo } from "./fifos.ts";
import { readLedger } from "./ledger.ts";
import { lifeFifos } from "./run.ts";
import { killTrees, membersOf, signalTrees, type TreeTarget } from "./tree.ts";

/** A run of an earlier supervisor, of which something still lives. */
export interface Leftover {
  readonly id: InstanceId;
  /** The program itself, as the ledger has it. */
  readonly pid: number | null;
  /** Everything of it that could be found; may be empty although something lives. */
  readonly pids: readonly number[];
}

/** How long after a SIGKILL a tree may take to vanish, before it is looked for again. */
const VANISH_MS = 500;
const KILLS_MAX = 6;

/**
 * What an earlier supervisor left running: the runs whose tree fifo somebody still holds. Fifos that
 * nobody holds are cleared away. To be called while no run of ours exists.
 */
export function findLeftovers(paths: ProjectPaths, projectId: string): readonly Leftover[] {
  const found: Leftover[] = [];
  for (const name of namesIn(paths.life)) {
    const [, service, slot, run] = /^(.+)\.(\d+)\.(\d+)\.tree$/.exec(name) ?? [];
    if (service === undefined) {
      if (!isHeld(join(paths.life, name))) rmSync(join(paths.life, name), { force: true });
      continue;
    }
    const id = { service, slot: Number(slot), run: Number(run) };
    if (!isHeld(lifeFifos(paths, id).tree)) clear(paths, id);
    else {
      const pids = membersOf([targetOf(paths, projectId, id)]).map((process) => process.pid);
      found.push({ id, pid: ledgerOf(paths, id).pid, pids });
    }
  }
  return found;
}

/**
 * Ends them: SIGTERM, the grace, then SIGKILL to everything found by mark, life fifo or session. Resolves
 * with those of which something lives even then.
 */
export async function killLeftovers(
  paths: ProjectPaths,
  projectId: string,
  leftovers: readonly Leftover[],
  graceMs: Millis,
): Promise<readonly Leftover[]> {
  const targets = new Map(leftovers.map((each) => [each, targetOf(paths, projectId, each.id)]));
  signalTrees([...targets.values()], "SIGTERM");
  signalTrees([...targets.values()], "SIGCONT");
  let immortal = await stillHeld(paths, leftovers, graceMs);
  for (let kills = 0; kills < KILLS_MAX && immortal.length > 0; kills++) {
    killTrees(
      immortal.flatMap((each) => targets.get(each) ?? []),
      new Set(),
    );
    immortal = await stillHeld(paths, immortal, VANISH_MS);
  }
  for (const each of leftovers) if (!immortal.includes(each)) clear(paths, each.id);
  return immortal;
}

function stillHeld(
  paths: ProjectPaths,
  leftovers: readonly Leftover[],
  limitMs: Millis,
): Promise<readonly Leftover[]> {
  const held = new Set(leftovers.filter((each) => isHeld(lifeFifos(paths, each.id).tree)));
  if (held.size === 0) return Promise.resolve([]);
  return new Promise((resolve) => {
    const watchers: { close(): void }[] = [];
    const finish = (): void => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      resolve([...held]);
    };
    const timer = setTimeout(finish, limitMs);
    for (const each of held) {
      const end = (): void => {
        held.delete(each);
        if (held.size === 0) finish();
      };
      watchers.push(watchFifo(openReader(lifeFifos(paths, each.id).tree), { end }));
    }
  });
}

/** Without the shim: its pid was not written down, and the mark and the fifo find it as they find the rest. */
function targetOf(paths: ProjectPaths, projectId: string, id: InstanceId): TreeTarget {
  // A renamed run carries the mark of its first name.
  const mark = ledgerOf(paths, id).mark ?? markOf(projectId, id);
  return { shim: null, mark, fifo: lifeFifos(paths, id).tree };
}

function ledgerOf(paths: ProjectPaths, id: InstanceId) {
  return readLedger(runFiles(paths.runs, id.service, id.slot, id.run).ledger);
}

function clear(paths: ProjectPaths, id: InstanceId): void {
  const { main, tree } = lifeFifos(paths, id);
  rmSync(main, { force: true });
  rmSync(tree, { force: true });
  const exchange = join(paths.runtime, "exchange", `${id.service}.${id.slot}.${id.run}`);
  rmSync(exchange, { recursive: true, force: true });
}

function namesIn(folder: string): readonly string[] {
  try {
    // `.main` goes with its `.tree`.
    return readdirSync(folder).filter((name) => !name.endsWith(".main"));
  } catch {
    return [];
  }
}
