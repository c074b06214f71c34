import type { ServiceStatus, Snapshot } from "../control/snapshot.ts";
import { addressText } from "../core/address.ts";
import { listensOn } from "../core/socket-words.ts";
import type { Project, ServiceSpec } from "../core/spec.ts";
import { formatCheck, formatCommand } from "../core/units.ts";

/** How a project looks while nothing of it runs: every service stopped, or disabled. */
export function idleSnapshot(project: Project, profiles: readonly string[]): Snapshot {
  return {
    v: 1,
    kind: "ps",
    project: project.name,
    folder: project.folder,
    file: project.file,
    supervisor: null,
    drift: null,
    seq: 0,
    services: project.services.map((spec) => idleService(spec, project, profiles)),
  };
}

function idleService(
  spec: ServiceSpec,
  project: Project,
  profiles: readonly string[],
): ServiceStatus {
  const isInProfile =
    spec.profiles.length === 0 || spec.profiles.some((profile) => profiles.includes(profile));
  const detail = spec.enabled ? (isInProfile ? null : `profile ${spec.profiles.join(", ")}`) : null;
  return {
    name: spec.name,
    kind: spec.kind,
    state: spec.enabled && isInProfile ? "stopped" : "disabled",
    detail,
    ready: 0,
    wanted: 0,
    restarts: 0,
    since: null,
    cpu_percent: null,
    memory_bytes: null,
    where: listensOn(spec) ?? (typeof spec.port === "number" ? `:${spec.port}` : null),
    listens: (spec.listen?.addresses ?? []).map(addressText),
    connections: null,
    proxy: null,
    next_due: null,
    retry_in_ms: null,
    last_exit: null,
    by_hand: { stopped: false, scale: null, file_instances: spec.instances },
    instances: [],
    command: formatCommand(spec.command),
    cwd: spec.cwd,
    description: spec.description,
    depends_on: Object.fromEntries(
      Object.entries(spec.depends_on).map(([name, dependency]) => [name, dependency.condition]),
    ),
    needed_by: project.services
      .filter((other) => Object.hasOwn(other.depends_on, spec.name))
      .map((other) => other.name),
    source: project.sources[spec.name]?.[""] ?? null,
    probe: spec.ready === null ? null : formatCheck(spec.ready.check),
  };
}
