import type { ServiceSpec } from "../../src/core/spec.ts";

/** A service with the defaults of procs.yaml, save what is given. */
export function specOf(
  command: string | readonly string[],
  change: Partial<ServiceSpec> = {},
): ServiceSpec {
  return { ...SPEC, command, ...change };
}

const SPEC: ServiceSpec = {
  name: "api",
  kind: "service",
  description: null,
  command: "true",
  shell: "/bin/sh",
  cwd: "/",
  env: {},
  inherited: { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: "/tmp" },
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
  stop: { signal: "SIGTERM", timeout: 1_000 },
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
};
