import { statSync } from "node:fs";
import type { ProjectPaths } from "../paths.ts";
import { takeCensus } from "./census.ts";
import { projectMark } from "./environment.ts";

/**
 * The key of a project whose guardian and supervisor were both killed, as its youngest shim has it in its
 * environment; null: no shim of ours lives, so nothing is running that the key would matter to.
 */
export function findKey(paths: ProjectPaths): string | null {
  const mark = `${projectMark(paths)}:`;
  const shims = takeCensus().filter(
    ({ process, mark: carried, shim }) =>
      carried?.startsWith(mark) === true &&
      /^[0-9a-f]{64}$/.test(shim?.key ?? "") &&
      isOurs(process.pid),
  );
  const youngest = shims.sort((a, b) => Number(b.process.start) - Number(a.process.start))[0];
  return youngest?.shim?.key ?? null;
}

/** Anybody can write a mark into an environment of his own. */
function isOurs(pid: number): boolean {
  try {
    return statSync(`/proc/${pid}`).uid === process.getuid?.();
  } catch {
    return false;
  }
}
