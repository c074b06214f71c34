import type { Project, ServiceSpec } from "../../src/core/spec.ts";

/** A service with every default of procs.yaml. */
export function serviceSpec(change: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: "api",
    kind: "service",
    description: null,
    command: "node server.js",
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
    depends_on: {},
    ready: null,
    alive: null,
    restart: {
      policy: "always",
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
    watch: null,
    schedule: null,
    profiles: [],
    enabled: true,
    was: null,
    labels: {},
    success_codes: [0],
    ...change,
  };
}

export function testProject(services: readonly ServiceSpec[]): Project {
  return {
    name: "shop",
    folder: "/shop",
    file: "/shop/procs.yaml",
    inputs: ["/shop/procs.yaml"],
    reload: "manual",
    services,
    sources: {
      api: { "": { file: "procs.yaml", line: 2 }, "env.PORT": { file: "procs.yaml", line: 9 } },
    },
    variables: {},
  };
}
