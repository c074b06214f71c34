import type { ServiceStatus } from "../control/snapshot.ts";
import type { Project, ServiceSpec } from "../core/spec.ts";
import { EXIT } from "../errors.ts";

type Status = Pick<
  ServiceStatus,
  "name" | "state" | "next_due" | "by_hand" | "depends_on" | "instances"
>;

/** What can bring a service back without a person: its watch, or its schedule. */
type Spec = Pick<ServiceSpec, "name" | "watch" | "schedule">;

/**
 * The exit code of an `up` with nothing left to run: 1 when something failed, else 0. null: something runs, is
 * tried again, waits for something that may still come, or may be started again by its watch, its schedule
 * the person who stopped it, or an edit of a
 * file that is applied as it is saved.
 */
export function overCode(
  services: readonly Status[],
  project: Pick<Project, "reload"> & { readonly services: readonly Spec[] },
): typeof EXIT.ok | typeof EXIT.failed | null {
  if (project.reload === "auto") return null;
  const returning = new Set(
    project.services
      .filter((spec) => spec.watch !== null || spec.schedule !== null)
      .map(({ name }) => name),
  );
  const wanted = services.filter((service) => service.state !== "disabled");
  const failed = failedOf(wanted);
  const isOver = (service: Status) => service.state === "done" || failed.has(service.name);
  const mayReturn = (service: Status) =>
    returning.has(service.name) || service.next_due !== null || service.by_hand.stopped;
  if (!wanted.every((service) => isOver(service) && !mayReturn(service))) return null;
  return failed.size > 0 ? EXIT.failed : EXIT.ok;
}

/** What failed, and what waits for it in vain. */
function failedOf(services: readonly Status[]): ReadonlySet<string> {
  const failed = new Set(services.filter(({ state }) => state === "failed").map((s) => s.name));
  for (let before = -1; before < failed.size; ) {
    before = failed.size;
    for (const service of services) {
      const isStuck =
        service.state === "waiting" &&
        service.instances.length === 0 &&
        Object.keys(service.depends_on).some((name) => failed.has(name));
      if (isStuck) failed.add(service.name);
    }
  }
  return failed;
}
