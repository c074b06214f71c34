import type { Change, PlanDoc } from "../core/plan-doc.ts";

/** What a plan would change in these services, by service; those without changes are left out. */
export function changesOf(
  plan: PlanDoc,
  names: readonly string[],
): Readonly<Record<string, readonly Change[]>> {
  const changes: Record<string, readonly Change[]> = {};
  for (const service of plan.services) {
    if (names.includes(service.service) && service.changes.length > 0) {
      changes[service.service] = service.changes;
    }
  }
  return changes;
}

/** `env.PORT 3000 -> 4000 (procs.yaml:9)`. */
export function changeWords(change: Change): string {
  const where = change.source === null ? "" : ` (${change.source.file}:${change.source.line})`;
  return `${change.path} ${whatChanged(change)}${where}`;
}

function whatChanged(change: Change): string {
  if (change.redacted) return "changed (secret)";
  if (change.from === null && change.to === null) return "changed";
  if (change.from === null) return `added: ${change.to}`;
  if (change.to === null) return "removed";
  return `${change.from} -> ${change.to}`;
}
