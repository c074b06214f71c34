import { addressText } from "../../../src/core/address.ts";
import { intentOf, offReason } from "../../../src/core/desired.ts";
import { isLive } from "../../../src/core/observed.ts";
import type { ListenAddress } from "../../../src/core/spec.ts";
import type { Checker, Sight } from "../checker.ts";
import { aimOf, isAsleep, isOut, nameOf, stable } from "../oracle.ts";
import { familyOf, isSamePlace, ownOf } from "../places.ts";

/* What must be true of sockets and of those who connect, judged by what the host holds. */

/** A program that is to be given sockets is not started before all of them are bound. */
const allBeforeAStart: Checker = {
  name: "all sockets before a start",
  effect: (sight, effect) => {
    if (effect.kind !== "start") return null;
    for (const address of ownOf(effect.spec)) {
      const held = sight.host.sockets.held.get(addressText(address));
      if (held !== undefined && familyOf(held.service) === familyOf(effect.id.service)) continue;
      return `${nameOf(effect.id)} is started without ${addressText(address)}`;
    }
    return null;
  },
};

/** Two services never have one address; nor does a program bind a port that procs holds. */
const oneService: Checker = {
  name: "one service an address",
  effect: (sight, effect) => {
    if (effect.kind !== "start") return null;
    const { id, spec } = effect;
    for (const other of sight.host.live) {
      if (familyOf(other.id.service) === familyOf(id.service)) continue;
      const theirs = ownOf(other.started);
      const shared = ownOf(spec).find((one) => theirs.some((each) => isSamePlace(one, each)));
      if (shared === undefined) continue;
      return `${nameOf(id)} is given ${addressText(shared)}, which ${nameOf(other.id)} has`;
    }
    if (typeof spec.port !== "number") return null;
    const port = spec.port + id.slot - 1;
    for (const [text, { address }] of sight.host.sockets.held) {
      // What nobody remembers is about to be closed.
      if (sight.lostAt > 0 && sight.observed.sockets[text] === undefined) continue;
      if (address.kind === "tcp" && address.port === port)
        return `${nameOf(id)} is to bind port ${port}, which is held`;
    }
    return null;
  },
};

/** Nothing is closed that a living instance has, or that its service is to go on with. */
const keptOpen: Checker = {
  name: "no socket in use is closed",
  effect: (sight, effect) => {
    if (effect.kind !== "unbind") return null;
    const text = addressText(effect.address);
    const user = [...sight.host.live].find((run) => run.given.includes(text));
    if (user !== undefined && !isUnknown(sight, user.id.service)) {
      return `${text} is closed, which ${nameOf(user.id)} has`;
    }
    const held = sight.host.sockets.held.get(text);
    const name = held?.service;
    if (name === undefined || !wantsOpen(sight, name, text)) return null;
    return `${text} is closed, which ${name} listens on`;
  },
};

/** A run that the books do not know: the record is behind. */
function isUnknown(sight: Sight, name: string): boolean {
  const known = sight.observed.services.get(name)?.instances ?? [];
  const live = [...sight.host.live].filter((run) => run.id.service === name);
  return live.some((run) => !known.some((i) => nameOf(i) === nameOf(run.id) && isLive(i)));
}

function wantsOpen(sight: Sight, name: string, text: string): boolean {
  const aim = aimOf(sight, name);
  if (aim === null || offReason(sight.desired, name) !== null || isOut(sight, name)) return false;
  if ((intentOf(sight.desired, name).scale ?? aim.instances) === 0) return false;
  return ownOf(aim).some((address) => addressText(address) === text);
}

/** A replacement that may still fail keeps its way back open: no caller is refused for having been too early. */
const wayBack: Checker = {
  name: "the way back stays open",
  action: (sight, action) => {
    const { observed, desired } = sight;
    if (action.kind !== "unbind") return null;
    const service = observed.services.get(action.service);
    const good = service?.good?.spec;
    if (service?.rollout == null || good === undefined) return null;
    if (offReason(desired, action.service) !== null) return null;
    const aim = service.rollout.to.spec;
    const aims = [...desired.services.keys()].map((name) => aimOf(sight, name));
    const isGood = ownOf(good).some((one) => stable(one) === stable(action.address));
    const others = Object.values(observed.sockets).filter((s) => s.phase !== "bound");
    const isInWay = (one: ListenAddress) =>
      isSamePlace(one, action.address) || typeof aim.port === "number";
    if (!isGood || aims.some((one) => one !== null && ownOf(one).some(isInWay))) return null;
    if (typeof aim.port === "number") return null;
    return others.some(
      (socket) => isSamePlace(socket.address, action.address) && socket.phase !== "closing",
    )
      ? null
      : `${addressText(action.address)} of ${action.service} is closed in the middle of a rollout`;
  },
};

/** Of a service that nobody has asked for nothing runs. */
const idleIsIdle: Checker = {
  name: "idle is idle",
  settled: (sight) => {
    for (const [name, { instances }] of sight.observed.services) {
      if (offReason(sight.desired, name) !== null || !isAsleep(sight, name)) continue;
      const up = instances.find(
        (i) => isLive(i) && i.phase.kind !== "stopping" && i.phase.kind !== "ending",
      );
      if (up !== undefined) return `${nameOf(up)} runs, and nobody asked for it`;
    }
    return null;
  },
};

/** The host listens for exactly those that wait for their first connection. */
const wakesWhatRests: Checker = {
  name: "wakes what rests",
  settled: (sight) => {
    const { observed, desired, host, bornAt, now } = sight;
    if (now === bornAt) return null;
    for (const [name, { instances, demand }] of observed.services) {
      if (offReason(desired, name) !== null || demand !== null) continue;
      const aim = aimOf(sight, name);
      if (aim?.listen?.start !== "on-demand" || ownOf(aim).length === 0) continue;
      const isBound = ownOf(aim).every((a) => observed.sockets[addressText(a)]?.phase === "bound");
      if (!isBound || instances.some(isLive)) continue;
      const isTold = host.sockets.wasToldOf(name);
      if (!isTold) return `the host does not know that ${name} rests`;
    }
    for (const spec of host.sockets.waking) {
      const live = [...host.live].find((run) => run.id.service === spec.name && run.stop === null);
      if (live !== undefined && !isUnknown(sight, spec.name))
        return `the host is to wake ${spec.name}, of which ${nameOf(live.id)} runs`;
    }
    return null;
  },
};

/** What the books call bound is held. */
const boundIsHeld: Checker = {
  name: "bound is held",
  settled: ({ observed, host }) => {
    for (const [text, socket] of Object.entries(observed.sockets)) {
      if (socket.phase === "bound" && !host.sockets.held.has(text)) return `${text} is not held`;
    }
    return null;
  },
};

/** Nobody is asked to bind what is in the way of something that we hold for others. */
const noVainBinds: Checker = {
  name: "nothing is bound in the way of our own",
  effect: ({ host, lostAt }, effect) => {
    if (effect.kind !== "bind" || lostAt > 0) return null;
    const text = addressText(effect.address);
    for (const [other, { address }] of host.sockets.held) {
      if (other !== text && isSamePlace(address, effect.address))
        return `${text} is to be bound beside ${other}`;
    }
    return null;
  },
};

/** How late the host may tell of a connection in these worlds. */
const LATE_MS = 1_000;

/** Who is connected keeps a service up: it is not idle. */
const notIdle: Checker = {
  name: "who is connected is not idle",
  action: (sight, action) => {
    if (action.kind !== "demand" || action.effect !== "rest") return null;
    if (offReason(sight.desired, action.service) !== null || sight.lostAt > 0) return null;
    for (const { by, at, text } of sight.host.sockets.callers) {
      if (by === null || by.state !== "alive" || by.id.service !== action.service) continue;
      const since = Math.max(at, sight.bornAt, sight.touchedAt.get(action.service) ?? 0);
      if (sight.now - since > LATE_MS)
        return `${action.service} rests: a caller of ${text} is there`;
    }
    return null;
  },
};

export const SOCKETS: readonly Checker[] = [
  allBeforeAStart,
  oneService,
  keptOpen,
  wayBack,
  idleIsIdle,
  wakesWhatRests,
  boundIsHeld,
  noVainBinds,
  notIdle,
];
