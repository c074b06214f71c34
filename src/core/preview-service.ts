import { type Desired, intentOf, OFF_WORDS, type OffReason } from "./desired.ts";
import { sameProcess } from "./diff.ts";
import type { Fate, Worlds } from "./fate.ts";
import type { PlanService } from "./plan-doc.ts";
import { type Sources, tellChange } from "./preview-changes.ts";
import { because, losesProxy, mayOverlap } from "./preview-gap.ts";
import {
  closeWords,
  gapWords,
  isIdleService,
  listenNotes,
  listenWords,
  type Taken,
  takenWords,
} from "./preview-listen.ts";
import { rejectionOf } from "./revision.ts";
import type { ServiceSpec } from "./spec.ts";
import { formatDuration } from "./units.ts";

/** One line of the plan, with its changes and notes. */
export function planService(
  fate: Fate,
  worlds: Worlds,
  { sources, taken }: { readonly sources: Sources; readonly taken: Taken },
): PlanService {
  const blocked = takenWords(fate, worlds.observed, taken);
  const line = lineOf(fate, worlds, blocked);
  return {
    service: fate.name,
    ...line,
    reason: line.reason ?? null,
    downtime: line.downtime ?? "none",
    instances: { from: instancesNow(fate), to: fate.to === null ? 0 : fate.countAfter },
    changes: fate.changes.map((change) => tellChange(change, sources)),
    notes: notesOf(fate, worlds, { line, blocked }),
  };
}

interface Line {
  readonly symbol: PlanService["symbol"];
  readonly action: PlanService["action"];
  readonly words: string;
  readonly downtime?: PlanService["downtime"];
  readonly reason?: string | null;
}

const UNCHANGED: Line = { symbol: "=", action: "none", words: "unchanged" };

function lineOf(fate: Fate, worlds: Worlds, blocked: string | null): Line {
  const { from, to, changes, off, adoptedFrom } = fate;
  if (to === null) return stopLine(fate);
  if (adoptedFrom !== null) {
    return {
      symbol: "~",
      action: "adopt",
      words: `no restart needed, renamed from ${adoptedFrom}`,
    };
  }
  if (off !== null) return fate.running.length > 0 ? stopLine(fate) : offLine(fate, off);
  const rejected = rejectedReason(worlds, fate.name);
  if (rejected !== null) {
    const words = "blocked: this version was tried and rolled back";
    return { symbol: "~", action: "blocked", words, reason: rejected };
  }
  const isNews = from === null || changes.length > 0;
  const stuck = blocked === null ? (isBlocked(fate) ? fate.stuck : null) : isNews ? blocked : null;
  if (stuck !== null) {
    const symbol = from === null ? "+" : "~";
    return { symbol, action: "blocked", words: `blocked, ${stuck}` };
  }
  if (blocked !== null) return UNCHANGED;
  if (from !== null && from.kind !== to.kind && fate.running.length > 0) return kindLine(to);
  if (to.kind === "task") return taskLine(fate, worlds, to);
  if (isIdleService(fate)) return fate.running.length > 0 ? restLine(fate, to) : idleLine(fate, to);
  if (fate.running.length === 0) return startLine(fate, to);
  if (fate.replaced.length > 0) return replaceLine(fate, to);
  if (fate.countBefore !== fate.countAfter) return scaleLine(fate);
  if (changes.length > 0) return noRestart();
  return UNCHANGED;
}

/** It is stuck because of this edit, or the edit cannot take effect because it is. */
function isBlocked({ from, changes, stuck, stuckAnyway }: Fate): boolean {
  if (stuck === null) return false;
  return from === null || changes.length > 0 || stuck !== stuckAnyway;
}

function noRestart(because = ""): Line {
  return { symbol: "~", action: "no_restart", words: `no restart needed${because}` };
}

function stopLine({ running, off, to }: Fate): Line {
  const spec = running[0]?.applied;
  const count = running.length;
  const words =
    spec === undefined
      ? "stop, nothing runs"
      : `stop (${stopWords(spec)}), ${instances(count)} ${count === 1 ? "runs" : "run"}${closeWords(spec)}`;
  const reason = to === null || off === null ? null : OFF_WORDS[off];
  return { symbol: "-", action: "stop", words, downtime: count > 0 ? "gap" : "none", reason };
}

function offLine({ changes, from }: Fate, off: OffReason): Line {
  const words = OFF_WORDS[off];
  if (from === null || changes.length === 0) return { symbol: "=", action: "none", words };
  return noRestart(`, ${words}`);
}

/** Why what the file asks is not tried again; null: it is, or was never tried. */
function rejectedReason({ after, observed }: Worlds, name: string): string | null {
  const service = observed.services.get(name);
  return service === undefined ? null : (rejectionOf(after, service, name)?.reason ?? null);
}

function kindLine(to: ServiceSpec): Line {
  const words = `stop, then start: it becomes a ${to.kind}`;
  return { symbol: "-/+", action: "stop_then_start", words, downtime: "gap" };
}

function taskLine(fate: Fate, { after }: Worlds, to: ServiceSpec): Line {
  const { from, starts, running, changes, replaced, retries } = fate;
  const isNew = from === null || from.kind !== to.kind;
  const isChanged = changes.some((change) => change.class === "process");
  if (to.schedule !== null && starts.length === 0) {
    const words = `start on schedule, ${to.schedule.cron}`;
    if (isNew) return { symbol: "+", action: "start", words };
    if (changes.length === 0) return UNCHANGED;
    return noRestart(isChanged ? ", its next run uses it" : "");
  }
  if (starts.length === 0 || (retries && changes.length === 0)) {
    return changes.length > 0 ? noRestart() : UNCHANGED;
  }
  if (replaced.length > 0 || running.length > 0) {
    const words = "stop, then run again";
    return {
      symbol: "-/+",
      action: "stop_then_start",
      words,
      downtime: "gap",
      reason: reasonOf(fate),
    };
  }
  if (isNew || fate.wasOff !== null) return { symbol: "+", action: "run", words: "run once" };
  const { reason } = intentOf(after, fate.name);
  return {
    symbol: "~",
    action: "run",
    words: "run again",
    reason: isChanged ? null : reason || null,
  };
}

/** Nothing of it runs, nor will before somebody connects. */
function idleLine({ from, wasOff, changes }: Fate, to: ServiceSpec): Line {
  if (from === null || wasOff !== null) {
    return { symbol: "+", action: "start", words: `start on demand${listenWords(to)}` };
  }
  if (changes.length === 0) return UNCHANGED;
  const isMoved = changes.some((change) => change.path.startsWith("listen"));
  const uses = changes.some((change) => change.class === "process");
  return noRestart(isMoved ? listenWords(to) : uses ? ", its next start uses it" : "");
}

/** It runs, and from now on waits for a connection. */
function restLine({ running }: Fate, to: ServiceSpec): Line {
  const count = instances(running.length);
  const words = `idle on demand: stop (${stopWords(running[0]?.applied ?? to)}), ${count} ${running.length === 1 ? "runs" : "run"}${listenWords(to)}`;
  return { symbol: "~", action: "stop", words };
}

function startLine(fate: Fate, to: ServiceSpec): Line {
  const { from, starts, changes, retries, wasOff, countAfter } = fate;
  if (countAfter === 0 || starts.length === 0) return changes.length > 0 ? noRestart() : UNCHANGED;
  if (retries && changes.length === 0) return UNCHANGED;
  const words = `start, ${instances(countAfter)}${listenWords(to)}`;
  const isNew = from === null || wasOff !== null;
  return { symbol: isNew ? "+" : "~", action: "start", words };
}

function replaceLine(fate: Fate, to: ServiceSpec): Line {
  const count = fate.countBefore === fate.countAfter ? instances(fate.countAfter) : fromTo(fate);
  const reason = reasonOf(fate);
  if (fate.readyMin > 0 && !losesProxy(fate)) {
    const words = `rolling restart, ${count}, ${sharesPorts(fate, to) ? "each port is down in turn" : "no downtime"}`;
    return { symbol: "~", action: "rolling_restart", words, reason };
  }
  const { readyNow } = fate;
  if (readyNow === 0 && mayOverlap(fate.from ?? to, to)) {
    const words = `rolling restart, ${count}, ${gapWords(fate)}`;
    return { symbol: "~", action: "rolling_restart", words, downtime: "gap", reason };
  }
  const resized = fate.countBefore === fate.countAfter ? "" : `${fromTo(fate)}, `;
  const words = `stop, then start: ${resized}${gapWords(fate)}, because ${because(fate.from ?? to, to)}`;
  return { symbol: "-/+", action: "stop_then_start", words, downtime: "gap", reason };
}

/** New instances bind what old ones hold: somebody is always ready, but no single port is always open. */
function sharesPorts({ from, countBefore, countAfter }: Fate, to: ServiceSpec): boolean {
  if (typeof from?.port !== "number" || typeof to.port !== "number") return false;
  return from.port < to.port + countAfter && to.port < from.port + countBefore;
}

function scaleLine(fate: Fate): Line {
  const downtime = fate.countAfter === 0 ? "" : ", no downtime";
  return {
    symbol: "~",
    action: "scale",
    words: `scale, ${fromTo(fate)}${downtime}`,
    downtime: fate.countAfter === 0 ? "gap" : "none",
  };
}

/** What the changes do not say: a dependency was replaced, a restart was asked for. */
function reasonOf({ stopReason }: Fate): string | null {
  if (stopReason === null || stopReason === "changed") return null;
  return stopReason.replace(/ was replaced$/, " is replaced");
}

function instancesNow({ running, countBefore }: Fate): number {
  return running.length === 0 ? 0 : countBefore || running.length;
}

function fromTo({ countBefore, countAfter }: Fate): string {
  return `${countBefore} -> ${countAfter} instances`;
}

function instances(count: number): string {
  return count === 1 ? "1 instance" : `${count} instances`;
}

function stopWords({ stop }: ServiceSpec): string {
  return `${stop.signal}, up to ${formatDuration(stop.timeout)}`;
}

function notesOf(
  fate: Fate,
  { before, after }: Worlds,
  { line, blocked }: { readonly line: Line; readonly blocked: string | null },
): readonly string[] {
  const { name, to, running, off, changes, stuck } = fate;
  const { scale } = intentOf(after, name);
  const notes: string[] = [];
  if (to !== null && off === "stopped" && running.length === 0) {
    notes.push(`stopped by hand, left alone (procs start ${name})`);
  }
  if (to !== null && off === null && scale !== null && scale !== to.instances) {
    notes.push(`scaled by hand to ${scale}; procs.yaml says ${to.instances}`);
  }
  const why = blocked ?? stuck;
  if (line.action === "none" && off === null && why !== null) notes.push(`blocked, ${why}`);
  const old = running[0]?.applied;
  const isReplaced = line.action === "rolling_restart" || line.action === "stop_then_start";
  if (old !== undefined && isReplaced && changes.some((one) => one.path.startsWith("stop."))) {
    notes.push(`what runs now is stopped as it was started: ${stopWords(old)}`);
  }
  if (line.action !== "blocked") notes.push(...listenNotes(fate, isReplaced));
  const renamed = to === null || line.action !== "start" ? null : renameNote(to, before, after);
  if (renamed !== null) notes.push(renamed);
  if (line.action === "blocked" && line.reason != null)
    notes.push(`procs restart ${name} tries it again`);
  return notes;
}

/** A rename that could not keep its processes, or could if it said so. */
function renameNote(to: ServiceSpec, before: Desired, after: Desired): string | null {
  const leaves = [...before.services.values()].filter((spec) => !after.services.has(spec.name));
  if (to.was !== null) {
    const isThere = leaves.some((spec) => spec.name === to.was);
    return isThere ? `was ${to.was}, but what it runs is edited too: it starts anew` : null;
  }
  const twin = leaves.find((spec) => sameProcess(spec, to) && !before.services.has(to.name));
  return twin === undefined
    ? null
    : `the same as ${twin.name}: with "was: ${twin.name}" its processes go on`;
}
