import { existsSync } from "node:fs";
import { instanceName } from "../core/observed.ts";
import { projectMark } from "../host/environment.ts";
import { findLeftovers } from "../host/leftovers.ts";
import { isLocked } from "../host/lock.ts";
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

/** Whether a guardian or a supervisor of this project lives, whether or not it answers. */
export function isSupervised(paths: ProjectPaths): boolean {
  return isLocked(paths.lock);
}

const SHOWN_MAX = 8;

/** `api.1, api.2, db.1 and 7 more`. */
export function listedNames(names: readonly string[]): string {
  const rest = names.length - SHOWN_MAX;
  const shown = names.slice(0, rest > 1 ? SHOWN_MAX : names.length).join(", ");
  return rest > 1 ? `${shown} and ${rest} more` : shown;
}
