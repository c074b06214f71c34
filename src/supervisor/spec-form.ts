import type { ServiceSpec } from "../core/spec.ts";

/** What a spec holds besides its environment. */
type SpecForm = Omit<ServiceSpec, "env" | "inherited">;

/**
 * A spec that an earlier version of procs wrote down, in the form of today: a key that it did not know yet
 * is what it is for a service that does not name it. So an upgrade of procs restarts nothing. Total on
 * purpose: a new key of ServiceSpec without a value here does not compile. Throws when `name`, `command` or
 * `cwd` is not there.
 */
export function completeForm(form: object): ServiceSpec {
  for (const key of ["name", "command", "cwd"]) {
    if (!(key in form)) throw new Error(`a spec without ${key}`);
  }
  // Written by this code or by an earlier one: a key that is there has the form it always had.
  const known = form as Pick<SpecForm, "name" | "command" | "cwd"> & Partial<SpecForm>;
  return { ...BEFORE, ...known, env: {}, inherited: {} };
}

const BEFORE: Omit<SpecForm, "name" | "command" | "cwd"> = {
  kind: "service",
  description: null,
  shell: "/bin/sh",
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
  log: { max_size: 10_000_000, keep: 5, max_total: null, max_age: null, compress: true },
  watch: null,
  schedule: null,
  profiles: [],
  enabled: true,
  was: null,
  labels: {},
  success_codes: [0],
};
