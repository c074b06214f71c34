import { existsSync } from "node:fs";
import { instanceName } from "../core/observed.ts";
import { projectMark } from "../host/host.ts";
import { findLeftovers } from "../host/leftovers.ts";
import type { ProjectPaths } from "../paths.ts";

/**
 * The instances, by name, that run without a supervisor. To be asked when none answers; costs a look at
 * all processes, and nothing where there never was one.
 */
export function instancesLeft(paths: ProjectPaths): readonly string[] {
  if (!existsSync(paths.runs)) return [];
  const names = findLeftovers(paths, projectMark(paths)).map(({ id }) => instanceName(id));
  return [...new Set(names)].sort();
}
