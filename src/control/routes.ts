import { unreachable } from "../assert.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import { EXIT } from "../errors.ts";
import { type Check, ShapeError } from "./check.ts";
import { RequestError } from "./failure.ts";
import type {
  ClearReply,
  EventItem,
  HandoverRequest,
  Operation,
  PlanRequest,
  ProjectReply,
  ResultItem,
  StreamItem,
  Target,
  VersionReply,
  WhyReply,
} from "./protocol.ts";
import type { DrainedReport, ProxyTable } from "./proxying.ts";
import type { ControlRequest, Handler, Responder } from "./server.ts";
import {
  attachRequest,
  clearRequest,
  drainedReport,
  handoverRequest,
  operation,
  planRequest,
} from "./shapes.ts";
import type { Snapshot } from "./snapshot.ts";

/** What the supervisor does for the API. Everything may throw RequestError. */
export interface Control {
  version(): VersionReply;
  snapshot(services: readonly string[] | null): Promise<Snapshot>;
  project(): ProjectReply;
  why(service: string): WhyReply;
  /** Past events since a number or an RFC 3339 time; null: none of them. */
  past(since: number | string | null): readonly EventItem[];
  /** What comes; returns how to stop listening. `onEnd` is called when there will be no more. */
  follow(onEvent: (event: EventItem) => void, onEnd: () => void): () => void;
  plan(request: PlanRequest): Promise<PlanDoc>;
  operate(operation: Operation, onItem: (item: StreamItem) => void): Promise<ResultItem>;
  /** An owner has come; returns what to call when its connection is gone. null: there is one already. */
  own(): (() => void) | null;
  disown(): void;
  /** Deletes what is stored of the output of these; null: of all. */
  clear(targets: readonly Target[] | null): Promise<ClearReply>;
  /** The table of a proxied service, now and whenever it changes; returns how to stop. */
  proxied(service: string, proxy: number, onTable: (table: ProxyTable) => void): () => void;
  drained(report: DrainedReport): void;
  /** The reply of a handover has been handed over. */
  handOver(request: HandoverRequest): void;
  /** The reply of a `down` has been handed over. */
  leave(): void;
}

/** Finds the route, checks what came, and answers. */
export function createHandler(control: Control): Handler {
  return async (request, responder) => {
    const route = ROUTES[`${request.method} ${request.path}`];
    if (route === undefined) {
      throw new RequestError(404, "P608", `there is no ${request.method} ${request.path}`);
    }
    await route(control, request, responder);
  };
}

type Route = (control: Control, request: ControlRequest, responder: Responder) => unknown;

const ROUTES: Readonly<Record<string, Route>> = {
  "GET /v1/version": (control, _request, responder) => responder.reply(control.version()),
  "GET /v1/snapshot": async (control, request, responder) =>
    responder.reply(await control.snapshot(namesIn(request))),
  "GET /v1/project": (control, _request, responder) => responder.reply(control.project()),
  "GET /v1/why": (control, request, responder) => responder.reply(control.why(nameIn(request))),
  "GET /v1/events": events,
  "POST /v1/plan": async (control, request, responder) => {
    refuseOtherVersion(control, request, "plan");
    responder.reply(await control.plan(read(planRequest, request)));
  },
  "POST /v1/operate": operate,
  "POST /v1/attach": attach,
  "POST /v1/detach": (control, _request, responder) => {
    control.disown();
    responder.reply({ ok: true });
  },
  "POST /v1/clear": async (control, request, responder) => {
    refuseOtherVersion(control, request, "logs --clear");
    responder.reply(await control.clear(read(clearRequest, request).targets));
  },
  "GET /v1/proxied": proxied,
  "POST /v1/drained": (control, request, responder) => {
    control.drained(read(drainedReport, request));
    responder.reply({ ok: true });
  },
  "POST /v1/handover": (control, request, responder) => {
    const asked = read(handoverRequest, { ...request, body: request.body ?? {} });
    responder.reply({ ok: true });
    control.handOver(asked);
  },
};

async function operate(control: Control, request: ControlRequest, responder: Responder) {
  const asked = read(operation, request);
  if (!worksAcrossVersions(asked.op)) refuseOtherVersion(control, request, nameOf(asked));
  const result = await control.operate(asked, (item) => responder.line(item));
  responder.line(result);
  await responder.end();
  if (asked.op === "down" && result.ok) control.leave();
}

async function events(control: Control, request: ControlRequest, responder: Responder) {
  const since = request.query.get("since");
  for (const event of control.past(sinceOf(since))) responder.line(event);
  if (request.query.get("follow") !== "1") return responder.end();
  responder.open();
  await untilEnd(control, responder);
}

function proxied(control: Control, request: ControlRequest, responder: Responder) {
  const proxy = Number(request.query.get("proxy") ?? 0);
  const stop = control.proxied(nameIn(request), proxy, (table) => responder.line(table));
  responder.onGone(stop);
}

async function attach(control: Control, request: ControlRequest, responder: Responder) {
  const { own, since } = read(attachRequest, { ...request, body: request.body ?? {} });
  if (own) {
    const onGone = control.own();
    if (onGone === null) {
      throw new RequestError(409, "P613", "another procs up has started this project and owns it");
    }
    responder.onGone(onGone);
  }
  responder.open();
  // In the same breath as the following, so that none falls in between.
  if (since !== null) for (const event of control.past(since)) responder.line(event);
  await untilEnd(control, responder);
}

function untilEnd(control: Control, responder: Responder): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => resolve(responder.end());
    const stop = control.follow((event) => responder.line(event), finish);
    responder.onGone(() => {
      stop();
      resolve();
    });
  });
}

function read<T>(check: Check<T>, request: ControlRequest): T {
  try {
    return check(request.body, "the request");
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new RequestError(400, "P608", error.message, { exit: EXIT.usage });
  }
}

/** What a client of any version may do: look, and end things. */
function worksAcrossVersions(op: Operation["op"]): boolean {
  switch (op) {
    case "stop":
    case "down":
    case "kill":
    case "wait":
      return true;
    case "apply":
    case "restart":
    case "start":
    case "scale":
    case "signal":
      return false;
    default:
      return unreachable(op);
  }
}

function nameOf(asked: Operation): string {
  return asked.op === "apply" ? asked.command : asked.op;
}

/** A request without the header is a person with curl: it is taken as it is. */
function refuseOtherVersion(control: Control, request: ControlRequest, what: string): void {
  const { version } = control.version();
  if (request.version === null || request.version === version) return;
  const message = `this project runs under procs ${version}, and you called procs ${request.version.slice(0, 40)}`;
  throw new RequestError(409, "P601", message, {
    help: [
      `ps, logs, stop and down work across versions; ${what} does not`,
      "procs daemon upgrade    the procs you called takes over, and nothing that runs is touched",
    ],
  });
}

function namesIn(request: ControlRequest): readonly string[] | null {
  const given = request.query.get("services");
  if (given === null) return null;
  return given.split(",").filter((name) => name !== "");
}

function nameIn(request: ControlRequest): string {
  const name = request.query.get("service");
  if (name === null || name === "") {
    throw new RequestError(400, "P608", `service is missing: ${request.path}?service=NAME`, {
      exit: EXIT.usage,
    });
  }
  return name;
}

function sinceOf(given: string | null): number | string | null {
  if (given === null || given === "") return null;
  if (/^\d{1,15}$/.test(given)) return Number(given);
  if (!Number.isNaN(Date.parse(given))) return given;
  throw new RequestError(
    400,
    "P608",
    `since must be an event's number or a time, not "${given.slice(0, 60)}"`,
    {
      exit: EXIT.usage,
    },
  );
}
