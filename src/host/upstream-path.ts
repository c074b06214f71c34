import { join } from "node:path";
import type { InstanceId } from "../core/observed.ts";
import type { ProjectPaths } from "../paths.ts";

/** The unix socket that an instance behind a proxy may bind in the place of its port: its PROCS_UPSTREAM. */
export function upstreamPath(paths: ProjectPaths, { service, slot, run }: InstanceId): string {
  return join(paths.runtime, "up", `${service}.${slot}.${run}`);
}
