import { availableParallelism } from "node:os";
import { usableCpus } from "../config/cpus.ts";
import { loadProject } from "../config/load.ts";
import type { Project } from "../core/spec.ts";
import { type Diagnostic, EXIT, UserError } from "../errors.ts";
import type { Env } from "./context.ts";
import type { Place } from "./project.ts";

/** The resolved file with its warnings. Throws UserError (exit 3) with every problem. */
export function readProject(
  place: Place,
  env: Env,
  cwd: string,
): { readonly project: Project; readonly warnings: readonly Diagnostic[] } {
  const cpus = usableCpus(availableParallelism());
  const loaded = loadProject({ files: place.files, env, cwd, cpus });
  if (!loaded.ok) throw new UserError(EXIT.config, loaded.diagnostics);
  return loaded;
}
