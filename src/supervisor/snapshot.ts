import type { InstanceStatus, LastExit, ServiceStatus, Snapshot } from "../control/snapshot.ts";
import { addressText } from "../core/address.ts";
import { intentOf } from "../core/desired.ts";
import { oomField } from "../core/exit.ts";
import { helperName, withoutHelpers } from "../core/helpers.ts";
import { instanceWords } from "../core/instance-state.ts";
import { type Exit, type Instance, type InstanceId, isLive } from "../core/observed.ts";
import { dependentsOf } from "../core/order.ts";
import type { Millis, ServiceSpec } from "../core/spec.ts";
import { type InstanceState, serviceState } from "../core/status.ts";
import { formatCheck, formatCommand, formatDuration } from "../core/units.ts";
import { lastLines } from "../logs/last-lines.ts";
import { runFiles } from "../logs/layout.ts";
import type { Session } from "./session.ts";
import { whereOf } from "./where.ts";

/** What the processes of one instance use. */
export interface Usage {
  readonly cpu_percent: number | null;
  readonly memory_bytes: number | null;
  readonly connections: number | null;
}

export interface SnapshotOptions {
  readonly session: Session;
  /** null: all. */
  readonly services: readonly string[] | null;
  readonly drift: Snapshot["drift"];
  readonly usage: (id: InstanceId) => Usage;
}

const LINES_SHOWN = 10;

/** What runs, as people see it. */
export function takeSnapshot(options: SnapshotOptions): Snapshot {
  const { session } = options;
  const { project } = session.basis;
  const { core } = session;
  // A service that left the file but still stops is still there.
  const names = new Set([...core.desired.services.keys(), ...core.observed.services.keys()]);
  const chosen = [...names]
    .filter((name) => !isHelper(name, session))
    .filter((name) => options.services?.includes(name) ?? true);
  return {
    v: 1,
    kind: "ps",
    project: project?.name ?? "",
    folder: session.paths.folder,
    file: project?.file ?? "",
    supervisor: { version: session.version, pid: process.pid, since: session.since },
    drift: options.drift,
    seq: session.events.seq,
    services: chosen.flatMap((name) => serviceStatus(name, options) ?? []),
  };
}

/** What procs runs for another service is shown with that one. */
function isHelper(name: string, { core }: Session): boolean {
  const { desired, observed } = core;
  const spec = desired.services.get(name) ?? observed.services.get(name)?.instances.at(-1)?.applied;
  return spec?.helps != null;
}

function serviceStatus(name: string, options: SnapshotOptions): ServiceStatus | null {
  const { session } = options;
  const { desired, observed } = session.core;
  const instances = observed.services.get(name)?.instances ?? [];
  const spec = desired.services.get(name) ?? instances.at(-1)?.applied;
  if (spec === undefined) return null;
  const now = session.clock.now();
  const state = serviceState(desired, observed, name, now);
  const shown = state.instances
    .filter(({ instance }) => isLive(instance))
    .map((one) => instanceStatus(one, options));
  const intent = intentOf(desired, name);
  const proxy = proxyStatus(name, options);
  return {
    name,
    kind: spec.kind,
    state: state.state,
    detail: state.detail,
    ready: state.ready,
    wanted: state.wanted,
    restarts: state.restarts,
    since: session.wallTime(state.since),
    cpu_percent: sum(shown.map((one) => one.cpu_percent)),
    memory_bytes: sum(shown.map((one) => one.memory_bytes)),
    where: whereOf(spec, observed),
    listens: (spec.listen?.addresses ?? []).map(addressText),
    // Who is connected to the proxy is connected to the service, whichever instance answers next.
    connections: proxy?.connections ?? sum(shown.map((one) => one.connections ?? null)),
    proxy,
    next_due: session.wallTime(state.dueAt),
    retry_in_ms: state.retryAt === null ? null : Math.round(Math.max(0, state.retryAt - now)),
    last_exit: lastExit(state.lastExit, session),
    by_hand: {
      stopped: intent.stopped,
      scale: intent.scale,
      file_instances: spec.instances,
    },
    instances: shown,
    ...describe(spec, session),
  };
}

/** What the file says of it: for `status`. */
function describe(spec: ServiceSpec, session: Session) {
  const { desired } = session.core;
  const { project } = session.basis;
  const dependencies = Object.entries(spec.depends_on).map(
    ([name, { condition }]) => [name, condition] as const,
  );
  const sources = project?.sources ?? {};
  const own = Object.hasOwn(sources, spec.name) ? sources[spec.name] : undefined;
  return {
    command: formatCommand(spec.command),
    cwd: spec.cwd,
    description: spec.description,
    depends_on: Object.fromEntries(dependencies),
    needed_by: dependentsOf(withoutHelpers(desired.services), spec.name),
    source: own?.[""] ?? null,
    probe: probeWords(spec, session),
  };
}

/** `http /health: GET :3000/health 200 in 3ms, 12s ago`: what is asked, and the last answer. */
function probeWords(spec: ServiceSpec, session: Session): string | null {
  const instances = session.core.observed.services.get(spec.name)?.instances ?? [];
  const last = instances.filter(isLive).at(-1);
  // What runs is asked as its own version says: after a roll back the file's probe is another.
  const { ready, alive } = last?.applied ?? spec;
  const probe = ready ?? alive;
  if (probe === null) return null;
  const asked = formatCheck(probe.check);
  const answer = (ready === null ? last?.alive.last : last?.ready.last) ?? null;
  if (answer === null) return asked;
  const seconds = Math.round((session.clock.now() - answer.at) / 1000);
  const when = seconds === 0 ? "just now" : `${formatDuration(seconds * 1000)} ago`;
  return `${asked}: ${answer.detail || (answer.ok ? "passed" : "failed")}, ${when}`;
}

function instanceStatus(
  { instance, state, current }: InstanceState,
  { session, usage }: SnapshotOptions,
): InstanceStatus {
  const used = usage(instance);
  const { detail } = instanceWords(instance, session.clock.now());
  return {
    instance: instance.slot,
    run: instance.run,
    state,
    pid: pidOf(instance),
    port: instance.port,
    since: session.wallTime(instance.startedAt),
    ...used,
    current,
    detail: detail === null ? null : withConnections(detail, used.connections),
  };
}

/** `draining, up to 30s` with what is drained. */
function withConnections(detail: string, connections: number | null): string {
  if (connections === null || connections === 0) return detail;
  const words = connections === 1 ? "1 connection" : `${connections} connections`;
  return detail.replace(/^draining,/, `draining, ${words},`);
}

/** The newest process that accepts for a service; null: it has none, or none lives. */
function proxyStatus(name: string, options: SnapshotOptions): InstanceStatus | null {
  const { desired, observed } = options.session.core;
  const help = helperName(name);
  if (!observed.services.has(help)) return null;
  const { instances } = serviceState(desired, observed, help, options.session.clock.now());
  const live = instances.filter(({ instance }) => isLive(instance)).at(-1) ?? instances.at(-1);
  return live === undefined ? null : instanceStatus(live, options);
}

function pidOf({ phase }: Instance): number | null {
  return "pid" in phase ? phase.pid : null;
}

function lastExit(
  found: { readonly instance: Instance; readonly words: string; readonly at: Millis } | null,
  session: Session,
): LastExit | null {
  if (found === null || found.instance.phase.kind !== "ended") return null;
  const { service, slot, run, phase } = found.instance;
  return {
    ...codeOf(phase.exit),
    words: found.words,
    time: session.wallTime(found.at) ?? "",
    instance: slot,
    run,
    last_lines: lastLines(runFiles(session.paths.runs, service, slot, run), LINES_SHOWN),
  };
}

function codeOf(exit: Exit): Pick<LastExit, "code" | "signal" | "oom"> {
  return {
    code: exit.kind === "code" ? exit.code : null,
    signal: exit.kind === "signal" ? exit.signal : null,
    ...oomField(exit),
  };
}

/** null when nothing is known of any. */
function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}
