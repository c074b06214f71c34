import { RequestError } from "../control/failure.ts";
import type { PlanRequest } from "../control/protocol.ts";
import { type Desired, NOTHING, withIntent } from "../core/desired.ts";
import { EMPTY } from "../core/fold.ts";
import type { Observed } from "../core/observed.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import { preview } from "../core/preview.ts";
import type { Millis } from "../core/spec.ts";
import { userError } from "../errors.ts";
import { findTaken } from "../host/holders.ts";
import { unbound, wordsFor } from "./addresses.ts";
import { type Basis, nextBasis } from "./desire.ts";
import type { Session } from "./session.ts";

/** What aiming at `next` would do to what runs now. Reaches nothing that acts. */
export function planOf(session: Session, next: Basis, known: Known = {}): PlanDoc {
  const { core, clock } = session;
  const scene = { observed: core.observed, now: clock.now() };
  return planBetween(core.desired, next, { ...scene, ...known });
}

interface Known {
  readonly request?: PlanRequest | null;
  /** The addresses that others have: see `takenFor`. */
  readonly taken?: Readonly<Record<string, string>>;
}

/** The plan of a first `up`: everything is to be added. Throws UserError for a name that is no service. */
export function planFromNothing(request: PlanRequest): PlanDoc {
  const nothing: Basis = { desired: NOTHING, project: null, ambient: null };
  try {
    const next = nextBasis(nothing, request);
    const missing = unbound(next.desired, EMPTY, "all");
    const taken = wordsFor(findTaken(missing, { projectId: NOBODY, held: [] }));
    return planBetween(NOTHING, next, { observed: EMPTY, now: 0, request, taken });
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const { exit, code, message, help = [] } = error.toReply();
    throw userError(exit, code, message, { help });
  }
}

/** With nothing running, nobody who has an address is of this project. */
const NOBODY = "none";

interface Scene extends Known {
  readonly observed: Observed;
  readonly now: Millis;
}

function planBetween(before: Desired, next: Basis, scene: Scene): PlanDoc {
  const { observed, now, request = null, taken = {} } = scene;
  const noRemove = request?.no_remove ?? false;
  const after = noRemove && request !== null ? onlyInFile(next.desired, request) : next.desired;
  return preview(asItRuns(before, observed), after, withoutRejections(observed), now, {
    projectName: next.project?.name ?? "",
    sources: next.project?.sources ?? {},
    noRemove,
    taken,
  });
}

/** preview() puts back what the file no longer has, and says so. */
function onlyInFile(desired: Desired, request: PlanRequest): Desired {
  const names = new Set(request.project.services.map((spec) => spec.name));
  const kept = [...desired.services].filter(([name]) => names.has(name));
  return { ...desired, services: new Map(kept) };
}

/**
 * What is really aimed at where the file's wish has failed its rollout: the revision before. A plan then
 * shows that the file is ahead of what runs, and applying it tries again.
 */
function asItRuns(desired: Desired, observed: Observed): Desired {
  const services = new Map(desired.services);
  let next = desired;
  for (const [name, { rejected, good }] of observed.services) {
    if (rejected === null || good === null || !services.has(name)) continue;
    services.set(name, good.spec);
    next = withIntent(next, name, { generation: good.generation });
  }
  return { ...next, services };
}

function withoutRejections(observed: Observed): Observed {
  const services = [...observed.services].map(
    ([name, service]) => [name, { ...service, rejected: null }] as const,
  );
  return { ...observed, services: new Map(services) };
}
