import type { By, Operation, PlanRequest } from "../../src/control/protocol.ts";
import type { Project, ServiceSpec } from "../../src/core/spec.ts";
import { service } from "./specs.ts";

export const by: By = { user: "tester", via: "cli", pid: process.pid };

/** A service that runs a line of shell. */
export function shell(name: string, command: string, keys: Partial<ServiceSpec> = {}): ServiceSpec {
  return service(name, { command, cwd: "/", shell: "/bin/sh", ...keys });
}

/** The project of a rig with these services, as the file's reader would give it. */
export function projectOf(
  rig: { readonly folder: string },
  ...services: readonly ServiceSpec[]
): Project {
  return {
    name: "rig",
    folder: rig.folder,
    file: `${rig.folder}/procs.yaml`,
    inputs: [`${rig.folder}/procs.yaml`],
    reload: "manual",
    log: { max_total: 1_000_000_000, max_age: null },
    services: services.map((spec) => ({ ...spec, cwd: rig.folder })),
    sources: {},
    variables: {},
  };
}

export function planning(project: Project, change: Partial<PlanRequest> = {}): PlanRequest {
  return {
    project,
    select: null,
    profiles: null,
    ambient: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
    refresh_env: false,
    no_remove: false,
    reset_scale: false,
    only: null,
    ...change,
  };
}

type Apply = Operation & { op: "apply" };

/** `up`, unless said otherwise. */
export function applying(project: Project, change: Partial<Apply> = {}): Apply {
  return {
    ...planning(project),
    op: "apply",
    command: "up",
    by,
    expect: null,
    scale: {},
    force: false,
    wait: true,
    timeout_ms: 20_000,
    ...change,
  };
}

/** A service that is ready as soon as it has said so; `version` makes its command another one. */
export function server(name: string, keys: Partial<ServiceSpec> = {}, version = 1): ServiceSpec {
  const check = { kind: "log", pattern: "up", flags: "" } as const;
  const ready = { check, interval: 100, timeout: 10_000, failures: 3 };
  return shell(name, `echo up v${version}; exec sleep 1000`, { ready, ...keys });
}

/** A new version of it that ends before it is ready. */
export function broken(name: string, keys: Partial<ServiceSpec> = {}): ServiceSpec {
  const command = "echo no such table: users >&2; exit 3";
  return { ...server(name, keys), command };
}
