import type { Demand, Instance, Observed, ObservedService } from "../core/observed.ts";

/** Whether a change is worth a write: answers of probes come all day, and the next supervisor asks anew. */
export function isNoteworthy(before: Observed, after: Observed): boolean {
  if (before === after) return false;
  if (before.sockets !== after.sockets) return true;
  if (before.nextRun !== after.nextRun || before.services.size !== after.services.size) return true;
  for (const [name, service] of after.services) {
    const old = before.services.get(name);
    if (old === service) continue;
    if (old === undefined || isServiceNews(old, service)) return true;
  }
  return false;
}

function isServiceNews(before: ObservedService, after: ObservedService): boolean {
  if (before.instances.length !== after.instances.length) return true;
  if (after.instances.some((one, at) => isInstanceNews(before.instances[at], one))) return true;
  if (isDemandNews(before.demand, after.demand)) return true;
  return SERVICE_KEYS.some((key) => before[key] !== after[key]);
}

/** Connections come and go all day; the next supervisor counts them anew. */
function isDemandNews(before: Demand | null, after: Demand | null): boolean {
  return before?.since !== after?.since || before?.failed !== after?.failed;
}

function isInstanceNews(before: Instance | undefined, after: Instance): boolean {
  return before === undefined || INSTANCE_KEYS.some((key) => before[key] !== after[key]);
}

const SERVICE_KEYS = [
  ...["good", "rollout", "rejected", "epoch", "goodEpoch", "epochMax", "wanted", "change"],
  ...["watched", "due", "pending", "restarts"],
] as readonly (keyof ObservedService)[];

const INSTANCE_KEYS = [
  ...["service", "slot", "run", "applied", "generation", "upstream", "phase", "startedAt"],
  ...["port", "failures", "exits", "displaced", "was", "hunted"],
] as readonly (keyof Instance)[];
