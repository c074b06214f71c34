import type {
  EventItem,
  ResultItem,
  ServiceResult,
  State,
  StreamItem,
} from "../control/protocol.ts";
import type { PlanDoc, PlanService } from "../core/plan-doc.ts";
import { clean } from "./clean.ts";
import { type Rolling, rolled, rollingNews, rollingWords } from "./progress-rolling.ts";
import { type Row, resultRow, took, type Verb } from "./results.ts";

/**
 * How far an operation has come, service by service: a fold of its stream. What a service is at the
 * moment is read off its instances' last events; the result, once there, has the last word.
 */
export interface Progress {
  readonly verb: Verb;
  /** In the order of the plan. */
  readonly services: ReadonlyMap<string, ServiceProgress>;
}

export interface ServiceProgress {
  readonly name: string;
  /** How many instances the plan wants; null until a plan said so. */
  readonly wanted: number | null;
  /** The last event of each instance, by slot. */
  readonly instances: ReadonlyMap<number, EventItem>;
  /** What was last said of the service as a whole: what it waits for, how a rollout goes. */
  readonly said: EventItem | null;
  /** A replacement of its instances that is under way. */
  readonly rolling: Rolling | null;
  readonly result: ServiceResult | null;
}

/** Nothing has happened yet to these services. */
export function startProgress(names: readonly string[], verb: Verb): Progress {
  return { verb, services: new Map(names.map((name) => [name, untouched(name)])) };
}

/** The progress after one more line of the stream. */
export function advance(progress: Progress, item: StreamItem): Progress {
  switch (item.kind) {
    case "plan":
      return withPlan(progress, item.plan);
    case "event":
      return withEvent(progress, item);
    case "result":
      return withResult(progress, item);
  }
}

/** Whether there is something to watch until the verdict. */
export function movesProcesses(action: PlanService["action"]): boolean {
  return action !== "none" && action !== "no_restart" && action !== "adopt";
}

/** Without the services that the operation did not concern: `up` alone is about all of them. */
export function settled(progress: Progress): Progress {
  const isConcerned = ({ result }: ServiceProgress) => {
    if (result === null) return false;
    const isLeft = result.outcome === "unchanged" || result.outcome === "remains";
    return !isLeft || !result.ok || progress.verb === "up";
  };
  const services = [...progress.services].filter(([, service]) => isConcerned(service));
  return { ...progress, services: new Map(services) };
}

/** One row for each service that the operation concerns. */
export function progressRows(progress: Progress): readonly Row[] {
  return [...progress.services.values()].map((service) => serviceRow(service, progress.verb));
}

/** The row of one service now. */
function serviceRow(service: ServiceProgress, verb: Verb): Row {
  if (service.result !== null) return resultRow(service.result, verb);
  const instances = [...service.instances.values()];
  const state = liveState(service, instances);
  const cause = instances.findLast((event) => event.state === state) ?? service.said;
  // Where stopping is what was asked for, having stopped is good news.
  const isAsked = verb === "stop" || verb === "down";
  const isGood = isAsked && state === "stopped" && cause?.killed !== true;
  return {
    name: service.name,
    state: isGood ? "ready" : state,
    words: liveWords(service, state, cause, instances),
    extras: state === "ready" && cause?.port !== undefined ? [`:${cause.port}`] : [],
    lines: state === "crashed" || state === "failed" ? (cause?.last_lines ?? []).map(clean) : [],
    ...rollingOf(service, state),
  };
}

function rollingOf({ rolling }: ServiceProgress, state: State): Pick<Row, "bar" | "news"> {
  if (state !== "reloading" || rolling === null) return {};
  return { bar: rolling, news: rollingNews(rolling) };
}

/**
 * Whether a row earns a line of its own before the end, where nothing is repainted. What is replaced is
 * judged at the end: on its way it stops, gets ready and may even crash and go back.
 */
export function isNews(row: Row, verb: Verb): boolean {
  if (row.state === "reloading") return row.news !== undefined && row.news !== "";
  if (verb === "reload" || verb === "restart") return false;
  return ["ready", "done", "crashed", "unready"].includes(row.state);
}

function untouched(name: string): ServiceProgress {
  return { name, wanted: null, instances: new Map(), said: null, rolling: null, result: null };
}

function withPlan(progress: Progress, plan: PlanDoc): Progress {
  const services = new Map(progress.services);
  for (const planned of plan.services) {
    const known = services.get(planned.service);
    if (known === undefined && !movesProcesses(planned.action)) continue;
    const service = known ?? untouched(planned.service);
    services.set(planned.service, { ...service, wanted: planned.instances.to });
  }
  return { ...progress, services };
}

function withEvent(progress: Progress, event: EventItem): Progress {
  // What procs runs for a service is told of by that service's verdict.
  if (event.service === undefined || event.service.includes(":")) return progress;
  if (!TELLING.has(event.type)) return progress;
  const before = progress.services.get(event.service) ?? untouched(event.service);
  const service = { ...before, rolling: rolled(before.rolling, event) };
  const services = new Map(progress.services);
  if (event.type !== "state" || event.instance === undefined) {
    services.set(event.service, { ...service, said: saidNow(before.said, event) });
  } else {
    const instances = new Map(service.instances).set(event.instance, event);
    services.set(event.service, { ...service, instances });
  }
  return { ...progress, services };
}

/** That a socket is there, or is closed, ends what was said of it, and says nothing by itself. */
function saidNow(before: EventItem | null, event: EventItem): EventItem | null {
  if (event.type !== "socket" || event.state !== undefined) return event;
  return before?.type === "socket" && before.state === "waiting" ? null : before;
}

/** Of other types, such as an answer of a probe, nothing is shown. */
const TELLING: ReadonlySet<EventItem["type"]> = new Set(["state", "rollout", "socket", "demand"]);

function withResult(progress: Progress, result: ResultItem): Progress {
  const services = new Map(progress.services);
  for (const verdict of result.services) {
    const service = services.get(verdict.name) ?? untouched(verdict.name);
    services.set(verdict.name, { ...service, result: verdict });
  }
  return { ...progress, services };
}

/** Trouble first: one crashed instance is what a person must see, whatever the others do. */
function liveState(service: ServiceProgress, instances: readonly EventItem[]): State {
  const has = (state: State) => instances.some((event) => event.state === state);
  for (const trouble of ["failed", "crashed", "unready"] as const) if (has(trouble)) return trouble;
  if (service.rolling !== null || service.said?.type === "rollout") return "reloading";
  if (instances.length === 0) return service.said?.state ?? "waiting";
  for (const moving of ["stopping", "starting", "waiting"] as const) if (has(moving)) return moving;
  const ready = instances.filter((event) => event.state === "ready").length;
  if (ready > 0) return ready >= (service.wanted ?? ready) ? "ready" : "starting";
  return instances.at(-1)?.state ?? "waiting";
}

function liveWords(
  service: ServiceProgress,
  state: State,
  cause: EventItem | null,
  instances: readonly EventItem[],
): string {
  switch (state) {
    case "waiting":
      return cause === null ? "waiting" : withoutName(cause, service.name);
    case "starting":
      return startingWords(service, instances);
    case "ready":
      return readyWords(instances);
    case "done":
      return cause?.elapsed_ms === undefined ? "done" : `done in ${took(cause.elapsed_ms)}`;
    case "crashed":
      return cause === null ? "crashed" : crashWords(cause);
    case "failed":
      return cause === null ? "gave up" : `gave up: ${crashWords(cause)}`;
    case "stopped":
      return cause === null ? "stopped" : stoppedWords(cause);
    case "unready":
      return "not ready";
    case "reloading":
      if (service.said?.type === "socket") return withoutName(service.said, service.name);
      if (service.rolling !== null) return rollingWords(service.rolling);
      return service.said === null ? "reloading" : withoutName(service.said, service.name);
    default:
      return state;
  }
}

function stoppedWords(event: EventItem): string {
  if (event.killed === true) return "did not stop, killed";
  return event.elapsed_ms === undefined ? "stopped" : `stopped in ${took(event.elapsed_ms)}`;
}

/** `exit 1 after 0.4s, retry 2 of 10 in 2s`. */
function crashWords(event: EventItem): string {
  const memory = event.oom === "sure" ? ", out of memory" : ", probably out of memory";
  const how =
    event.signal != null
      ? `killed by ${event.signal}${event.oom === undefined ? "" : memory}`
      : event.exit_code != null
        ? `exit ${event.exit_code}`
        : "";
  if (how === "") return withoutName(event, event.service ?? "");
  const after = event.elapsed_ms === undefined ? "" : ` after ${took(event.elapsed_ms)}`;
  return how + after + retryWords(event);
}

function retryWords(event: EventItem): string {
  if (event.retry_in_ms === undefined) return "";
  const count =
    event.failures === undefined
      ? ""
      : event.failures_max === undefined
        ? ` ${event.failures}`
        : ` ${event.failures} of ${event.failures_max}`;
  const when = event.retry_in_ms === 0 ? "now" : `in ${took(event.retry_in_ms)}`;
  return `, retry${count} ${when}`;
}

function startingWords(service: ServiceProgress, instances: readonly EventItem[]): string {
  const wanted = service.wanted ?? instances.length;
  if (wanted < 2) return "starting";
  const ready = instances.filter((event) => event.state === "ready").length;
  return `starting, ${ready} of ${wanted} ready`;
}

function readyWords(instances: readonly EventItem[]): string {
  const times = instances.flatMap((event) => event.ready_ms ?? []);
  return times.length === 0 ? "ready" : `ready in ${took(Math.max(...times))}`;
}

/** Messages stand alone (`api waits for redis`); below a name the name is said already. */
function withoutName(event: EventItem, name: string): string {
  const { message } = event;
  return message.startsWith(`${name} `) ? message.slice(name.length + 1) : message;
}
