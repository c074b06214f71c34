import { readdirSync, readFileSync } from "node:fs";
import type { Project } from "./project.ts";
import { until } from "./until.ts";

/** The processes that run a project: its supervisor, and the guardian of that. */
export interface Keepers {
  readonly supervisor: number;
  readonly guardian: number;
}

/** Found in the list of processes: nobody is asked, and nothing is started. Null: there are not both of them. */
export function keepersOf(project: Pick<Project, "folder">): Keepers | null {
  let supervisor = 0;
  let guardian = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const words = wordsOf(pid);
    if (words.at(-1) !== project.folder) continue;
    if (words.at(-2)?.endsWith("/supervisor/main.js")) supervisor = Number(pid);
    if (words.at(-2) === "procs guardian") guardian = Number(pid);
  }
  return supervisor > 1 && guardian > 1 ? { supervisor, guardian } : null;
}

/** The keepers, once both are there and neither is one of `before`. */
export function newKeepers(project: Project, before: Partial<Keepers> = {}): Promise<Keepers> {
  return until("there are a guardian and a supervisor", () => {
    const now = keepersOf(project);
    const isNew = now?.supervisor !== before.supervisor && now?.guardian !== before.guardian;
    return isNew ? now : null;
  });
}

/** Kills the supervisor, the guardian, or both at once, and waits until they have gone. */
export async function slay(
  project: Project,
  ...which: readonly (keyof Keepers)[]
): Promise<Keepers> {
  const keepers = await newKeepers(project);
  const pids = which.map((name) => keepers[name]);
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await until("they have gone", () => pids.every((pid) => wordsOf(String(pid)).length <= 1));
  return keepers;
}

function wordsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}
