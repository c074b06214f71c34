import { unreachable } from "../assert.ts";
import { socketTransitions } from "./changes-listen.ts";
import {
  endedTransition,
  readyTransition,
  stoppingTransition,
  type Told,
  tell,
} from "./changes-run.ts";
import { serviceTransitions } from "./changes-service.ts";
import { type Desired, intentOf } from "./desired.ts";
import { type Instance, isLive, type Observed } from "./observed.ts";
import type { Millis } from "./spec.ts";

/** What changed for people between two looks: services in the order of their names, then slot by slot. */
export function transitions(
  before: Observed,
  after: Observed,
  desired: Desired,
  now: Millis,
): readonly Told[] {
  const specs = desired.services;
  const told: Told[] = [...socketTransitions(before, after, { specs, now })];
  const names = new Set([...before.services.keys(), ...after.services.keys()]);
  for (const name of [...names].sort()) {
    const [was, is] = [before.services.get(name), after.services.get(name)];
    if (was === is) continue;
    const isOnly = (desired.services.get(name)?.instances ?? 1) === 1;
    for (const pair of pairsOf(was?.instances ?? [], is?.instances ?? [])) {
      if (pair.was !== pair.is) told.push(...runTransitions(pair, { before, after, now, isOnly }));
    }
    const spec = desired.services.get(name);
    const count = intentOf(desired, name).scale ?? spec?.instances ?? 1;
    told.push(...serviceTransitions(name, was, is, { now, count }));
  }
  return told.sort((a, b) => rank(a) - rank(b));
}

/** What happened comes before what procs does about it: ready before the stop of what it replaces. */
function rank({ type, state }: Told): number {
  if (type !== "state") return 1;
  return state === "stopping" ? 2 : 0;
}

/** One run before and after. One that has left the books has ended, if it had not before. */
interface Pair {
  readonly was: Instance | null;
  readonly is: Instance | null;
}

interface Look {
  readonly before: Observed;
  readonly after: Observed;
  readonly now: Millis;
  /** Its service has one instance, so that its number says nothing. */
  readonly isOnly: boolean;
}

function pairsOf(before: readonly Instance[], after: readonly Instance[]): Pair[] {
  const isSame = (a: Instance, b: Instance) => a.slot === b.slot && a.run === b.run;
  const pairs: Pair[] = before.map((was) => {
    return { was, is: after.find((is) => isSame(is, was)) ?? null };
  });
  const fresh = after.filter((is) => !before.some((was) => isSame(is, was)));
  return [...pairs, ...fresh.map((is) => ({ was: null, is }))];
}

function runTransitions({ was, is }: Pair, look: Look): Told[] {
  if (is === null) return was === null ? [] : vanished(was, look);
  const [from, to] = [was?.phase ?? null, is.phase];
  switch (to.kind) {
    case "starting":
      return [];
    case "running":
      if (from?.kind === "running") return [];
      // Taken over, or renamed: this is not its begin.
      if (from === null) return [tell(is, look, "starting", "goes on", { pid: to.pid })];
      return [tell(is, look, "starting", startWords(is), { pid: to.pid, ...portOf(is) })];
    case "ready":
      if (from?.kind === "ready") return [];
      if (from === null) return [tell(is, look, "ready", "goes on", { pid: to.pid })];
      return [readyTransition(is, from, look)];
    case "unready": {
      if (from?.kind === "unready") return [];
      const detail = is.ready.last?.detail ?? "no answer";
      return [tell(is, look, "unready", `is not ready any more: ${detail}`, { pid: to.pid })];
    }
    case "stopping":
    case "ending":
      return stoppingTransition(is, was, look);
    case "ended":
      if (was === null || from?.kind === "ended") return [];
      return [endedTransition(was, is, look)];
    default:
      return unreachable(to);
  }
}

function startWords({ run, failures }: Instance): string {
  if (failures > 1) return `starts again (run ${run}, failed ${failures} times in a row)`;
  return run === 1 ? "starts" : `starts${failures === 1 ? " again" : ""} (run ${run})`;
}

function portOf({ port }: Instance): { readonly port?: number } {
  return port === null ? {} : { port };
}

/** It ended and left the books, or its slot was taken by the next run, in one step; or it has a new name, or never was. */
function vanished(was: Instance, look: Look): Told[] {
  if (!isLive(was) || was.phase.kind === "starting" || hasNewName(was, look.after)) return [];
  return [endedTransition(was, null, look)];
}

function hasNewName(was: Instance, after: Observed): boolean {
  const pid = pidOf(was);
  if (pid === null) return false;
  for (const [name, service] of after.services) {
    if (name !== was.service && service.instances.some((is) => pidOf(is) === pid)) return true;
  }
  return false;
}

function pidOf({ phase }: Instance): number | null {
  return "pid" in phase ? phase.pid : null;
}
