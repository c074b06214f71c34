import { addressText } from "../../src/core/address.ts";
import { standing } from "../../src/core/backoff.ts";
import { type Desired, intentOf, offReason } from "../../src/core/desired.ts";
import type { Instance, InstanceId, ObservedService } from "../../src/core/observed.ts";
import type { Millis, ServiceSpec } from "../../src/core/spec.ts";
import type { Sight } from "./checker.ts";
import { ownOf } from "./places.ts";

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
  if (stable(givenBy(a)) !== stable(givenBy(b))) return false;
  return SEEN_BY_PROGRAM.every((key) => stable(a[key]) === stable(b[key]));
}

/** What of its `listen` a program is given when it starts. */
function givenBy({ listen }: ServiceSpec): unknown {
  if (listen === null) return null;
  const {
    mode,
    addresses,
    proxy_protocol,
    start: _s,
    backlog: _b,
    drain: _d,
    sticky: _t,
    ...rest
  } = listen;
  if (mode === "share") return [mode, addresses];
  return mode === "proxy" ? [mode, proxy_protocol] : [mode, addresses, rest];
}

/** What a `restart: true` dependent follows: the program that is aimed at, and how often it was restarted by hand. */
export function versionOf(sight: Sight, name: string): string {
  const aim = aimOf(sight, name);
  const service = sight.observed.services.get(name);
  const isBack = service !== undefined && isRejected(sight.desired, service, name);
  const { generation } = isBack && service.good ? service.good : intentOf(sight.desired, name);
  return stable([
    generation,
    SEEN_BY_PROGRAM.map((key) => aim?.[key] ?? null),
    aim && givenBy(aim),
  ]);
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
  if (isAsleep(sight, name)) return 0;
  return intentOf(sight.desired, name).scale ?? aim.instances;
}

/** It starts with the first connection, and there was none; or it, or what it is the proxy of, did not come up. */
export function isAsleep(sight: Sight, name: string): boolean {
  const aim = aimOf(sight, name);
  if (aim === null) return false;
  if (aim.helps !== null && isBehindNothing(sight, aim.helps)) return true;
  if (aim.listen?.start !== "on-demand") return false;
  const door = aim.listen.mode === "proxy" ? `${name}:proxy` : name;
  const { demand = null, instances = [] } = sight.observed.services.get(door) ?? {};
  if (demand !== null) return demand.failed !== null;
  return door === name || instances.every((i) => i.phase.kind === "ended");
}

/** Nobody of it will ever take a connection by itself. */
export function isOut(sight: Sight, name: string): boolean {
  const aim = aimOf(sight, name);
  if (aim === null || offReason(sight.desired, name) !== null) return false;
  if (aim.helps !== null && isBehindNothing(sight, aim.helps)) return true;
  if (hasFailed(sight, aim)) return true;
  const count = intentOf(sight.desired, name).scale ?? aim.instances;
  if (count === 0) return true;
  if (aim.listen?.start === "on-demand") return false;
  const all = sight.observed.services.get(name)?.instances ?? [];
  const own = all.filter((i) => isUpToDate(sight, i));
  const slots = Array.from({ length: count }, (_, index) => index + 1);
  return slots.every((slot) => {
    const holders = own.filter((i) => i.slot === slot);
    const kinds = holders.map((i) => (i.phase.kind === "ended" ? standing(i).kind : null));
    return (
      kinds.length > 0 &&
      !kinds.includes(null) &&
      kinds.some((k) => k === "done" || k === "gave-up")
    );
  });
}

/** What it is the proxy of takes no connection, or takes them itself. */
function isBehindNothing(sight: Sight, helped: string): boolean {
  return isOut(sight, helped) || aimOf(sight, helped)?.listen?.mode !== "proxy";
}

/** It starts with the first connection, and there was none. */
function isUnasked(sight: Sight, { name, listen }: ServiceSpec): boolean {
  if (listen?.start !== "on-demand") return false;
  const door = listen.mode === "proxy" ? `${name}:proxy` : name;
  return (sight.observed.services.get(door)?.demand ?? null) === null;
}

/** It was woken, and did not come up. */
function hasFailed(sight: Sight, { name, listen }: ServiceSpec): boolean {
  if (listen?.start !== "on-demand") return false;
  const door = listen.mode === "proxy" ? `${name}:proxy` : name;
  return (sight.observed.services.get(door)?.demand?.failed ?? null) !== null;
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
  const isImplied = aim.port === "auto" || aim.listen !== null || (surge !== null && surge !== 0);
  const isRolling =
    intentOf(sight.desired, name).rolling ||
    aim.reload === "rolling" ||
    (aim.reload === null && isImplied);
  const below = toCount(unavailable ?? 0, count, Math.floor);
  if (!isRolling || aim.kind === "task" || aim.listen?.wait)
    return { surge: 0, unavailable: Math.max(1, below) };
  const above = toCount(surge ?? 1, count, Math.ceil);
  // A fixed port may keep two from overlapping whatever the file says; so may a socket that is not to be had yet.
  const isFixed = typeof aim.port === "number" || !hasSockets(sight, aim);
  return { surge: above, unavailable: above === 0 || isFixed ? Math.max(1, below) : below };
}

/** Whether all that a program of this service is given is bound. */
export function hasSockets(sight: Sight, aim: ServiceSpec): boolean {
  return ownOf(aim).every((one) => sight.observed.sockets[addressText(one)]?.phase === "bound");
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
    const aim = aimOf(sight, on);
    if (aim !== null && hasFailed(sight, aim)) return `${on} did not come up`;
    if (aim !== null && isUnasked(sight, aim)) continue;
    if (wantedCount(sight, on) === 0) continue;
    const all = sight.observed.services.get(on)?.instances ?? [];
    const current = all.filter((i) => by.isCurrent(sight, i));
    const isOver = current.length > 0 && current.every((i) => i.phase.kind === "ended");
    if (!required && isOver) continue;
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
  const { restart, listen } = instance.applied;
  if (!hasSucceeded(instance)) return false;
  if (restart.policy !== "always") return true;
  // What starts on demand may end by itself once it has served.
  const wasReady = instance.phase.kind === "ended" && instance.phase.readyMs > 0;
  return listen?.start === "on-demand" && (wasReady || listen.mode === "inetd");
}

function hasSucceeded({ phase, applied }: Instance): boolean {
  if (phase.kind !== "ended" || phase.asked || phase.exit.kind !== "code") return false;
  return applied.success_codes.includes(phase.exit.code);
}
