import type {
  ClearReply,
  EventItem,
  Operation,
  PlanRequest,
  ProjectReply,
  ResultItem,
  StreamItem,
  Target,
  VersionReply,
  WhyReply,
} from "../control/protocol.ts";
import type { Snapshot } from "../control/snapshot.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import type { ProjectPaths } from "../paths.ts";

/** Where a project runs. Commands know only this; `local` speaks to the project's supervisor. */
export interface Engine {
  readonly paths: ProjectPaths;
  /** null: nothing runs. */
  version(): Promise<VersionReply | null>;
  /** null: nothing runs. */
  snapshot(services?: readonly string[]): Promise<Snapshot | null>;
  project(): Promise<ProjectReply | null>;
  why(service: string): Promise<WhyReply | null>;
  /** Works with nothing running too: everything is then to be added. */
  plan(request: PlanRequest): Promise<PlanDoc>;
  /** Performs one operation; `onItem` sees plan and events as they come. Rejects with UserError. */
  operate(operation: Operation, options: OperateOptions): Promise<ResultItem>;
  /** Past events since a number or a time, then, with follow, what comes; ends when `signal` aborts or the project is ended. */
  events(options: EventsOptions): Promise<void>;
  /** Follows all events of one supervisor; with `own`, the project ends when this connection does. */
  attach(options: AttachOptions): Promise<AttachEnd>;
  detach(): Promise<void>;
  /** Deletes what is stored of the output of these services (null: of all), with nothing running too. Throws P602 where something runs and no supervisor answers. */
  clearLogs(targets: readonly Target[] | null): Promise<ClearReply>;
  /**
   * Another supervisor takes over, without anything that runs being touched: one of the `same` version, or one of
   * `ours`. Resolves when it answers; null: nothing runs.
   */
  handOver(to: "same" | "ours"): Promise<VersionReply | null>;
  /** Sees to it that a supervisor runs, of this version where none did. */
  launch(): Promise<void>;
}

export interface OperateOptions {
  /** Start a supervisor when none runs (up); otherwise its absence is P602, exit 4. */
  readonly launch: boolean;
  readonly onItem?: (item: StreamItem) => void;
  /** The supervisor died, and another one goes on with what was asked of it. */
  readonly onReplaced?: () => void;
  readonly signal?: AbortSignal;
}

export interface EventsOptions {
  readonly since: number | string | null;
  readonly follow: boolean;
  readonly onEvent: (event: EventItem) => void;
  readonly signal?: AbortSignal;
}

/** The project was ended; the supervisor went away; or `signal` aborted. */
export type AttachEnd = "ended" | "lost" | "closed";

export interface AttachOptions {
  readonly own: boolean;
  /** The number of the last event that was heard: what happened after it comes first. Without it: what is to come. */
  readonly since?: number | null;
  /** The connection stands: the supervisor counts this client. */
  readonly onReady: () => void;
  readonly onEvent: (event: EventItem) => void;
  readonly signal: AbortSignal;
}
