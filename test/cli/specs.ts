import type { Project, ServiceSpec } from "../../src/core/spec.ts";
import { service } from "../rig/specs.ts";

/** A service `api` with every default of procs.yaml, save what is given. */
export function serviceSpec(change: Partial<ServiceSpec> = {}): ServiceSpec {
  return service("api", { command: "node server.js", ...change });
}

export function testProject(services: readonly ServiceSpec[]): Project {
  return {
    name: "shop",
    folder: "/shop",
    file: "/shop/procs.yaml",
    inputs: ["/shop/procs.yaml"],
    reload: "manual",
    log: { max_total: 1_000_000_000, max_age: null },
    services,
    sources: {
      api: { "": { file: "procs.yaml", line: 2 }, "env.PORT": { file: "procs.yaml", line: 9 } },
    },
    variables: {},
  };
}
