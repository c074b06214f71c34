import { socketOf } from "../control/address.ts";
import { call, type StreamEnd, stream } from "../control/client.ts";
import { refuseBesideOther } from "../control/others.ts";
import type {
  ClearReply,
  EventItem,
  PlanRequest,
  ProjectReply,
  Target,
  VersionReply,
  WhyReply,
} from "../control/protocol.ts";
import type { Snapshot } from "../control/snapshot.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import { EXIT, userError } from "../errors.ts";
import type { ProjectPaths } from "../paths.ts";
import type { AttachOptions, Engine, EventsOptions } from "./engine.ts";
import { handOver } from "./handing-over.ts";
import { nothingRuns, performOperation, untilLeft } from "./operating.ts";
import { findAnswer, nextSupervisor } from "./returning.ts";
import type { Base, Way } from "./way.ts";

export interface LocalEngineOptions {
  /** Where a supervisor that has to be started looks for its folders; this process's environment unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The program of the supervisor; the one of this package unless given. */
  readonly entry?: string;
  /** What to call ourselves. */
  readonly version?: string;
}

/**
 * The engine of this machine: speaks to the project's supervisor over its socket, and starts it when asked to. A
 * supervisor that dies meanwhile is waited for, and asked again.
 */
export function localEngine(paths: ProjectPaths, options: LocalEngineOptions = {}): Engine {
  const way = createWay(paths, options);
  const { launch } = way;
  const find = <T>(ask: (base: Base) => Promise<T | null>) => findAnswer(way, ask);
  // The server is of this package, behind a socket of this user: what it answers is what protocol.ts says.
  const get = <T>(path: string) =>
    find(async (base) => (await call({ ...base, method: "GET", path })) as T | null);
  const post = <T>(path: string, body: unknown) =>
    find(async (base) => (await call({ ...base, method: "POST", path, body })) as T | null);
  return {
    paths,
    version: () => get<VersionReply>("/v1/version"),
    snapshot: (services) => {
      const query = services === undefined ? "" : `?services=${services.map(encode).join(",")}`;
      return get<Snapshot>(`/v1/snapshot${query}`);
    },
    project: () => get<ProjectReply>("/v1/project"),
    why: (service) => get<WhyReply>(`/v1/why?service=${encode(service)}`),
    async plan(request) {
      return (await post<PlanDoc>("/v1/plan", request)) ?? planLocally(request);
    },
    async operate(operation, how) {
      const result = await performOperation(way, operation, how);
      if (operation.op === "down" && result.ok) await untilLeft(paths, LEAVE_MS_MAX);
      return result;
    },
    events: (how) => followEvents(find, how),
    async attach(how) {
      const end = await find((base) => attach(base, how));
      if (end === null) throw nothingRuns();
      return ENDS[end];
    },
    async detach() {
      await post("/v1/detach", {});
    },
    async clearLogs(targets) {
      const reply = await post<ClearReply>("/v1/clear", { targets });
      return reply ?? (await clearStored(paths, targets));
    },
    handOver: (to) => handOver(way, options, to),
    launch,
  };
}

const LEAVE_MS_MAX = 5_000;
const ENDS = { whole: "ended", cut: "lost", aborted: "closed" } as const;

function createWay(paths: ProjectPaths, options: LocalEngineOptions): Way {
  const version = options.version === undefined ? {} : { version: options.version };
  const way: Way = {
    paths,
    async reach(ask) {
      const answer = await ask({ socket: paths.socket, ...version });
      if (answer !== null) return answer;
      // Started from a shell with another runtime folder, it listens elsewhere.
      const socket = socketOf(paths);
      return socket === paths.socket ? null : ask({ socket, ...version });
    },
    next: () => nextSupervisor(paths, way.launch),
    async launch() {
      refuseBesideOther(paths);
      const { launchSupervisor } = await import("../supervisor/launch.ts");
      await launchSupervisor({
        paths,
        env: options.env ?? process.env,
        entry: options.entry ?? null,
      });
    },
    async since(seq, onEvent) {
      await way.reach((base) => follow(base, { since: seq, follow: false, onEvent }));
    },
  };
  return way;
}

/** Follows over the lives of supervisors: what happened in between is told by the next one. */
async function followEvents(
  find: (ask: (base: Base) => Promise<StreamEnd | null>) => Promise<StreamEnd | null>,
  how: EventsOptions,
): Promise<void> {
  let { since } = how;
  const onEvent = (event: EventItem) => {
    since = event.seq;
    how.onEvent(event);
  };
  for (let isFirst = true; ; isFirst = false) {
    const end = await find((base) => follow(base, { ...how, since, onEvent }));
    if (end === null && isFirst) throw nothingRuns();
    if (end !== "cut") return;
  }
}

async function follow(base: Base, how: EventsOptions): Promise<StreamEnd | null> {
  const query = new URLSearchParams();
  if (how.since !== null) query.set("since", String(how.since));
  if (how.follow) query.set("follow", "1");
  return stream({
    ...base,
    method: "GET",
    path: `/v1/events?${query}`,
    ...(how.signal === undefined ? {} : { signal: how.signal }),
    // As above: a line of this stream is an EventItem.
    onValue: (value) => how.onEvent(value as EventItem),
  });
}

async function attach(base: Base, how: AttachOptions): Promise<StreamEnd | null> {
  return stream({
    ...base,
    method: "POST",
    path: "/v1/attach",
    body: { own: how.own, since: how.since ?? null },
    signal: how.signal,
    onOpen: how.onReady,
    // As above.
    onValue: (value) => how.onEvent(value as EventItem),
  });
}

/** With nothing running, everything is to be added; computed here, by the same code. */
async function planLocally(request: PlanRequest): Promise<PlanDoc> {
  const { planFromNothing } = await import("../supervisor/plan.ts");
  return planFromNothing(request);
}

/** With nothing running, nobody writes to them: they can be deleted from here. */
async function clearStored(
  paths: ProjectPaths,
  targets: readonly Target[] | null,
): Promise<ClearReply> {
  const { instancesLeft, listedNames } = await import("../supervisor/leftovers.ts");
  const left = instancesLeft(paths);
  if (left.length > 0) {
    const message = `${listedNames(left)} still run, and no supervisor looks after them`;
    throw userError(EXIT.supervisor, "P602", message, { help: ["procs up    takes them back"] });
  }
  const { clearLogs } = await import("../supervisor/clear-logs.ts");
  const clearLive = () => Promise.resolve();
  return clearLogs({ runs: paths.runs, targets, isLive: () => false, clearLive });
}

const encode = encodeURIComponent;
