import { existsSync } from "node:fs";
import type { InstanceId, Phase } from "../core/observed.ts";
import type { Adoption } from "../core/ports.ts";
import { type Account, switchTo } from "./account.ts";
import { markOf, programEnvironment } from "./environment.ts";
import { isHeld } from "./fifos.ts";
import { readLedger } from "./ledger.ts";
import { fifoRuns, lifeFifos } from "./life.ts";
import { moveRunFiles } from "./rename-run.ts";
import { reopenReporter } from "./reports.ts";
import { newRun, type Run, type RunContext } from "./run.ts";
import { ledgerOf, type Trace } from "./trace.ts";

/** A run that an earlier supervisor started, before anything was looked at. */
export function adoptedRun(adoption: Adoption, context: RunContext): Run {
  const run = newRun(adoption.id, adoption.spec, context);
  run.isAdopted = true;
  run.hasNeverBegun = adoption.phase === "starting";
  run.port = adoption.port ?? run.port;
  return run;
}

/** Fills in what was found: from then on it is a run like those that we started. */
export function recognise(
  run: Run,
  { phase }: Pick<Adoption, "phase">,
  trace: Trace,
  context: RunContext & { readonly report: (ok: boolean, detail: string) => void },
): void {
  const { ledger } = trace;
  run.mark = trace.mark;
  run.isSpawned = true;
  run.shim = trace.shim;
  run.program = trace.program;
  run.cgroup = context.cgroups.find(trace.mark);
  run.port = run.port ?? ledger.port;
  const { runtime } = context.paths;
  const files = () => run.files;
  run.reporter = reopenReporter({ runtime, files, report: context.report }, ledger.exchange);
  if (isSettled(phase)) run.reporter.assume(run.spec);
  run.env = programEnvironment(run.spec, {
    ...{ id: run.id, projectId: context.projectId, socketPath: context.socketPath },
    ...{ port: run.port, account: accountOf(run), extra: run.reporter.env },
  });
}

/** Of these nobody asks any more whether the program has become ready. */
function isSettled(phase: Phase["kind"]): boolean {
  return phase === "ready" || phase === "unready" || phase === "stopping" || phase === "ending";
}

/** null: as us, or its user is not there any more. */
function accountOf({ spec }: Run): Account | null {
  try {
    return switchTo(spec.user, spec.group)?.account ?? null;
  } catch {
    return null;
  }
}

/**
 * A rename that was decided and not done, done in part, or done and not recorded. Where the ledger is, is
 * where the run is; the later runs first, as they may all go from one name to another.
 */
export function finishRenames(adoptions: readonly Adoption[], context: RunContext): void {
  const known = new Set(adoptions.map(({ id }) => nameOf(id)));
  for (const adoption of [...adoptions].sort((a, b) => b.id.run - a.id.run)) {
    if (existsSync(ledgerOf(adoption.id, context))) continue;
    const from = earlierPlace(adoption, context) ?? laterPlace(adoption.id, known, context);
    if (from !== null && !known.has(nameOf(from))) moveRunFiles(from, adoption.id, context.paths);
  }
}

/** Under the last of its earlier names that still has its ledger. */
function earlierPlace({ was }: Adoption, context: RunContext): InstanceId | null {
  return was.findLast((id) => existsSync(ledgerOf(id, context))) ?? null;
}

/** Under a name that it was given since: a living run that was started with this one's mark. */
function laterPlace(
  id: InstanceId,
  known: ReadonlySet<string>,
  context: RunContext,
): InstanceId | null {
  const mark = markOf(context.projectId, id);
  const found = fifoRuns(context.paths).find(
    (other) =>
      !known.has(nameOf(other)) &&
      readLedger(ledgerOf(other, context)).mark === mark &&
      isHeld(lifeFifos(context.paths, other).tree),
  );
  return found ?? null;
}

function nameOf({ service, slot, run }: InstanceId): string {
  return `${service}.${slot}.${run}`;
}
