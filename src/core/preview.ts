import type { Desired } from "./desired.ts";
import { type Fate, fatesOf, type Worlds } from "./fate.ts";
import { foresee } from "./ideal.ts";
import type { Observed } from "./observed.ts";
import { dependentsOf } from "./order.ts";
import { type Action, formatAction } from "./plan.ts";
import type { PlanDoc, PlanService } from "./plan-doc.ts";
import { type Taken, withoutEstimate } from "./preview-listen.ts";
import { planService } from "./preview-service.ts";
import type { Millis, Source } from "./spec.ts";

/** What a plan needs to know beside both wishes and what is. */
export interface PreviewOptions {
  readonly projectName: string;
  /** service -> path -> where it was written. */
  readonly sources: Readonly<Record<string, Readonly<Record<string, Source>>>>;
  /** Services that the file no longer has stay as they are. */
  readonly noRemove: boolean;
  /** Addresses that others have: what listens there cannot start. */
  readonly taken?: Taken;
}

/**
 * What `procs reload` would do: decide() folded over an ideal world, once with what is wanted now and once with
 * what would be wanted, then told service by service. It cannot act: no port is in reach.
 */
export function preview(
  before: Desired,
  after: Desired,
  observed: Observed,
  now: Millis,
  options: PreviewOptions,
): PlanDoc {
  const kept = options.noRemove ? leftOut(before, after) : new Set<string>();
  const wanted = kept.size === 0 ? after : withServices(after, before, kept);
  const worlds: Worlds = {
    before,
    after: wanted,
    observed,
    base: foresee(before, observed, now),
    next: foresee(wanted, observed, now),
  };
  const fates = fatesOf(worlds).filter((fate) => !isHelp(fate));
  const taken = options.taken ?? {};
  const services = fates.map((fate) => {
    const service = planService(fate, worlds, { sources: sourcesOf(options, fate.name), taken });
    const note = "not in procs.yaml any more, left alone (--no-remove)";
    return kept.has(fate.name) ? { ...service, notes: [...service.notes, note] } : service;
  });
  const told = inOrder(services.map((service) => withAffected(service, services, wanted)));
  const changed = told.filter((service) => service.symbol !== "=");
  return {
    id: idOf(told, fates),
    project: options.projectName,
    changed: changed.length > 0,
    summary: {
      add: changed.filter((service) => service.symbol === "+").length,
      change: changed.filter((s) => s.symbol === "~" || s.symbol === "-/+").length,
      remove: changed.filter((service) => service.symbol === "-").length,
      unchanged: told.length - changed.length,
    },
    services: told,
    steps: stepsOf(worlds.next.actions, new Set(changed.map((service) => service.service))),
  };
}

/** What procs runs for another service has no line: that service's line is about both. */
function isHelp({ from, to, running }: Fate): boolean {
  return (to ?? from ?? running[0]?.applied)?.helps != null;
}

/** The names that the new file lacks and nobody takes over. */
function leftOut(before: Desired, after: Desired): ReadonlySet<string> {
  const renamed = new Set([...after.services.values()].map((spec) => spec.was));
  const names = [...before.services.keys()];
  return new Set(names.filter((name) => !after.services.has(name) && !renamed.has(name)));
}

function withServices(after: Desired, before: Desired, names: ReadonlySet<string>): Desired {
  const services = new Map(after.services);
  for (const name of names) {
    const spec = before.services.get(name);
    if (spec !== undefined) services.set(name, spec);
  }
  return { ...after, services };
}

/** Changed ones in file order, removed ones, unchanged ones. */
function inOrder(services: readonly PlanService[]): readonly PlanService[] {
  const rank = ({ symbol, action }: PlanService) =>
    symbol === "=" ? 2 : symbol === "-" && action === "stop" ? 1 : 0;
  return [...services].sort((a, b) => rank(a) - rank(b));
}

/** Who is not served while this one is away. */
function withAffected(
  service: PlanService,
  all: readonly PlanService[],
  after: Desired,
): PlanService {
  if (service.downtime === "none") return service;
  const isUp = (name: string) => {
    const other = all.find((one) => one.service === name);
    return other !== undefined && other.instances.from > 0 && other.symbol !== "-";
  };
  const names = dependentsOf(after.services, service.service).filter(isUp);
  if (names.length === 0) return service;
  const verb = names.length === 1 ? "needs" : "need";
  const note = `also affects ${names.join(", ")}, which ${verb} ${service.service}`;
  return { ...service, notes: [...service.notes, note] };
}

/** What is done to processes; the keeping of the books is left out. */
function stepsOf(actions: readonly Action[], changed: ReadonlySet<string>): readonly string[] {
  const kinds = new Set<Action["kind"]>(["start", "stop", "kill", "update", "adopt"]);
  return actions
    .filter((action) => kinds.has(action.kind) && "id" in action && changed.has(action.id.service))
    .map(formatAction);
}

/** Eight hex digits over everything that would change: the same edit of the same world has the same id. */
function idOf(services: readonly PlanService[], fates: readonly Fate[]): string {
  const parts = services
    .filter((service) => service.symbol !== "=")
    .map(({ service, symbol, words, instances, changes }) => {
      const fate = fates.find((one) => one.name === service);
      const values = changes.map((change) => {
        const raw = fate?.changes.find((one) => one.path === change.path);
        // Of a secret only twelve bits go in: enough to notice another value, too few to guess it.
        return change.redacted
          ? [change.path, fnv(JSON.stringify([raw?.from, raw?.to])) & 0xfff]
          : [change.path, change.from, change.to];
      });
      return [service, symbol, withoutEstimate(words), instances.from, instances.to, values];
    });
  return fnv(JSON.stringify(parts)).toString(16).padStart(8, "0");
}

/** FNV-1a, 32 bits, over UTF-16 units. */
function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** A service may be called `constructor`. */
function sourcesOf({ sources }: PreviewOptions, name: string): Readonly<Record<string, Source>> {
  return Object.hasOwn(sources, name) ? (sources[name] ?? {}) : {};
}
