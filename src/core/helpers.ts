import type { ServiceSpec } from "./spec.ts";

/** Stands for the program of procs itself that accepts for a service; the host knows where it is. */
export const PROXY_COMMAND = "procs-proxy";

/** The services with, right behind each that is proxied, the one that procs runs for it: `api`, `api:proxy`. */
export function withHelpers(
  services: ReadonlyMap<string, ServiceSpec>,
): ReadonlyMap<string, ServiceSpec> {
  const all = new Map<string, ServiceSpec>();
  for (const [name, spec] of withoutHelpers(services)) {
    all.set(name, spec);
    const helper = helperOf(spec);
    if (helper !== null) all.set(helper.name, helper);
  }
  return all;
}

/** Only what the file has. */
export function withoutHelpers(
  services: ReadonlyMap<string, ServiceSpec>,
): ReadonlyMap<string, ServiceSpec> {
  return new Map([...services].filter(([, spec]) => spec.helps === null));
}

/** What procs runs so that others can reach this service; null: nothing. */
export function helperOf(spec: ServiceSpec): ServiceSpec | null {
  const { listen } = spec;
  if (listen === null || listen.mode !== "proxy" || spec.kind !== "service") return null;
  const { addresses, start, idle_stop, backlog, drain } = listen;
  return {
    ...BARE,
    name: helperName(spec.name),
    description: `accepts connections for ${spec.name}`,
    helps: spec.name,
    // The rest of its settings it is told while it runs, so that an edit of them replaces nothing.
    listen: { ...PLAIN, addresses, start, idle_stop, backlog },
    // It leaves first: what it has accepted is answered by programs that are still there.
    depends_on: { [spec.name]: { condition: "started", restart: false, required: false } },
    stop: { signal: "SIGTERM", timeout: drain + LEAVE_MS },
    log: spec.log,
    profiles: spec.profiles,
  };
}

/** `api:proxy`: no name that a file can give. */
export function helperName(service: string): string {
  return `${service}:proxy`;
}

/** The service that one of this name helps: `api` of `api:proxy`; a name that a file has given is its own. */
export function helpedBy(name: string): string {
  return name.replace(/:.*$/, "");
}

/** Whether a name is one that only procs gives. */
export function isHelperName(name: string): boolean {
  return name.includes(":");
}

/** Beside the drain, for what is left to do at the end. */
const LEAVE_MS = 2_000;

const PLAIN = {
  mode: "share",
  drain: 0,
  sticky: false,
  proxy_protocol: false,
  wait: false,
  max_connections: 64,
  per_source: null,
  rate: null,
} as const;

/** The same in every version of procs, and whatever shell it is started from: a new procs restarts no helper. */
const BARE = {
  kind: "service",
  command: [PROXY_COMMAND],
  shell: "/bin/sh",
  cwd: "/",
  env: {},
  inherited: {},
  inherit_env: false,
  user: null,
  group: null,
  umask: null,
  nice: null,
  limits: { nofile: null },
  instances: 1,
  port: null,
  ready: {
    // Not a connection: that would reach the programs behind it.
    check: { kind: "log", pattern: "^accepts connections", flags: "" },
    ...{ interval: 1_000, timeout: 30_000, failures: 3 },
  },
  alive: null,
  // A service must not become unreachable because what stands before it was killed a few times.
  restart: {
    policy: "always",
    backoff: { min: 20, max: 2_000 },
    ...{ reset_after: 5_000, max: 1_000, window: 60_000 },
  },
  reload: "rolling",
  rollout: {
    surge: 1,
    unavailable: 0,
    min_ready: 0,
    progress: 60_000,
    on_failure: "pause",
  },
  watch: null,
  schedule: null,
  profiles: [],
  enabled: true,
  was: null,
  labels: {},
  success_codes: [0],
} as const satisfies Partial<ServiceSpec>;
