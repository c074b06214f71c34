import { existsSync } from "node:fs";
import { socketOf } from "../control/address.ts";
import { call, type StreamEnd, stream } from "../control/client.ts";
import { refuseBesideOther } from "../control/others.ts";
import type {
  Operation,
  PlanRequest,
  ProjectReply,
  ResultItem,
  StreamItem,
  VersionReply,
  WhyReply,
} from "../control/protocol.ts";
import type { Snapshot } from "../control/snapshot.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import { EXIT, UserError, userError } from "../errors.ts";
import type { ProjectPaths } from "../paths.ts";
import type { AttachOptions, Engine, EventsOptions, OperateOptions } from "./engine.ts";

export interface LocalEngineOptions {
  /** Where a supervisor that has to be started looks for its folders; this process's environment unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The program of the supervisor; the one of this package unless given. */
  readonly entry?: string;
  /** What to call ourselves. */
  readonly version?: string;
}

/** The engine of this machine: speaks to the project's supervisor over its socket, and starts it when asked to. */
export function localEngine(paths: ProjectPaths, options: LocalEngineOptions = {}): Engine {
  const version = options.version === undefined ? {} : { version: options.version };
  const reach = async <T>(ask: (base: Base) => Promise<T | null>): Promise<T | null> => {
    const answer = await ask({ socket: paths.socket, ...version });
    if (answer !== null) return answer;
    // Started from a shell with another runtime folder, it listens elsewhere.
    const socket = socketOf(paths);
    return socket === paths.socket ? null : ask({ socket, ...version });
  };
  /** Null only when really nothing runs. Rejects with P602 when a supervisor died and left something. */
  const find = async <T>(ask: (base: Base) => Promise<T | null>): Promise<T | null> =>
    (await reach(ask)) ?? refuseBesideOther(paths) ?? refuseLeftovers(paths);
  // The server is of this package, behind a socket of this user: what it answers is what protocol.ts says.
  const get = <T>(path: string) =>
    find(async (base) => (await call({ ...base, method: "GET", path })) as T | null);
  const post = <T>(path: string, body: unknown) =>
    find(async (base) => (await call({ ...base, method: "POST", path, body })) as T | null);
  const launch = async () => {
    refuseBesideOther(paths);
    const { launchSupervisor } = await import("../supervisor/launch.ts");
    await launchSupervisor({
      paths,
      env: options.env ?? process.env,
      entry: options.entry ?? null,
    });
  };
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
      const perform = () => reach((base) => operate(base, operation, how));
      if (how.launch) return performLaunching(paths, perform, launch);
      let result = await perform();
      if (result === null && operation.op === "down" && (await leftBehind(paths)) !== null) {
        // One that ends what the last one left, and leaves.
        await launch();
        result = await perform();
      }
      if (result === null)
        throw refuseBesideOther(paths) ?? (await leftBehind(paths)) ?? nothingRuns();
      if (operation.op === "down" && result.ok) await untilLeft(paths, LEAVE_MS_MAX);
      return result;
    },
    events: (how) => heard(find((base) => follow(base, how))),
    attach: (how) => heard(find((base) => attach(base, how))),
    async detach() {
      await post("/v1/detach", {});
    },
  };
}

/**
 * Performs an operation that wants a supervisor, and starts one as often as somebody's `down` takes it away;
 * one that is going down is waited for. Only `apply` comes here, and asking twice for the same is asking once.
 */
async function performLaunching(
  paths: ProjectPaths,
  perform: () => Promise<ResultItem | null>,
  launch: () => Promise<void>,
): Promise<ResultItem> {
  for (let attempt = 0; attempt < LAUNCHES_MAX; attempt++) {
    try {
      const result = await perform();
      if (result !== null) return result;
    } catch (error) {
      if (!isGoingDown(error) || !(await untilLeft(paths, DRAIN_MS_MAX))) throw error;
    }
    await launch();
  }
  throw nothingRuns();
}

const LAUNCHES_MAX = 5;
/** How long an `up` waits for a `down` to be done. */
const DRAIN_MS_MAX = 30_000;

function isGoingDown(error: unknown): boolean {
  return error instanceof UserError && error.diagnostics[0]?.code === "P611";
}

interface Base {
  readonly socket: string;
  readonly version?: string;
}

async function operate(
  base: Base,
  operation: Operation,
  how: OperateOptions,
): Promise<ResultItem | null> {
  let result: ResultItem | null = null;
  let hasBegun = false;
  const end = await stream({
    ...base,
    method: "POST",
    path: "/v1/operate",
    body: operation,
    ...(how.signal === undefined ? {} : { signal: how.signal }),
    onValue(value) {
      hasBegun = true;
      // A line of this stream is a StreamItem: protocol.ts is the list of both sides.
      const item = value as StreamItem;
      if (item.kind === "result") result = item;
      how.onItem?.(item);
    },
  });
  if (end === null) return null;
  if (result !== null) return result;
  // It left before it had heard us, and that is as good as nothing running.
  if (end === "cut" && !hasBegun && (how.launch || operation.op === "down")) return null;
  if (end === "aborted")
    throw userError(EXIT.interrupted, "P612", "interrupted; the supervisor goes on");
  throw userError(EXIT.supervisor, "P602", "the supervisor went away before it was done", {
    notes: ["its supervisor.log says why, if it did not just end"],
    help: ["procs ps"],
  });
}

/** The reply of a `down` comes a moment before the supervisor itself has gone; its lock is the last to go. */
async function untilLeft(paths: ProjectPaths, limitMs: number): Promise<boolean> {
  const until = performance.now() + limitMs;
  while (existsSync(paths.lock)) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
}

const LEAVE_MS_MAX = 5_000;
const LOOK_EVERY_MS = 5;

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
    onValue: (value) => how.onEvent(value as Parameters<EventsOptions["onEvent"]>[0]),
  });
}

async function attach(base: Base, how: AttachOptions): Promise<StreamEnd | null> {
  return stream({
    ...base,
    method: "POST",
    path: "/v1/attach",
    body: { own: how.own },
    signal: how.signal,
    onOpen: how.onReady,
    // As above.
    onValue: (value) => how.onEvent(value as Parameters<AttachOptions["onEvent"]>[0]),
  });
}

async function heard(end: Promise<StreamEnd | null>): Promise<void> {
  if ((await end) === null) throw nothingRuns();
}

/** Asked only when nobody answers: null when nothing runs at all. */
async function refuseLeftovers(paths: ProjectPaths): Promise<null> {
  const error = await leftBehind(paths);
  if (error !== null) throw error;
  return null;
}

async function leftBehind(paths: ProjectPaths): Promise<UserError | null> {
  const { instancesLeft, listedNames } = await import("../supervisor/leftovers.ts");
  const names = instancesLeft(paths);
  if (names.length === 0) return null;
  const what = `the supervisor died, and what it started still runs without it: ${listedNames(names)}`;
  return userError(EXIT.supervisor, "P602", what, {
    notes: [`if it was not killed, its log says why it ended: ${paths.supervisorLog}`],
    help: ["procs up ends these and starts them anew", "procs down ends these"],
  });
}

/** With nothing running, everything is to be added; computed here, by the same code. */
async function planLocally(request: PlanRequest): Promise<PlanDoc> {
  const { planFromNothing } = await import("../supervisor/plan.ts");
  return planFromNothing(request);
}

function nothingRuns(): UserError {
  return userError(EXIT.supervisor, "P602", "nothing runs here", { help: ["procs up"] });
}

const encode = encodeURIComponent;
