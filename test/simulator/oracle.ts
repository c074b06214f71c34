import { type Desired, intentOf, offReason } from "../../src/core/desired.ts";
import type { Instance, InstanceId, ObservedService } from "../../src/core/observed.ts";
import type { Millis, ServiceSpec } from "../../src/core/spec.ts";
import type { Sight } from "./checker.ts";

/*
 * Second opinions, written from the design and not from src/core, slow and plain on purpose: where the two
 * disagree, one of them is wrong.
 */

/** Everything that the program can see; a difference in any other key never replaces a process. */
const SEEN_BY_PROGRAM: readonly (keyof ServiceSpec)[] = [
  "kind",
  "command",
  "shell",
  "cwd",
  "env",
  "inherited",
  "user",
  "group",
  "umask",
  "nice",
  "limits",
  "port",
];

export function isSameProgram(a: ServiceSpec, b: ServiceSpec): boolean {
  return SEEN_BY_PROGRAM.every((key) => stable(a[key]) === stable(b[key]));
}

/** What a `restart: true` dependent follows: the program that is aimed at, and how often it was restarted by hand. */
export function versionOf(sight: Sight, name: string): string {
  const aim = aimOf(sight, name);
  const service = sight.observed.services.get(name);
  const isBack = service !== undefined && isRejected(sight.desired, service, name);
  const { generation } = isBack && service.good ? service.good : intentOf(sight.desired, name);
  return stable([generation, SEEN_BY_PROGRAM.map((key) => aim?.[key] ?? null)]);
}

/** JSON with sorted keys. */
export function stable(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

export function nameOf(id: InstanceId): string {
  return `${id.service}.${id.slot}#${id.run}`;
}

/** The spec that a service should run now: the file's, or the good one after that failed its rollout. */
export function aimOf(sight: Sight, name: string): ServiceSpec | null {
  const asked = sight.desired.services.get(name);
  const service = sight.observed.services.get(name);
  if (asked === undefined) return null;
  if (service === undefined || !isRejected(sight.desired, service, name)) return asked;
  return service.good?.spec ?? asked;
}

/** Runs the program that is aimed at, since the last restart that was asked for. */
export function isCurrent(sight: Sight, instance: Instance): boolean {
  const { service, generation, applied } = instance;
  const aim = aimOf(sight, service);
  if (aim === null || !isSameProgram(applied, aim)) return false;
  const observed = sight.observed.services.get(service);
  const isBack = observed !== undefined && isRejected(sight.desired, observed, service);
  const good = isBack ? observed.good : null;
  return generation === (good?.generation ?? intentOf(sight.desired, service).generation);
}

/** That, and no `restart: true` dependency has been replaced since it started. */
export function isUpToDate(sight: Sight, instance: Instance): boolean {
  if (!isCurrent(sight, instance)) return false;
  return Object.entries(instance.upstream).every(([on, epoch]) => {
    const upstream = sight.observed.services.get(on);
    const isFollowed = instance.applied.depends_on[on]?.restart === true;
    if (upstream === undefined || !isFollowed) return true;
    // A replacement that has not settled is followed by nobody yet.
    const isSettled = upstream.good !== null && upstream.goodEpoch === upstream.epoch;
    return !isSettled || upstream.epoch === epoch;
  });
}

export function isRejected(desired: Desired, service: ObservedService, name: string): boolean {
  const asked = desired.services.get(name);
  const { rejected } = service;
  if (asked === undefined || rejected === null) return false;
  if (rejected.revision.generation !== intentOf(desired, name).generation) return false;
  return stable(rejected.revision.spec) === stable(asked);
}

export function wantedCount(sight: Sight, name: string): number {
  const aim = aimOf(sight, name);
  if (aim === null || offReason(sight.desired, name) !== null) return 0;
  if (aim.kind === "task") return 1;
  return intentOf(sight.desired, name).scale ?? aim.instances;
}

/** How far a replacement may go above and below the wanted number. */
export interface Fences {
  readonly surge: number;
  readonly unavailable: number;
}

/**
 * Overlap is for programs that can bear it: told so, or given a port of their own. Whether two of them meet on
 * one fixed port is left to the checker that looks at the ports.
 */
export function fencesOf(sight: Sight, name: string): Fences {
  const aim = aimOf(sight, name);
  const count = wantedCount(sight, name);
  if (aim === null) return { surge: 0, unavailable: count };
  const { surge, unavailable } = aim.rollout;
  const isImplied = aim.port === "auto" || (surge !== null && surge !== 0);
  const isRolling =
    intentOf(sight.desired, name).rolling ||
    aim.reload === "rolling" ||
    (aim.reload === null && isImplied);
  const below = toCount(unavailable ?? 0, count, Math.floor);
  if (!isRolling || aim.kind === "task") return { surge: 0, unavailable: Math.max(1, below) };
  const above = toCount(surge ?? 1, count, Math.ceil);
  // A fixed port may keep two from overlapping whatever the file says.
  const isFixed = typeof aim.port === "number";
  return { surge: above, unavailable: above === 0 || isFixed ? Math.max(1, below) : below };
}

function toCount(setting: number | string, count: number, round: (n: number) => number): number {
  return typeof setting === "number" ? setting : round((Number.parseFloat(setting) / 100) * count);
}

function isUp(instance: Instance): boolean {
  const { kind } = instance.phase;
  return kind === "running" || kind === "ready" || kind === "unready";
}

export function isActive(instance: Instance): boolean {
  return isUp(instance) || instance.phase.kind === "starting";
}

export function isAvailable(instance: Instance, minReadyMs: Millis, now: Millis): boolean {
  return instance.phase.kind === "ready" && now - instance.phase.since >= minReadyMs;
}

interface Judgement {
  readonly isCurrent: (sight: Sight, instance: Instance) => boolean;
  readonly isDone: (instance: Instance) => boolean;
}

/** What is necessary at the instant of a start: policies and upstreams may be edited at that very instant. */
const AT_A_START: Judgement = { isCurrent, isDone: hasSucceeded };
/** What holds in a world that has come to rest. */
export const AT_REST: Judgement = { isCurrent: isUpToDate, isDone };

/**
 * Why a service may not start now, or null. What is necessary whatever the details: some instance of each
 * dependency is in the state that was asked for.
 */
export function missingDependency(
  sight: Sight,
  spec: ServiceSpec,
  by: Judgement = AT_A_START,
): string | null {
  for (const [on, { condition, required }] of Object.entries(spec.depends_on)) {
    const off = offReason(sight.desired, on);
    if (off !== null && off !== "stopped") continue;
    if (off === "stopped") {
      if (required) return `${on} is stopped by hand`;
      continue;
    }
    if (wantedCount(sight, on) === 0) continue;
    const aim = aimOf(sight, on);
    const all = sight.observed.services.get(on)?.instances ?? [];
    const current = all.filter((i) => by.isCurrent(sight, i));
    const hasFailed = current.length > 0 && current.every((i) => i.phase.kind === "ended");
    if (!required && hasFailed) continue;
    const isTask = aim?.kind === "task";
    const holds =
      current.some(by.isDone) && (isTask || condition === "done")
        ? true
        : condition === "started"
          ? current.some(isUp)
          : condition === "ready" && !isTask && current.some((i) => i.phase.kind === "ready");
    if (!holds) return `${on} is not ${condition}`;
  }
  return null;
}

/** Ended by itself, as it should. */
export function isDone(instance: Instance): boolean {
  return hasSucceeded(instance) && instance.applied.restart.policy !== "always";
}

function hasSucceeded({ phase, applied }: Instance): boolean {
  if (phase.kind !== "ended" || phase.asked || phase.exit.kind !== "code") return false;
  return applied.success_codes.includes(phase.exit.code);
}
