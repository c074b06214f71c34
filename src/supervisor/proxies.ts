import { existsSync } from "node:fs";
import { RequestError } from "../control/failure.ts";
import type { DrainedReport, ProxyTable, ProxyUpstream } from "../control/proxying.ts";
import { type Desired, offReason } from "../core/desired.ts";
import { helperName } from "../core/helpers.ts";
import type { Instance, InstanceId, Observed } from "../core/observed.ts";
import { isClosed } from "../core/resting.ts";
import type { ServiceSpec } from "../core/spec.ts";
import { upstreamPath } from "../host/upstream-path.ts";
import type { ProjectPaths } from "../paths.ts";

/** What is known now. */
type Books = () => { readonly desired: Desired; readonly observed: Observed };

/** A proxy that listens for its table. */
interface Listening {
  readonly pid: number;
  readonly service: string;
  readonly onTable: (table: ProxyTable) => void;
  /** The last table, as text. */
  told: string;
  /** `slot.run` of the instances that it has no connection of any more. */
  drained: ReadonlySet<string>;
}

/** Tells each proxy to whom connections may go, and knows when an instance has none any more. */
export class Proxies {
  readonly #paths: ProjectPaths;
  readonly #books: Books;
  readonly #listening = new Set<Listening>();
  readonly #waiting = new Set<() => void>();

  constructor(paths: ProjectPaths, books: Books) {
    this.#paths = paths;
    this.#books = books;
  }

  /** The books may have changed: whoever has another table by that is told. */
  look(): void {
    for (const proxy of this.#listening) {
      const table = this.#tableOf(proxy.service);
      if (table !== null) tell(proxy, table);
    }
    for (const look of [...this.#waiting]) look();
  }

  /** Calls with the table of a service now, and whenever it has changed; returns how to stop that. Throws P803. */
  listen(service: string, pid: number, onTable: (table: ProxyTable) => void): () => void {
    const table = this.#tableOf(service);
    if (table === null)
      throw new RequestError(404, "P803", `no proxied service is called "${service}"`);
    const proxy = { pid, service, onTable, told: "", drained: new Set<string>() };
    this.#listening.add(proxy);
    tell(proxy, table);
    return () => {
      this.#listening.delete(proxy);
      this.look();
    };
  }

  drained({ service, proxy: pid, instances }: DrainedReport): void {
    for (const proxy of this.#listening) {
      if (proxy.service !== service || proxy.pid !== pid) continue;
      proxy.drained = new Set(instances.map(keyOf));
    }
    this.look();
  }

  /** Resolves once no proxy has a connection of this instance any more, when `listen.drain` is over, or at `signal`. */
  drain(id: InstanceId, spec: ServiceSpec, signal: AbortSignal): Promise<void> {
    const limitMs = spec.listen?.drain ?? 0;
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        signal.removeEventListener("abort", finish);
        resolve();
      };
      const look = () => {
        if (this.#isDrained(id)) finish();
      };
      const timer = setTimeout(finish, limitMs);
      this.#waiting.add(look);
      signal.addEventListener("abort", finish);
      if (signal.aborted) finish();
      else this.look();
    });
  }

  #isDrained(id: InstanceId): boolean {
    const own = [...this.#listening].filter((proxy) => proxy.service === id.service);
    // One that runs and does not listen is on its way back to us: it may have connections.
    if (own.length === 0) return !this.#runs(helperName(id.service));
    return own.every((proxy) => proxy.drained.has(keyOf(id)));
  }

  #runs(helper: string): boolean {
    const { observed } = this.#books();
    return observed.services.get(helper)?.instances.some(isServing) ?? false;
  }

  #tableOf(service: string): ProxyTable | null {
    const { desired, observed } = this.#books();
    const known = observed.services.get(service);
    const all = known?.instances ?? [];
    const instances = all.filter(({ applied }) => isProxied(applied));
    const wanted = desired.services.get(service);
    // An edit may have taken it from behind the proxy, which serves the old instances to their end.
    const isWanted = wanted !== undefined && isProxied(wanted);
    const spec = isWanted ? wanted : instances.findLast((one) => isProxied(one.applied))?.applied;
    const listen = spec?.listen;
    if (spec === undefined || listen == null) return null;
    const upstreams = instances.flatMap((instance) => this.#upstreamOf(instance) ?? []);
    const isOff = offReason(desired, service) !== null && upstreams.length === 0;
    const accepts = isWanted || !all.some((one) => isReady(one) && !isProxied(one.applied));
    const isOver = !accepts && upstreams.length === 0;
    return {
      v: 1,
      kind: "table",
      service,
      upstreams,
      hopeless: isOff || isOver || isClosed(desired, observed, service),
      accepts,
      sticky: listen.sticky,
      proxy_protocol: listen.proxy_protocol,
      hold_ms: spec.ready?.timeout ?? spec.rollout.progress,
      drain_ms: listen.drain,
    };
  }

  #upstreamOf(instance: Instance): ProxyUpstream | null {
    const state = stateOf(instance);
    if (state === null) return null;
    const { slot, run, port, was = [] } = instance;
    const paths = [instance, ...was].map((id) => upstreamPath(this.#paths, id));
    const path = paths.find((one) => existsSync(one)) ?? null;
    return port === null && path === null ? null : { slot, run, port, path, state };
  }
}

function isProxied({ listen }: ServiceSpec): boolean {
  return listen?.mode === "proxy";
}

function isReady({ phase }: Instance): boolean {
  return phase.kind === "ready";
}

function stateOf({ phase }: Instance): ProxyUpstream["state"] | null {
  switch (phase.kind) {
    case "ready":
      return "ready";
    case "unready":
    case "stopping":
      return "draining";
    default:
      return null;
  }
}

/** May have connections. */
function isServing({ phase }: Instance): boolean {
  return ["running", "ready", "unready", "stopping"].includes(phase.kind);
}

function keyOf({ slot, run }: { readonly slot: number; readonly run: number }): string {
  return `${slot}.${run}`;
}

function tell(proxy: Listening, table: ProxyTable): void {
  const text = JSON.stringify(table);
  if (text === proxy.told) return;
  proxy.told = text;
  // What it said before was about another table.
  proxy.drained = new Set();
  proxy.onTable(table);
}
