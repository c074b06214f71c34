import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "../core/event.ts";
import { type InstanceId, sameId } from "../core/observed.ts";
import type { AdoptingHost } from "../core/ports.ts";
import type { ServiceSpec } from "../core/spec.ts";
import type { ProjectPaths } from "../paths.ts";
import { recentCensus } from "./census.ts";
import { type Cgroups, openCgroups } from "./cgroups.ts";
import { monotonicMs } from "./clock.ts";
import { fillCommand, markOf, programEnvironment, projectMark } from "./environment.ts";
import type { Taken, Wanted } from "./holders.ts";
import {
  clearFifos,
  findLeftovers,
  killLeftovers,
  type Leftover,
  type LeftoverEnding,
} from "./leftovers.ts";
import type { Drain } from "./lives.ts";
import { attemptLimit, attemptProbe, type ProbeAnswer } from "./probes.ts";
import { Processes } from "./processes.ts";
import type { Run } from "./run.ts";
import { Schedules } from "./schedules.ts";
import { connectionsOf, sharingOf } from "./sharing.ts";
import { hardFileLimit } from "./shim.ts";
import { Sockets, type SocketsOptions } from "./sockets.ts";
import { Sampler, type TreeStats } from "./stats.ts";
import { attemptId, endForgottenAttempts, findStrays } from "./strays.ts";
import { exchangeDoor, upstreamPath } from "./upstream-path.ts";
import { Watches } from "./watch.ts";

export interface HostOptions {
  /** Its folders exist and are ours: see `preparePaths`. */
  readonly paths: ProjectPaths;
  /** Never called during a call of the host. */
  readonly emit: (event: Event) => void;
  /** For the log of the supervisor: something did not work, and no event can say so. */
  readonly warn?: (message: string) => void;
  /** The soft limit of open files that programs get: what procs had before Node raised its own. */
  readonly fileLimit?: number;
  /** See `RunContext`. */
  readonly key?: string | null;
  /** Those of this machine, unless others are given. */
  readonly cgroups?: Cgroups;
  /** See `RunContext`. */
  readonly onFull?: (error: unknown) => boolean;
  /** Called before the stop signal of a run behind a proxy, which is sent when this has resolved. */
  readonly drain?: Drain;
  /** The sockets of the supervisor before this one, and who keeps ours beyond it; absent: nobody. */
  readonly sockets?: Required<Pick<SocketsOptions, "inherited" | "hold">>;
}

/** The real world behind core's port. */
export interface RealHost extends AdoptingHost {
  /** What runs of an earlier supervisor still live, and clears up after the others. To be asked before the first start. */
  leftovers(): readonly Leftover[];
  /** Ends them; resolves with those that could not be ended. */
  killLeftovers(
    leftovers: readonly Leftover[],
    ending: LeftoverEnding,
  ): Promise<readonly Leftover[]>;
  /** What each live run's whole tree uses now; null where the system does not tell. */
  stats(ids: readonly InstanceId[]): readonly { id: InstanceId; stats: TreeStats | null }[] | null;
  /** Open connections of each live run; null where that cannot be seen. */
  connections(
    ids: readonly InstanceId[],
  ): readonly { readonly id: InstanceId; readonly connections: number | null }[];
  /** Binds all of these for the binds that follow soon, or none and says who has which. */
  reserve(wanted: readonly Wanted[]): readonly Taken[];
  /** Lets go of what was reserved and not bound since. */
  release(): void;
  /** Which of these somebody else has, without touching anything. */
  holders(wanted: readonly Wanted[]): readonly Taken[];
  /** Closes the sockets that were inherited and that nobody has asked for. */
  dropUnclaimed(): void;
  /** Resolves when all watched files have been looked at once. */
  watching(): Promise<void>;
  /** Looks away for good. What runs goes on, in the care of the next supervisor. */
  close(): Promise<void>;
}

/** What other projects left behind can wait until ours runs. */
const TIDY_MS = 5_000;
/** A watch's command is a build or a test: long, not endless. */
const COMMAND_MS_MAX = 10 * 60_000;

export function createHost(options: HostOptions): RealHost {
  const { paths } = options;
  const projectId = projectMark(paths);
  const warn = options.warn ?? (() => {});
  let isClosed = false;
  const closing = new AbortController();
  const emit = (event: Event): void => {
    if (isClosed) return;
    options.emit(event);
    if (event.kind === "gone") sockets.look(event.id.service);
  };
  const fileLimit = options.fileLimit ?? defaultFileLimit();
  const { key = null, onFull = () => false } = options;
  const memory = join(paths.state, "cgroup");
  const cgroups = options.cgroups ?? openCgroups({ projectId, memory });
  // What is empty is of runs that ended while no supervisor was there.
  cgroups.sweep();
  const tidying = setTimeout(() => cgroups.sweepOthers(), TIDY_MS).unref();
  const context = { paths, projectId, socketPath: paths.socket, fileLimit, key, cgroups, onFull };
  const sockets = new Sockets({ ...options.sockets, emit, warn, projectId });
  const processes: Processes = new Processes({
    ...{ ...context, emit, warn },
    ...(options.drain === undefined ? {} : { drain: options.drain }),
    socketsFor: (spec) => sockets.socketsFor(spec, (text) => processes.uses(text)),
  });
  const sampler = new Sampler();
  const watches = new Watches({
    changed: (service, path) => emit({ kind: "changed", service, path }),
    warn,
  });
  const schedules = new Schedules({
    now: monotonicMs,
    scheduled: (service, at) => emit({ kind: "scheduled", service, at }),
    warn,
  });
  return {
    start: (id, spec) => processes.start(id, spec),
    adopt: (adoption) => processes.adopt(adoption),
    strays: (known) => findStrays(known, context),
    stop: (id, using) => processes.stop(id, using),
    kill: (id) => processes.kill(id),
    signal: (id, signal) => processes.signal(id, signal),
    update: (id, spec) => processes.update(id, spec),
    rename: (from, to) => processes.rename(from, to),
    probe: (id, which, spec) =>
      void probe({ processes, sockets, projectId, paths }, id, which, spec, emit),
    watch: (specs) => watches.watch(specs),
    run: (spec, command) =>
      void runCommand(spec, command, { ...context, signal: closing.signal }, emit),
    bind: (service, address, backlog) => sockets.bind(service, address, backlog),
    unbind: (address) => sockets.unbind(address),
    wakeOn: (specs) => sockets.wakeOn(specs),
    count: (specs) => sockets.count(specs),
    schedule: (spec) => schedules.schedule(spec),
    leftovers: () => {
      clearFifos(paths);
      endForgottenAttempts(recentCensus(cgroups), projectId);
      return findLeftovers(paths, projectId, recentCensus(cgroups));
    },
    killLeftovers: (leftovers, ending) => killLeftovers(context, leftovers, ending),
    stats: (ids) => sampleRuns(processes, sampler, ids),
    connections: (ids) => connectionsOf(ids, processes.all()),
    reserve: (wanted) => sockets.reserve(wanted),
    release: () => sockets.release(),
    holders: (wanted) => sockets.holders(wanted),
    dropUnclaimed: () => sockets.dropUnclaimed(),
    watching: () => watches.ready(),
    close: async () => {
      isClosed = true;
      closing.abort();
      processes.close();
      sockets.close();
      cgroups.sweep();
      clearTimeout(tidying);
      schedules.close();
      await watches.close();
    },
  };
}

async function probe(
  { processes, sockets, projectId, paths }: ProbeContext,
  id: InstanceId,
  which: "ready" | "alive",
  spec: ServiceSpec,
  emit: (event: Event) => void,
): Promise<void> {
  const run = processes.find(id);
  const asked = which === "ready" ? spec.ready : spec.alive;
  if (run === undefined || asked === null) return;
  const abort = new AbortController();
  const watcher = { close: () => abort.abort() };
  run.watchers.push(watcher);
  const { cwd, shell } = spec;
  const mark = markOf(projectId, attemptId("probe", id.service, id.slot));
  const target = {
    ...{ port: run.port, cwd, shell, env: run.env, mark, signal: abort.signal },
    sharing: sharingOf(run, () => processes.all(), sockets),
    upstream: spec.listen === null ? null : doorOf(run, paths),
  };
  const { check } = asked;
  const filled =
    check.kind === "exec" ? { ...check, command: fillCommand(check.command, id.slot) } : check;
  const answer = await attemptProbe(filled, target, attemptLimit(which, asked));
  const at = run.watchers.indexOf(watcher);
  if (at >= 0) run.watchers.splice(at, 1);
  // It may have ended, or been renamed, meanwhile.
  const isCurrent = processes.all().includes(run);
  if (answer !== null && isCurrent) emit({ kind: "probed", id: run.id, probe: which, ...answer });
}

function doorOf(run: Run, paths: ProjectPaths): string {
  const other = exchangeDoor(run.reporter);
  return other !== null && existsSync(other) ? other : upstreamPath(paths, run.id);
}

interface ProbeContext {
  readonly processes: Processes;
  readonly sockets: Sockets;
  readonly projectId: string;
  readonly paths: ProjectPaths;
}

async function runCommand(
  spec: ServiceSpec,
  command: string | readonly string[],
  context: {
    readonly projectId: string;
    readonly socketPath: string;
    readonly signal: AbortSignal;
  },
  emit: (event: Event) => void,
): Promise<void> {
  const env = programEnvironment(spec, {
    id: { service: spec.name, slot: 1, run: 0 },
    projectId: context.projectId,
    socketPath: context.socketPath,
    port: typeof spec.port === "number" ? spec.port : null,
    account: null,
    extra: {},
  });
  const { cwd, shell } = spec;
  const mark = markOf(context.projectId, attemptId("command", spec.name, 1));
  const target = { port: null, cwd, shell, env, mark, signal: context.signal };
  const answer: ProbeAnswer | null = await attemptProbe(
    { kind: "exec", command },
    target,
    COMMAND_MS_MAX,
  );
  const detail = (answer?.detail ?? "").replace(/^exec /, "");
  emit({ kind: "ran", service: spec.name, ok: answer?.ok === true, detail });
}

function sampleRuns(processes: Processes, sampler: Sampler, ids: readonly InstanceId[]) {
  const runs = processes.all().filter((run) => ids.some((id) => sameId(id, run.id)));
  const shims = new Map(runs.flatMap((run) => (run.shim === null ? [] : [[run.mark, run.shim]])));
  const stats = sampler.sample(shims);
  if (stats === null) return null;
  return runs.map((run) => ({ id: run.id, stats: stats.get(run.mark) ?? null }));
}

/** The command that started the supervisor says what it had; Node cannot know of itself. */
function defaultFileLimit(): number {
  const given = Number(process.env.PROCS_NOFILE);
  return Math.min(given > 0 ? given : 1_024, hardFileLimit());
}
