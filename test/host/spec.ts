import type { ServiceSpec } from "../../src/core/spec.ts";
import { service } from "../rig/specs.ts";

/** A service `api` that can be run on this machine, with the defaults of procs.yaml save what is given. */
export function specOf(
  command: string | readonly string[],
  change: Partial<ServiceSpec> = {},
): ServiceSpec {
  return service("api", {
    command,
    cwd: "/",
    inherited: { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: "/tmp" },
    stop: { signal: "SIGTERM", timeout: 1_000 },
    ...change,
  });
}
