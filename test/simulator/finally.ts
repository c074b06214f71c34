import { addressText } from "../../src/core/address.ts";
import { standing } from "../../src/core/backoff.ts";
import { offReason } from "../../src/core/desired.ts";
import { type Instance, isLive, type ObservedService } from "../../src/core/observed.ts";
import type { ListenAddress, ServiceSpec } from "../../src/core/spec.ts";
import type { Sight } from "./checker.ts";
import * as oracle from "./oracle.ts";
import { nameOf, stable } from "./oracle.ts";
import { ownOf } from "./places.ts";

/** P5: what is not yet as it should be, once faults and edits have stopped; null: all is well. */
export function unfinished(sight: Sight): string | null {
  for (const run of sight.host.live) {
    // A program that did not heed its stop goes on where the record of the stop is lost.
    const isStopping = run.stop !== null && run.stop.at > sight.lostAt;
    if (run.state === "leftover" || isStopping) return `${nameOf(run.id)} is still going`;
  }
  for (const [name, service] of sight.observed.services) {
    const found = surplus(sight, name, service);
    if (found !== null) return found;
  }
  for (const [name, spec] of sight.desired.services) {
    if (offReason(sight.desired, name) !== null) continue;
    const found = missing(sight, name, spec) ?? deaf(sight, name) ?? restless(sight, name);
    if (found !== null) return found;
  }
  return leftOpen(sight) ?? unanswered(sight);
}

/** Every address that a service listens on is open, unless nobody would accept there. */
function deaf(sight: Sight, name: string): string | null {
  const aim = oracle.aimOf(sight, name);
  if (aim === null || oracle.isOut(sight, name)) return null;
  for (const address of ownOf(aim)) {
    const text = addressText(address);
    const isHeld = sight.host.sockets.held.has(text);
    if (isHeld && sight.observed.sockets[text]?.phase === "bound") continue;
    if (isLost(sight, name, text) || isTakenByPort(sight, address)) continue;
    return `${text} of ${name} is ${sight.observed.sockets[text]?.phase ?? "not bound"}`;
  }
  return null;
}

/** The other instances have a socket that nobody else has any more. */
function isHeldByOthers(sight: Sight, name: string, aim: ServiceSpec): boolean {
  const texts = ownOf(aim).map(addressText);
  return texts.some((text) => !sight.host.sockets.held.has(text) && isLost(sight, name, text));
}

/** Nobody is connected to it, and it runs although it should rest then. */
function restless(sight: Sight, name: string): string | null {
  const aim = oracle.aimOf(sight, name);
  const service = sight.observed.services.get(name);
  if (aim?.listen?.start !== "on-demand" || aim.listen.mode !== "share") return null;
  if (aim.listen.idle_stop === null || !service?.demand || service.demand.failed) return null;
  const isUp = service.instances.every((i) => i.phase.kind === "ready");
  return isUp && service.instances.length > 0 && service.rollout === null
    ? `${name} does not rest`
    : null;
}

/** Those who run have it, and no supervisor: until they are replaced it stays so. */
function isLost(sight: Sight, name: string, text: string): boolean {
  return [...sight.host.live].some((run) => run.id.service === name && run.given.includes(text));
}

/** A program of another service binds the port itself: of that procs can only tell. */
function isTakenByPort(sight: Sight, address: ListenAddress): boolean {
  if (address.kind === "unix") return false;
  return [...sight.host.live].some((run) => run.given.length === 0 && run.port === address.port);
}

/** Nothing stays open that nobody listens on. */
function leftOpen(sight: Sight): string | null {
  for (const [text, { service }] of sight.host.sockets.held) {
    if ([...sight.host.live].some((run) => run.given.includes(text))) continue;
    const aim = oracle.aimOf(sight, service);
    const isAimed = aim !== null && ownOf(aim).some((one) => addressText(one) === text);
    const isOff = offReason(sight.desired, service) !== null || oracle.isOut(sight, service);
    const isKept = (sight.observed.services.get(service)?.rollout ?? null) !== null;
    if ((isAimed && !isOff) || isKept) continue;
    return `${text} of ${service} is still open`;
  }
  return null;
}

/** Who woke a service is answered, or told in time that there is nobody. */
function unanswered(sight: Sight): string | null {
  for (const caller of sight.host.sockets.callers) {
    if (caller.by === null) return `a caller of ${caller.text} still waits`;
  }
  return null;
}

/** Everything ended after a `down`, and nothing is remembered but the numbers of runs. */
export function leftAfterDown(sight: Sight): string | null {
  const [run] = sight.host.live;
  if (run !== undefined) return `${nameOf(run.id)} lives after down`;
  const [text] = [...Object.keys(sight.observed.sockets), ...sight.host.sockets.held.keys()];
  if (text !== undefined) return `${text} is open after down`;
  const [name] = sight.observed.services.keys();
  return name === undefined ? null : `${name} is remembered after down`;
}

/** An instance too many, of a service that is off, above the count, or out of date. */
function surplus(sight: Sight, name: string, service: ObservedService): string | null {
  const count = oracle.wantedCount(sight, name);
  for (const instance of service.instances) {
    if (instance.slot > count && !isLastToServe(sight, service, name))
      return `${nameOf(instance)} is surplus (${count} wanted)`;
  }
  const isKnown = sight.desired.services.has(name);
  return isKnown || service.instances.length > 0 ? null : `${name} is still remembered`;
}

/** While those that should serve wait for a dependency, the one too many that still does is kept. */
function isLastToServe(sight: Sight, service: ObservedService, name: string): boolean {
  const aim = oracle.aimOf(sight, name);
  if (aim === null || offReason(sight.desired, name) !== null) return false;
  const waits = oracle.missingDependency(sight, aim, oracle.AT_REST) ?? halfDone(sight, aim);
  const serving = service.instances.filter((i) => i.phase.kind === "ready").length;
  return waits !== null && serving <= oracle.wantedCount(sight, name);
}

function missing(sight: Sight, name: string, asked: ServiceSpec): string | null {
  const service = sight.observed.services.get(name);
  const aim = oracle.aimOf(sight, name) ?? asked;
  const blocked = oracle.missingDependency(sight, aim, oracle.AT_REST) ?? halfDone(sight, aim);
  const isPaused =
    service?.rejected?.paused === true && oracle.isRejected(sight.desired, service, name);
  let waits = blocked !== null || isPaused;
  for (let slot = 1; slot <= oracle.wantedCount(sight, name); slot++) {
    const holders = (service?.instances ?? []).filter((i) => i.slot === slot);
    const isTaken = isPortTaken(sight, aim, slot) || isHeldByOthers(sight, name, aim);
    waits ||= isTaken;
    // A rollout that failed and was told to pause keeps both versions, which may take all the room.
    if (isPaused) continue;
    if (holders.length === 0 && blocked === null && aim.schedule === null && !isTaken) {
      return `${name}.${slot} is missing`;
    }
    const current = holders.filter((i) => oracle.isUpToDate(sight, i));
    if (current.length > 1 && blocked === null)
      return `${name}.${slot} has ${current.length} holders`;
    for (const holder of holders) {
      const found = wrong(sight, holder, aim, blocked);
      if (found !== null) return found;
    }
  }
  return service?.rollout === null || waits ? null : `${name} is being rolled out`;
}

/** A dependency whose own replacement waits for something is not ready before that is over. */
function halfDone(sight: Sight, aim: ServiceSpec): string | null {
  for (const on of Object.keys(aim.depends_on)) {
    const instances = sight.observed.services.get(on)?.instances ?? [];
    for (let slot = 1; slot <= oracle.wantedCount(sight, on); slot++) {
      if (!instances.some((i) => i.slot === slot && oracle.isUpToDate(sight, i))) return on;
    }
  }
  return null;
}

/** What is wrong with the holder of a slot. */
function wrong(
  sight: Sight,
  holder: Instance,
  aim: ServiceSpec,
  blocked: string | null,
): string | null {
  const isOld = !oracle.isUpToDate(sight, holder);
  // A replacement waits for its dependencies as a first start does; a scheduled run is left to end.
  const mayBeOld = blocked !== null || (aim.schedule !== null && isLive(holder));
  if (isOld && !mayBeOld && !isHeldUp(sight, holder, aim)) {
    return `${nameOf(holder)} is out of date`;
  }
  if (!isOld && stable(holder.applied) !== stable(aim) && isLive(holder)) {
    return `${nameOf(holder)} lacks live settings`;
  }
  if (isRestless(sight, holder)) return null;
  const left = isOld ? null : followed(sight, holder, aim);
  if (left !== null) return left;
  const { kind } = standing(holder);
  switch (holder.phase.kind) {
    case "ready": {
      const isThere = oracle.isAvailable(holder, aim.rollout.min_ready, sight.now);
      return isThere ? null : `${nameOf(holder)} is not ready for long enough`;
    }
    case "ended": {
      const isOver = kind === "done" || kind === "gave-up";
      // A retry may wait for room that a version that is never ready leaves to the old ones.
      const waits = blocked !== null || isHeldUp(sight, holder, aim);
      return isOver || waits ? null : `${nameOf(holder)} ended, ${kind}`;
    }
    case "running":
    case "unready":
      return isEndless(sight, holder) ? null : `${nameOf(holder)} is ${holder.phase.kind}`;
    default:
      return `${nameOf(holder)} is ${holder.phase.kind}`;
  }
}

/** `restart: true`: when a dependency was replaced, so is what needs it. */
function followed(sight: Sight, holder: Instance, aim: ServiceSpec): string | null {
  const run = sight.host.find(holder);
  if (run === undefined || !isLive(holder)) return null;
  // Where its record is lost nobody knows what it has followed.
  if (run.askedAt <= sight.lostAt) return null;
  for (const [on, { restart }] of Object.entries(aim.depends_on)) {
    const service = sight.observed.services.get(on);
    const then = run.upstream[on];
    // Only what was replaced for good is followed, and only by those that followed it when they started.
    if (!restart || run.started.depends_on[on]?.restart !== true || then === undefined) continue;
    if (service === undefined || offReason(sight.desired, on) !== null) continue;
    if (service.instances.some((i) => !oracle.isCurrent(sight, i))) continue;
    if (service.instances.some((i) => i.phase.kind !== "ready")) continue;
    if (service.instances.length === 0 || then === oracle.versionOf(sight, on)) continue;
    return `${nameOf(holder)} has not followed ${on}`;
  }
  return null;
}

/** A program that will never be ready, or a task that will never end: procs can only say so. */
function isEndless(sight: Sight, holder: Instance): boolean {
  const program = sight.host.find(holder)?.program;
  if (program === undefined) return false;
  return holder.applied.kind === "task" ? program.ends === null : program.readyMs === null;
}

/** A new version that is not there yet, and never will be, keeps the old ones. */
function isHeldUp(sight: Sight, old: Instance, aim: ServiceSpec): boolean {
  const { instances } = sight.observed.services.get(old.service) ?? { instances: [] };
  for (let slot = 1; slot <= oracle.wantedCount(sight, old.service); slot++) {
    if (isPortTaken(sight, aim, slot)) return true;
  }
  return instances.some(
    (i) =>
      oracle.isUpToDate(sight, i) &&
      (isRestless(sight, i) || isEndless(sight, i) || standing(i).kind === "gave-up"),
  );
}

/** A program that ends by itself and is started again, now and for ever. */
function isRestless(sight: Sight, holder: Instance): boolean {
  const program = sight.host.find(holder)?.program;
  const { restart, schedule } = holder.applied;
  if (schedule !== null) return true;
  if (program === undefined || program.ends === null || standing(holder).kind === "gave-up")
    return false;
  const isDone = program.ends.exit.kind === "code" && program.ends.exit.code === 0;
  return restart.policy === "always" || (restart.policy === "on-failure" && !isDone);
}

/** Another service, wanted too, has the port: a mistake in the file, of which procs can only tell. */
function isPortTaken(sight: Sight, aim: ServiceSpec, slot: number): boolean {
  if (typeof aim.port !== "number") return false;
  const port = aim.port + slot - 1;
  return [...sight.host.live].some((run) => {
    const own = run.started.port;
    return typeof own === "number" && run.port === port && run.id.service !== aim.name;
  });
}
