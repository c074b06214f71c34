import type { Operation, ResultItem } from "../control/protocol.ts";
import { isLive, type Observed } from "../core/observed.ts";
import type { Verdict } from "../core/outcome.ts";
import { requireServices } from "./desire.ts";
import { follow, type OnItem } from "./follow.ts";
import { Progress, unchanged } from "./progress.ts";
import { makeResult } from "./result.ts";
import type { Session } from "./session.ts";

type Op<K extends Operation["op"]> = Operation & { readonly op: K };

/** Ends everything, dependents first. The supervisor leaves when the reply has been handed over. */
export function down(session: Session, request: Op<"down">, onItem: OnItem): Promise<ResultItem> {
  const { core, events } = session;
  const release = session.turns.take({
    op: "down",
    by: request.by,
    since: session.clock.now(),
    services: null,
  });
  const course = { request, onItem, release, services: liveNames(core.observed) };
  return follow(session, course, (way) => {
    events.add({ type: "supervisor", message: "down", by: request.by });
    drain(session, request.grace_ms);
    return way.finish();
  });
}

/** From now on everything is to end; `graceMs` null: each with its own grace. */
export function drain(session: Session, graceMs: number | null): void {
  const { desired } = session.core;
  session.aim({ desired: { ...desired, draining: true, grace: graceMs ?? desired.grace } });
}

/** Resolves when nothing runs any more. */
export async function untilNothingRuns(session: Session): Promise<void> {
  const { core } = session;
  const isOver = () => liveNames(core.observed).length === 0 || null;
  await session.until(isOver, Number.POSITIVE_INFINITY);
}

/** Everything that is stopping has had its grace. */
export function kill(session: Session, request: Op<"kill">): ResultItem {
  session.events.add({ type: "supervisor", message: "kill what is stopping", by: request.by });
  session.core.handle({ kind: "hurry" });
  return makeResult({ op: "kill", services: [], elapsedMs: 0 });
}

/** Changes nothing: resolves when the services are as asked, one cannot become so, or the time is over. */
export async function wait(session: Session, request: Op<"wait">): Promise<ResultItem> {
  const { core, events } = session;
  requireServices(core.desired, request.services);
  const { services } = request;
  const [before, seq] = [core.observed, events.seq];
  const progress = new Progress(session, { services, before, seq, forgivesRollback: true });
  const goals = () => services.map((name) => goalOf(request.for, progress.judge(name)));
  await session.until(() => {
    progress.look();
    const now = goals();
    return now.includes("lost") || now.every((goal) => goal === "met") || null;
  }, request.timeout_ms);
  const reached = goals();
  const found = progress.results(true);
  // Of what is off there is no result; waited for in vain it is one.
  const off = services.filter((name) => !found.some((result) => result.name === name));
  const all = [...found, ...off.map((name) => unchanged(session, name, "unchanged"))];
  const results = all.map((result) => {
    const goal = reached[services.indexOf(result.name)];
    if (goal === "met") return { ...result, ok: true };
    // Fine in itself, but not what was waited for.
    return goal === "open" ? { ...result, ok: false, outcome: "pending" as const } : result;
  });
  return makeResult({ op: "wait", services: results, elapsedMs: progress.elapsedMs });
}

type Goal = "met" | "open" | "lost";

function goalOf(wanted: Op<"wait">["for"], found: Verdict): Goal {
  const isOff = found.outcome === "stopped" || found.outcome === "removed";
  if (wanted === "stopped") return found.kind === "ok" && isOff ? "met" : "open";
  // A crashed one may still come right by itself; that is what waiting is for.
  if (found.kind === "failed") return found.outcome === "failed" ? "lost" : "open";
  if (found.kind === "pending" || isOff) return "open";
  if (wanted === "idle") return found.outcome === "waiting" ? "met" : "open";
  return wanted === "ready" || found.outcome === "done" ? "met" : "open";
}

function liveNames(observed: Observed): readonly string[] {
  return [...observed.services]
    .filter(([, service]) => service.instances.some(isLive))
    .map(([name]) => name);
}
