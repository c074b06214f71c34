import { join } from "node:path";
import type { InstanceId } from "../core/observed.ts";
import type { ProjectPaths } from "../paths.ts";
import type { Reporter } from "./reports.ts";

/** Another user than ours cannot reach our folders: for his programs it is in the one that is theirs, if there is one. */
export function exchangeDoor(reporter: Pick<Reporter, "exchange"> | null): string | null {
  const folder = reporter?.exchange?.folder ?? null;
  return folder === null ? null : join(folder, "up");
}

/** The unix socket that an instance behind a proxy may bind in the place of its port: its PROCS_UPSTREAM. */
export function upstreamPath(paths: ProjectPaths, { service, slot, run }: InstanceId): string {
  return join(paths.runtime, "up", `${service}.${slot}.${run}`);
}
