import type { State as CoreState } from "../core/instance-state.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import type { Project } from "../core/spec.ts";

/**
 * The one list of both sides: HTTP/1.1 + JSON over the project's unix socket; streams are NDJSON.
 * Only additive changes inside PROTOCOL. docs/control-api.md is the prose form.
 *
 *   GET  /v1/version                         VersionReply
 *   GET  /v1/snapshot?services=a,b           Snapshot (snapshot.ts)
 *   GET  /v1/project                         ProjectReply
 *   GET  /v1/why?service=api                 WhyReply
 *   GET  /v1/events?since=SEQ|ISO&follow=1   EventItem a line
 *   POST /v1/plan     PlanRequest            PlanDoc
 *   POST /v1/operate  Operation              StreamItem a line; the last one is a ResultItem
 *   POST /v1/attach   { "own": true }        EventItem a line, until closed; an owner that goes away ends the project;
 *                                            "since": also what happened after that number
 *   POST /v1/detach   {}                     { "ok": true }: the owner lets go, the project stays
 *   POST /v1/clear    ClearRequest           ClearReply: what was stored of their output is deleted
 *   POST /v1/handover HandoverRequest        { "ok": true }: another supervisor takes over, nothing that runs is touched
 *
 * A failure is a status of 400, 404, 409 or 500 with an ErrorReply (failure.ts). Every request carries `X-Procs-Version`.
 */
export const PROTOCOL = 1;

export interface VersionReply {
  readonly v: 1;
  readonly kind: "version";
  readonly version: string;
  readonly protocol: number;
  readonly pid: number;
  readonly node: string;
  readonly project: string;
  readonly folder: string;
  readonly since: string;
  /** The process that starts the supervisor anew; null: there is none, or it is of an earlier version. */
  readonly guardian?: number | null;
  /** The `up` that owns the project has not come again since the supervisor was replaced; another one may. */
  readonly awaits_owner?: boolean;
}

/** How to start the guardian of the supervisor that takes over; null: like the one that runs. */
export interface HandoverRequest {
  readonly guardian: {
    readonly file: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  } | null;
}

/** Whose logs are deleted; null: all that there are. */
export interface ClearRequest {
  readonly targets: readonly Target[] | null;
}

export interface ClearReply {
  readonly v: 1;
  readonly kind: "cleared";
  readonly services: readonly { readonly name: string; readonly freed_bytes: number }[];
  /** Instances, by name, of which something is still there. */
  readonly failed: readonly { readonly name: string; readonly why: string }[];
}

/** One word for a state everywhere: "not ready" is `unready`, "gave up" is `failed`. */
export type State = CoreState;

export interface ProjectReply {
  readonly v: 1;
  readonly kind: "project";
  /** As last applied. */
  readonly project: Project;
  /** The ambient environment that was kept from the first `up`. */
  readonly ambient: Readonly<Record<string, string>>;
}

export interface WhyReply {
  readonly v: 1;
  readonly kind: "why";
  readonly service: string;
  /** Sentences, most important first. */
  readonly lines: readonly string[];
}

/** What `up`, `reload`, `plan` and `restart` compare: the file as the client read it, and who asks. */
export interface PlanRequest {
  readonly project: Project;
  /** `up a b`. null: keep what was selected before. [] : all. */
  readonly select: readonly string[] | null;
  /** null: keep. */
  readonly profiles: readonly string[] | null;
  /** The client's own environment: taken by the first `up`, or when `refresh_env`. */
  readonly ambient: Readonly<Record<string, string>>;
  readonly refresh_env: boolean;
  /** Services that the file no longer has stay as they are. */
  readonly no_remove: boolean;
  readonly reset_scale: boolean;
  /** Only these services take their new spec; the others keep what they have. null: all. */
  readonly only: readonly string[] | null;
}

/** `id`: any word. An operation that is asked again under the same one, of the next supervisor too, changes nothing twice. */
export type Operation = {
  readonly by: By;
  readonly id?: string | null;
  /** Of a reload that is asked again: the services that its plan touches, as the supervisor that died had made it. */
  readonly about?: readonly string[] | null;
} & (
  | (PlanRequest & {
      readonly op: "apply";
      readonly command: "up" | "reload";
      /** Refuse (409, P503) when the plan's id is another by now. */
      readonly expect: string | null;
      /** scale by hand in the same step: `up --scale api=3`. */
      readonly scale: Readonly<Record<string, number>>;
      /** Replace everything selected even if nothing changed (`--force-restart`). */
      readonly force: boolean;
      readonly wait: boolean;
      readonly timeout_ms: number;
    })
  /** Restart; with `apply` the file is applied to these services in the same step. */
  | {
      readonly op: "restart";
      readonly services: readonly string[];
      readonly rolling: boolean;
      /** With `rolling`: refused (409, P504) where a service would be down meanwhile; null: told, and done. */
      readonly gap?: "refuse" | null;
      readonly apply: PlanRequest | null;
      readonly wait: boolean;
      readonly timeout_ms: number;
    }
  | {
      readonly op: "start";
      readonly services: readonly string[];
      readonly deps: boolean;
      readonly wait: boolean;
      readonly timeout_ms: number;
    }
  | {
      readonly op: "stop";
      readonly services: readonly string[];
      readonly dependents: boolean;
      readonly signal: string | null;
      readonly grace_ms: number | null;
      readonly wait: boolean;
      readonly timeout_ms: number;
    }
  | {
      readonly op: "scale";
      readonly counts: Readonly<Record<string, number>>;
      readonly wait: boolean;
      readonly timeout_ms: number;
    }
  | { readonly op: "signal"; readonly targets: readonly Target[]; readonly signal: string }
  | {
      readonly op: "wait";
      readonly services: readonly string[];
      readonly for: "ready" | "stopped" | "done" | "idle";
      readonly timeout_ms: number;
    }
  /** Ends everything and then the supervisor. */
  | { readonly op: "down"; readonly grace_ms: number | null }
  /** Second Ctrl-C: everything that is still stopping is killed now. */
  | { readonly op: "kill" }
);

/** instance null: all of the service. */
export interface Target {
  readonly service: string;
  readonly instance: number | null;
}

export interface By {
  readonly user: string;
  readonly via: "cli" | "file" | "schedule" | "watch" | "supervisor";
  readonly pid: number;
}

export type StreamItem = PlanItem | EventItem | ResultItem;

export interface PlanItem {
  readonly v: 1;
  readonly kind: "plan";
  readonly plan: PlanDoc;
}

/** What happened, for people and programs; also kept in the project's events file. */
export interface EventItem {
  readonly v: 1;
  readonly kind: "event";
  readonly seq: number;
  readonly time: string;
  readonly type:
    | "state"
    | "rollout"
    | "reload"
    | "probe"
    | "watch"
    | "config"
    | "scale"
    | "schedule"
    /** A socket that procs binds for a service: bound, not to be had, closed. */
    | "socket"
    /** A service that starts on demand was asked for, did not come up, or rests. */
    | "demand"
    | "signal"
    | "supervisor";
  /** One line that stands alone: `worker restarted (exit 1, run 3)`. */
  readonly message: string;
  readonly service?: string;
  readonly instance?: number;
  readonly run?: number;
  readonly state?: State;
  readonly pid?: number;
  readonly port?: number;
  readonly ready_ms?: number;
  readonly exit_code?: number | null;
  readonly signal?: string | null;
  /** The kernel ended it for lack of memory. */
  readonly oom?: "sure" | "probable";
  readonly retry_in_ms?: number;
  /** `retry 2 of 10`. */
  readonly failures?: number;
  readonly failures_max?: number;
  /** It is to end, and its connections may go on for so long before it is told. */
  readonly drain_ms?: number;
  /** Had to be killed after its grace. */
  readonly killed?: boolean;
  /** Processes of it that were found outside its group and session, and ended: the first ones. */
  readonly hunted?: readonly {
    readonly pid: number;
    readonly name: string;
    readonly stuck?: boolean;
  }[];
  /** How many more of them there were. */
  readonly hunted_more?: number;
  /** And that they live on all the same. */
  readonly lasting?: boolean;
  /** How many instances of a service have been replaced, of how many. */
  readonly replaced?: number;
  readonly instances?: number;
  readonly elapsed_ms?: number;
  readonly last_lines?: readonly string[];
  readonly by?: By;
}

/** Ends an operation's stream. */
export interface ResultItem {
  readonly v: 1;
  readonly kind: "result";
  readonly op: Operation["op"];
  readonly ok: boolean;
  /** The exit code a command should end with: 0, 1, 5, 6. */
  readonly exit: number;
  readonly elapsed_ms: number;
  readonly services: readonly ServiceResult[];
  readonly rolled_back: readonly string[];
  readonly plan: string | null;
}

export interface ServiceResult {
  readonly name: string;
  readonly ok: boolean;
  /** `pending`: the time limit came first. */
  readonly outcome:
    | "ready"
    | "done"
    | "unchanged"
    | "replaced"
    | "updated"
    | "scaled"
    | "stopped"
    | "killed"
    /** Something of it cannot be ended (P614). */
    | "lasting"
    | "removed"
    /** A task that waits for its time. */
    | "idle"
    | "waiting"
    | "crashed"
    | "failed"
    | "unready"
    | "rolled_back"
    | "signalled"
    | "remains"
    | "pending";
  /** `exit 1 after 0.4s, retry 2 of 10 in 2s`; one line, for people. */
  readonly detail: string | null;
  readonly elapsed_ms: number | null;
  readonly instances: number;
  readonly last_lines: readonly string[];
  readonly where: string | null;
}
