import type { InstanceId } from "../core/observed.ts";
import type { Stray } from "../core/ports.ts";
import { type Member, recentCensus } from "./census.ts";
import { markOf, readMark } from "./environment.ts";
import { isHeld } from "./fifos.ts";
import { fifoRuns, lifeFifos } from "./life.ts";
import type { RunContext } from "./run.ts";
import { dropTrace, ledgerOfRun, traceRun } from "./trace.ts";
import { killTrees } from "./tree.ts";

type Context = Pick<RunContext, "paths" | "projectId" | "cgroups">;

/** Living runs that are not among those known, by whichever of their names. */
export function findStrays(known: readonly InstanceId[], context: Context): readonly Stray[] {
  const census = recentCensus(context.cgroups);
  endForgottenAttempts(census, context.projectId);
  const marks = new Set(known.flatMap((id) => marksOf(id, context)));
  const held = fifoRuns(context.paths).filter((id) => isHeld(lifeFifos(context.paths, id).tree));
  const isKnown = (id: InstanceId): boolean =>
    marks.has(markOf(context.projectId, id)) ||
    marksOf(id, context).some((mark) => marks.has(mark));
  const strange = held.filter((id) => !isKnown(id));
  for (const id of strange) for (const mark of marksOf(id, context)) marks.add(mark);
  // Of these the fifos were cleaned away.
  const carried = new Set(census.flatMap(({ mark }) => mark ?? []));
  const marked = [...carried]
    .filter((mark) => !marks.has(mark))
    .flatMap((mark) => readMark(context.projectId, mark) ?? [])
    .filter((id) => !isAttempt(id));
  return [...strange, ...marked].map((id) => describe(id, census, context));
}

/**
 * SIGKILL to the probes and commands that a supervisor had asked for and did not live to hear of. To be
 * called before any of ours is asked for.
 */
export function endForgottenAttempts(census: readonly Member[], projectId: string): void {
  const marks = new Set(census.flatMap(({ mark }) => mark ?? []));
  const forgotten = [...marks].filter((mark) => {
    const id = readMark(projectId, mark);
    return id !== null && isAttempt(id) && !isOurAttempt(id);
  });
  if (forgotten.length === 0) return;
  killTrees(
    forgotten.map((mark) => ({ shim: null, mark, fifo: null })),
    new Set(),
  );
}

/** Names one probe or command in its mark, so that it is told apart from those of other supervisors. */
export function attemptId(what: "probe" | "command", service: string, slot: number): InstanceId {
  return {
    service: `${what} of ${service}`,
    slot,
    run: process.pid * ATTEMPTS_MAX + attemptNext++,
  };
}

/** Whether a mark's name is that of a probe or a command: no service has a space in its name. */
export function isAttempt({ service }: InstanceId): boolean {
  return /^(?:probe|command) of /.test(service);
}

let attemptNext = 1;
/** Of one supervisor. Pids are below 2^22, so the number stays exact. */
const ATTEMPTS_MAX = 2 ** 30;

function isOurAttempt({ run }: InstanceId): boolean {
  return Math.floor(run / ATTEMPTS_MAX) === process.pid;
}

function describe(id: InstanceId, census: readonly Member[], context: Context): Stray {
  const trace = traceRun(id, census, context);
  dropTrace(trace);
  const shim = census.find(({ process }) => process.pid === trace.shim?.pid)?.shim;
  return { id, pid: trace.pid, port: trace.ledger.port, digest: shim?.digest ?? null };
}

/** Its own, and that of the name it was started under. */
function marksOf(id: InstanceId, context: Context): readonly string[] {
  const { mark } = ledgerOfRun(id, context);
  const own = markOf(context.projectId, id);
  return mark === null ? [own] : [own, mark];
}
