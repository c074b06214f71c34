import { rmSync } from "node:fs";
import type { ClearReply, Target } from "../control/protocol.ts";
import { type InstanceId, instanceName } from "../core/observed.ts";
import { messageOf } from "../errors.ts";
import { streamFiles } from "../logs/archives.ts";
import { isTarget, listSlots } from "../logs/catalogue.ts";
import { runFiles } from "../logs/layout.ts";
import type { KeptRun } from "../logs/retention.ts";
import { deleteRun, StoredSlot } from "../logs/stored-runs.ts";

export interface Clearing {
  readonly runs: string;
  /** null: of all that has logs. */
  readonly targets: readonly Target[] | null;
  readonly isLive: (id: InstanceId) => boolean;
  /** Empties the logs of a run while its program writes to them. */
  readonly clearLive: (id: InstanceId) => Promise<void>;
}

/** Deletes what is stored of the output of some services; what their programs write from now on is kept. */
export async function clearLogs(clearing: Clearing): Promise<ClearReply> {
  const { runs, targets } = clearing;
  const chosen = targets?.map(({ service, instance }) => ({ service, slot: instance })) ?? null;
  const services = new Map<string, number>();
  const failed: ClearReply["failed"][number][] = [];
  for (const { service, slot } of listSlots(runs).filter((one) => isTarget(chosen, one))) {
    const look = () => bytesOf(new StoredSlot(runs, service, slot).look(() => false));
    const before = look();
    const why = await clearSlot(clearing, service, slot);
    services.set(service, (services.get(service) ?? 0) + Math.max(0, before - look()));
    if (why !== null) failed.push({ name: instanceName({ service, slot }), why });
  }
  const cleared = [...services].map(([name, freed_bytes]) => ({ name, freed_bytes }));
  return { v: 1, kind: "cleared", services: cleared, failed };
}

/** null, or why something of it is still there. */
async function clearSlot(
  clearing: Clearing,
  service: string,
  slot: number,
): Promise<string | null> {
  const stored = new StoredSlot(clearing.runs, service, slot).look(() => false);
  const last = Math.max(...stored.map(({ run }) => run));
  let why: string | null = null;
  for (const { run } of stored) {
    const id = { service, slot, run };
    try {
      if (clearing.isLive(id)) await clearing.clearLive(id);
      else clearEnded(clearing.runs, id, run === last);
    } catch (error) {
      why ??= messageOf(error);
    }
  }
  return why;
}

/** Of the last run its ledger stays: how it ended may still be asked, and its number is not given again. */
function clearEnded(runs: string, { service, slot, run }: InstanceId, isLast: boolean): void {
  const files = runFiles(runs, service, slot, run);
  if (!isLast) {
    deleteRun(files);
    return;
  }
  const archives = [files.out, files.err].flatMap((live) => streamFiles(live));
  for (const path of [files.out, files.err, ...archives, files.outIndex, files.errIndex]) {
    rmSync(path, { force: true });
  }
}

function bytesOf(stored: readonly KeptRun[]): number {
  return stored
    .flatMap(({ archives, rest }) => [...archives, rest])
    .reduce((sum, { diskBytes }) => sum + diskBytes, 0);
}
