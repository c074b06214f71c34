import { type Desired, intentOf, offReason } from "./desired.ts";
import { sameProcess, sameSpec } from "./diff.ts";
import type { Instance, Observed, ObservedService, Rejected, Revision } from "./observed.ts";
import type { ServiceSpec } from "./spec.ts";

/** What is aimed at: what is asked, or the last good one after that failed its rollout. */
export function targetOf(
  desired: Desired,
  service: ObservedService,
  name: string,
): Revision | null {
  const hasFailed = rejectionOf(desired, service, name) !== null;
  return hasFailed && service.good !== null ? service.good : askedRevision(desired, name);
}

/** How what is asked failed its rollout; null: it did not, or was never tried. */
export function rejectionOf(
  desired: Desired,
  service: ObservedService,
  name: string,
): Rejected | null {
  const asked = askedRevision(desired, name);
  const { rejected } = service;
  if (rejected === null || asked === null) return null;
  return sameRevision(rejected.revision, asked) ? rejected : null;
}

/** What the file and the user ask of a service now, whatever became of it; null: not in the file. */
function askedRevision(desired: Desired, name: string): Revision | null {
  const spec = desired.services.get(name);
  return spec === undefined ? null : { spec, generation: intentOf(desired, name).generation };
}

/** How many instances are aimed at: by hand, else as the aimed-at revision says; 0 when the service is off. */
export function targetInstances(desired: Desired, target: Revision | null, name: string): number {
  if (target === null || offReason(desired, name) !== null) return 0;
  if (target.spec.kind === "task") return 1;
  return intentOf(desired, name).scale ?? target.spec.instances;
}

/** Whether nothing differs: same generation, same spec. */
export function sameRevision(a: Revision, b: Revision): boolean {
  return a.generation === b.generation && sameSpec(a.spec, b.spec);
}

/** The same program in the same surroundings: an instance of one need not be replaced for the other. */
export function interchangeable(a: Revision, b: Revision): boolean {
  return a.generation === b.generation && sameProcess(a.spec, b.spec);
}

/** Whether an instance runs what is aimed at. */
export function isCurrent(instance: Instance, target: Revision, observed: Observed): boolean {
  return (
    instance.generation === target.generation &&
    sameProcess(instance.applied, target.spec) &&
    staleUpstream(instance, observed) === null
  );
}

/** A `restart: true` dependency that was replaced since this instance started, and has settled; or null. */
export function staleUpstream(instance: Instance, observed: Observed): string | null {
  for (const [name, dependency] of Object.entries(instance.applied.depends_on)) {
    if (!dependency.restart) continue;
    const upstream = observed.services.get(name);
    const seen = Object.hasOwn(instance.upstream, name) ? instance.upstream[name] : undefined;
    if (upstream === undefined || seen === undefined || seen === upstream.epoch) continue;
    const settled = upstream.good !== null && upstream.goodEpoch === upstream.epoch;
    if (settled && seen !== upstream.goodEpoch) return name;
  }
  return null;
}

/** The epochs to remember at a start. */
export function upstreamEpochs(spec: ServiceSpec, observed: Observed): Record<string, number> {
  const epochs: Record<string, number> = {};
  for (const [name, dependency] of Object.entries(spec.depends_on)) {
    if (dependency.restart) epochs[name] = observed.services.get(name)?.epoch ?? 0;
  }
  return epochs;
}
