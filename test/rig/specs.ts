import type { ListenSettings, ServiceSpec } from "../../src/core/spec.ts";

/** A service as an empty entry of procs.yaml resolves, with some keys set. */
export function service(name: string, keys: Partial<ServiceSpec> = {}): ServiceSpec {
  const isTask = keys.kind === "task";
  return {
    name,
    kind: "service",
    description: null,
    command: `node ${name}.js`,
    shell: "/bin/sh",
    cwd: "/shop",
    env: {},
    inherited: {},
    inherit_env: true,
    user: null,
    group: null,
    umask: null,
    nice: null,
    limits: { nofile: null },
    instances: 1,
    port: null,
    listen: null,
    helps: null,
    depends_on: {},
    ready: null,
    alive: null,
    restart: {
      policy: isTask ? "never" : "always",
      backoff: { min: 100, max: 30_000 },
      reset_after: 10_000,
      max: 10,
      window: 60_000,
    },
    stop: { signal: "SIGTERM", timeout: 10_000 },
    reload: null,
    rollout: {
      surge: null,
      unavailable: null,
      min_ready: 0,
      progress: 60_000,
      on_failure: "rollback",
    },
    log: { max_size: 10_000_000, keep: 5, max_total: null, max_age: null, compress: true },
    watch: null,
    schedule: null,
    profiles: [],
    enabled: true,
    was: null,
    labels: {},
    success_codes: [0],
    ...keys,
  };
}

/** In the order given, as in a file. */
export function services(...specs: readonly ServiceSpec[]): ReadonlyMap<string, ServiceSpec> {
  return new Map(specs.map((spec) => [spec.name, spec]));
}

/** What `listen: 3000` resolves to, with some keys set. */
export function listening(port = 3000, keys: Partial<ListenSettings> = {}): ListenSettings {
  return {
    addresses: [{ kind: "tcp", host: null, port }],
    mode: "share",
    start: "always",
    idle_stop: null,
    backlog: 511,
    drain: 30_000,
    sticky: false,
    proxy_protocol: false,
    wait: false,
    max_connections: 64,
    per_source: null,
    rate: null,
    ...keys,
  };
}
