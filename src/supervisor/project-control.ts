import { unreachable } from "../assert.ts";
import { RequestError } from "../control/failure.ts";
import {
  type ClearReply,
  type EventItem,
  type HandoverRequest,
  type Operation,
  type PlanRequest,
  PROTOCOL,
  type ProjectReply,
  type ResultItem,
  type Target,
  type VersionReply,
  type WhyReply,
} from "../control/protocol.ts";
import type { DrainedReport, ProxyTable } from "../control/proxying.ts";
import type { Control } from "../control/routes.ts";
import type { Snapshot } from "../control/snapshot.ts";
import { explain } from "../core/explain.ts";
import { type InstanceId, isLive, sameId } from "../core/observed.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import type { RealHost } from "../host/host.ts";
import { takenFor } from "./addresses.ts";
import { apply, refuseOtherProject } from "./apply.ts";
import { restart, scale, signal, start, stop } from "./by-hand.ts";
import { nextBasis, requireServices } from "./desire.ts";
import type { Drift } from "./drift.ts";
import { down, kill, untilNothingRuns, wait } from "./ending.ts";
import type { OnItem } from "./follow.ts";
import type { Owner } from "./owner.ts";
import { planOf } from "./plan.ts";
import type { Proxies } from "./proxies.ts";
import { resumable, resume } from "./resume.ts";
import type { Session } from "./session.ts";
import { takeSnapshot, type Usage } from "./snapshot.ts";

/** The supervisor's side of its guardian. */
export interface Guardian {
  /** null: there is none. */
  readonly pid: number | null;
  /** Leaves for the supervisor of another guardian; null: one like this. */
  handOver(guardian: HandoverRequest["guardian"]): void;
  /** Ends it, where what it holds would outlive this process. */
  leave(): Promise<void>;
}

/** What can see how many have connected. */
interface Connected {
  connections(
    ids: readonly InstanceId[],
  ): readonly { readonly id: InstanceId; readonly connections: number | null }[];
}

export interface ProjectControlOptions {
  readonly session: Session;
  readonly host: Pick<RealHost, "stats"> & Partial<Connected>;
  readonly drift: Drift;
  readonly owner: Owner;
  /** What starts it anew; null: it was started by hand. */
  readonly guardian: Guardian | null;
  readonly proxies: Proxies;
  readonly clearLogs: Control["clear"];
  /** The reply of a `down` has been handed over. */
  readonly onLeave: () => void;
}

/** What the API's routes ask, answered by one project. */
export class ProjectControl implements Control {
  readonly #options: ProjectControlOptions;
  readonly #session: Session;

  constructor(options: ProjectControlOptions) {
    this.#options = options;
    this.#session = options.session;
  }

  version(): VersionReply {
    const { basis, paths, version, since } = this.#session;
    return {
      v: 1,
      kind: "version",
      version,
      protocol: PROTOCOL,
      pid: process.pid,
      node: process.version,
      project: basis.project?.name ?? "",
      folder: paths.folder,
      since,
      guardian: this.#options.guardian?.pid ?? null,
      ...(this.#options.owner.isAwaited ? { awaits_owner: true } : {}),
    };
  }

  async snapshot(services: readonly string[] | null): Promise<Snapshot> {
    const session = this.#session;
    if (services !== null) requireServices(session.core.desired, services);
    const drift = await this.#options.drift.summary();
    return takeSnapshot({ session, services, drift, usage: this.#usage() });
  }

  project(): ProjectReply {
    const { project, ambient } = this.#session.basis;
    if (project === null) throw new RequestError(404, "P602", "nothing was applied yet");
    return { v: 1, kind: "project", project, ambient: ambient ?? {} };
  }

  why(service: string): WhyReply {
    const { core, clock } = this.#session;
    if (!core.observed.services.has(service)) requireServices(core.desired, [service]);
    const lines = explain(core.desired, core.observed, service, clock.now());
    return { v: 1, kind: "why", service, lines };
  }

  past(since: number | string | null): readonly EventItem[] {
    return this.#session.events.past(since);
  }

  follow(onEvent: (event: EventItem) => void, onEnd: () => void): () => void {
    return this.#session.events.follow(onEvent, onEnd);
  }

  async plan(request: PlanRequest): Promise<PlanDoc> {
    refuseOtherProject(this.#session, request);
    const next = nextBasis(this.#session.basis, request);
    const taken = takenFor(this.#session, next);
    return planOf(this.#session, next, { request, taken });
  }

  async operate(operation: Operation, onItem: OnItem): Promise<ResultItem> {
    const session = this.#session;
    const again = resumable(session, operation);
    if (again !== null) return resume(session, again, onItem);
    switch (operation.op) {
      case "apply":
        return apply(session, operation, onItem);
      case "restart":
        return restart(session, operation, onItem);
      case "start":
        return start(session, operation, onItem);
      case "stop":
        return stop(session, operation, onItem);
      case "scale":
        return scale(session, operation, onItem);
      case "signal":
        return signal(session, operation);
      case "wait":
        return wait(session, operation);
      case "down":
        return this.#down(operation, onItem);
      case "kill":
        return kill(session, operation);
      default:
        return unreachable(operation);
    }
  }

  /** Where something lives on, nobody waits for it; when it has ended after all, the supervisor leaves. */
  async #down(operation: Operation & { readonly op: "down" }, onItem: OnItem) {
    const session = this.#session;
    const result = await down(session, operation, onItem);
    if (!result.ok) void untilNothingRuns(session).then(() => this.#options.onLeave());
    return result;
  }

  own(): (() => void) | null {
    return this.#options.owner.take();
  }

  disown(): void {
    this.#options.owner.release();
  }

  clear(targets: readonly Target[] | null): Promise<ClearReply> {
    return this.#options.clearLogs(targets);
  }

  proxied(service: string, proxy: number, onTable: (table: ProxyTable) => void): () => void {
    return this.#options.proxies.listen(service, proxy, onTable);
  }

  drained(report: DrainedReport): void {
    this.#options.proxies.drained(report);
  }

  handOver({ guardian }: HandoverRequest): void {
    this.#session.events.add({
      type: "supervisor",
      message: "the supervisor hands over to another",
    });
    this.#options.guardian?.handOver(guardian);
  }

  leave(): void {
    this.#options.onLeave();
  }

  #usage(): (id: InstanceId) => Usage {
    const { core } = this.#session;
    const live = [...core.observed.services.values()].flatMap((s) => s.instances.filter(isLive));
    const { host } = this.#options;
    const all = host.stats(live) ?? [];
    const listening = live.filter((instance) => instance.applied.listen !== null);
    const open = listening.length === 0 ? [] : (host.connections?.(listening) ?? []);
    return (id) => {
      const stats = all.find((one) => sameId(one.id, id))?.stats ?? null;
      return {
        cpu_percent: stats?.cpuPercent ?? null,
        memory_bytes: stats?.memoryBytes ?? null,
        connections: open.find((one) => sameId(one.id, id))?.connections ?? null,
      };
    };
  }
}
