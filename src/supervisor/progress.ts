import type { ServiceResult } from "../control/protocol.ts";
import { intentOf, offReason } from "../core/desired.ts";
import { isHelperName } from "../core/helpers.ts";
import { huntedWords } from "../core/hunted.ts";
import { isLive, type Observed } from "../core/observed.ts";
import { changeSince, type Verdict, verdict } from "../core/outcome.ts";
import type { Millis } from "../core/spec.ts";
import { lastLines } from "../logs/last-lines.ts";
import { runFiles } from "../logs/layout.ts";
import type { Session } from "./session.ts";
import { whereOf } from "./where.ts";

/** Crashes after which an operation stops hoping that a retry will do. */
const CRASHES_HOPED_THROUGH = 1;
const LINES_SHOWN = 10;

export interface ProgressOptions {
  readonly services: readonly string[];
  /** As it was before the operation changed anything. */
  readonly before: Observed;
  /** The number of the last event before it. */
  readonly seq: number;
  /** The file was not applied: that an earlier version of it was rolled back says nothing of this operation. */
  readonly forgivesRollback: boolean;
}

/** How far one operation's services have come, and when each got its verdict. */
export class Progress {
  readonly #session: Session;
  readonly #options: ProgressOptions;
  readonly #since: Millis;
  readonly #elapsed = new Map<string, Millis>();
  readonly #verdicts = new Map<string, Verdict>();

  constructor(session: Session, options: ProgressOptions) {
    this.#session = session;
    this.#options = options;
    this.#since = session.clock.now();
  }

  /** true once every service has its verdict; for Session.until. */
  look(): true | null {
    const now = this.#session.clock.now();
    for (const name of this.#options.services) {
      const found = this.judge(name);
      this.#verdicts.set(name, found);
      if (found.kind === "pending") this.#elapsed.delete(name);
      else if (!this.#elapsed.has(name)) this.#elapsed.set(name, now - this.#since);
    }
    return this.#options.services.every((name) => this.#isSettled(name, new Set())) || null;
  }

  get elapsedMs(): Millis {
    return Math.round(this.#session.clock.now() - this.#since);
  }

  /** `isOver`: what has no verdict by now has missed its time; else nobody waited for it. */
  results(isOver: boolean): readonly ServiceResult[] {
    this.look();
    const killed = this.#killed();
    // What procs runs for a service ends with it, and is told of with it.
    const told = this.#options.services.filter((name) => !isHelperName(name));
    return told.flatMap((name) => this.#result(name, isOver, killed) ?? []);
  }

  /** Where a service stands, for this operation. */
  judge(name: string): Verdict {
    const { core, clock } = this.#session;
    const found = verdict(core.desired, core.observed, name, clock.now());
    if (found.outcome !== "rolled_back" || !this.#options.forgivesRollback) return found;
    const was = this.#options.before.services.get(name)?.rejected ?? null;
    if (core.observed.services.get(name)?.rejected !== was) return found;
    return { kind: "ok", outcome: "ready", detail: null, instance: null };
  }

  #isSettled(name: string, seen: Set<string>): boolean {
    const found = this.judge(name);
    switch (found.kind) {
      case "ok":
        return true;
      case "failed":
        return found.outcome !== "crashed" || this.#isLooping(found.help ?? name);
      case "pending":
        return this.#isBlocked(name, seen);
    }
  }

  /** What waits for something that failed does so until a person helps. */
  #isBlocked(name: string, seen: Set<string>): boolean {
    if (seen.has(name)) return false;
    seen.add(name);
    const { waits } = this.#session.core.plan;
    const on = waits.find((wait) => wait.service === name && wait.for === "dependency")?.on;
    if (on === undefined) return false;
    return this.judge(on).kind !== "ok" && this.#isSettled(on, seen);
  }

  #isLooping(name: string): boolean {
    const instances = this.#session.core.observed.services.get(name)?.instances ?? [];
    return instances.some((instance) => instance.exits.length > CRASHES_HOPED_THROUGH);
  }

  #result(name: string, isOver: boolean, killed: ReadonlySet<string>): ServiceResult | null {
    const { core } = this.#session;
    const found = this.#verdicts.get(name);
    if (found === undefined) return null;
    const spec = core.desired.services.get(name);
    const live = core.observed.services.get(name)?.instances.filter(isLive) ?? [];
    const rest = {
      detail: found.detail,
      elapsed_ms: rounded(this.#elapsed.get(name)),
      instances: live.length,
      last_lines: this.#lastLines(name, found),
      where: spec === undefined ? null : whereOf(spec, core.observed),
    };
    if (found.kind === "failed") return { name, ok: false, outcome: found.outcome, ...rest };
    if (found.kind === "pending") {
      return isOver && this.#isBlocked(name, new Set())
        ? { name, ok: false, outcome: "waiting", ...rest }
        : { name, ok: !isOver, outcome: "pending", ...rest };
    }
    const outcome = this.#goodOutcome(name, found, killed);
    if (outcome === null) return null;
    return { name, ok: true, outcome, ...rest, detail: found.detail ?? this.#hunted(name) };
  }

  /** null: it is off, was off, and nothing is to be said of it. */
  #goodOutcome(
    name: string,
    found: Verdict,
    killed: ReadonlySet<string>,
  ): ServiceResult["outcome"] | null {
    const { core } = this.#session;
    const { before } = this.#options;
    const wasLive = before.services.get(name)?.instances.some(isLive) ?? false;
    if (found.outcome === "stopped" || found.outcome === "removed") {
      if (killed.has(name)) return "killed";
      if (wasLive) return found.outcome;
      const isByHand = offReason(core.desired, name) === "stopped";
      return isByHand && intentOf(core.desired, name).stopped ? "remains" : null;
    }
    if (found.outcome === "waiting") return "idle";
    if (found.outcome === "done") return this.#hasRun(name) ? "done" : "unchanged";
    const change = changeSince(before, core.observed, name);
    return change === "started" ? found.outcome : change;
  }

  /** Whether a run was started since: a task that was done before is unchanged. */
  #hasRun(name: string): boolean {
    const { before } = this.#options;
    const old = before.services.get(name)?.instances ?? [];
    const all = this.#session.core.observed.services.get(name)?.instances ?? [];
    return all.some((is) => !old.some((was) => was.slot === is.slot && was.run === is.run));
  }

  #lastLines(name: string, found: Verdict): readonly string[] {
    if (found.kind !== "failed" || found.instance === null) return [];
    const { slot, run } = found.instance;
    const service = found.help ?? name;
    return lastLines(runFiles(this.#session.paths.runs, service, slot, run), LINES_SHOWN);
  }

  /** What of it had left its group and was ended too; null: nothing. */
  #hunted(name: string): string | null {
    const events = this.#session.events.past(this.#options.seq);
    const found = events.filter((event) => event.service === name && event.state === "stopped");
    const processes = found.flatMap((event) => event.hunted ?? []);
    const more = found.reduce((sum, event) => sum + (event.hunted_more ?? 0), 0);
    return processes.length === 0 ? null : huntedWords({ processes, more });
  }

  #killed(): ReadonlySet<string> {
    const events = this.#session.events.past(this.#options.seq);
    const names = events.flatMap((event) =>
      event.killed === true && event.service !== undefined ? [event.service] : [],
    );
    return new Set(names);
  }
}

function rounded(ms: Millis | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}

/** The result of a service that an operation did nothing to. */
export function unchanged(
  session: Session,
  name: string,
  outcome: "unchanged" | "remains",
): ServiceResult {
  const { desired, observed } = session.core;
  const spec = desired.services.get(name);
  const isByHand = offReason(desired, name) === "stopped";
  return {
    name,
    ok: true,
    outcome,
    detail: isByHand ? "stopped by hand, left alone" : null,
    elapsed_ms: null,
    instances: observed.services.get(name)?.instances.filter(isLive).length ?? 0,
    last_lines: [],
    where: spec === undefined ? null : whereOf(spec, observed),
  };
}
