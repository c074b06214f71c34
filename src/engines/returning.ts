import { socketOf } from "../control/address.ts";
import { mayPass } from "../control/client.ts";
import { listens } from "../control/listens.ts";
import { refuseBesideOther } from "../control/others.ts";
import { EXIT, type UserError, userError } from "../errors.ts";
import type { ProjectPaths } from "../paths.ts";
import type { Base, Way } from "./way.ts";

/** How long a supervisor that went away is waited for: a guardian brings it back in a fraction of that, on most machines. */
const RETURN_MS_MAX = 20_000;
/** How long one that does not answer is asked: after half a minute its guardian will have replaced it. */
const SILENT_MS_MAX = 40_000;
const LOOK_EVERY_MS = 25;

/**
 * Asked when nobody answers. Waits for the supervisor that somebody is starting; where nobody is, but what one started
 * still runs, starts one that takes it over. False: nothing runs. Throws P602 when it does not come back.
 */
export async function nextSupervisor(
  paths: ProjectPaths,
  launch: () => Promise<void>,
): Promise<boolean> {
  const { instancesLeft, isSupervised } = await import("../supervisor/leftovers.ts");
  const until = performance.now() + RETURN_MS_MAX;
  while (isSupervised(paths)) {
    if (await listens(socketOf(paths))) return true;
    if (performance.now() > until) throw goneForGood(paths);
    await pause();
  }
  refuseBesideOther(paths);
  if (instancesLeft(paths).length === 0) {
    const { movedHere } = await import("../supervisor/moved.ts");
    const moved = movedHere(paths);
    if (moved !== null) throw moved;
    return false;
  }
  await launch();
  return true;
}

/** P602 (exit 4): somebody holds the project, and nobody answers. */
export function goneForGood(paths: ProjectPaths): UserError {
  const seconds = RETURN_MS_MAX / 1000;
  const what = `the supervisor of this project went away, and did not come back within ${seconds}s`;
  return userError(EXIT.supervisor, "P602", what, {
    notes: [`its log says why: ${paths.supervisorLog}`],
    help: ["procs daemon logs"],
  });
}

/** Null only when really nothing runs. What asks for nothing to be done may be asked as often as it takes. */
export async function findAnswer<T>(
  way: Way,
  ask: (base: Base) => Promise<T | null>,
): Promise<T | null> {
  const until = performance.now() + RETURN_MS_MAX;
  const silentUntil = performance.now() + SILENT_MS_MAX;
  for (;;) {
    const isLate = performance.now() > until;
    try {
      const answer = await way.reach(ask);
      if (answer !== null) return answer;
      if (isLate) throw goneForGood(way.paths);
    } catch (error) {
      if (performance.now() > silentUntil || !mayPass(error)) throw error;
      await pause();
    }
    if (!(await way.next())) return null;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
