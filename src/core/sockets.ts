import { unreachable } from "../assert.ts";
import { addressText } from "./address.ts";
import type { Event } from "./event.ts";
import { onService } from "./fold.ts";
import { helperName } from "./helpers.ts";
import type { Demand, Observed, ObservedSocket } from "./observed.ts";
import type { Action } from "./plan.ts";
import type { Millis } from "./spec.ts";

/** A socket that could not be bound is tried again after this, growing with each failure. */
const RETRY_MS = { min: 1_000, max: 10_000 };

/** Folds what became of a socket into what is known. */
export function socketHeard(
  observed: Observed,
  event: Event & { kind: "bound" | "unbindable" | "unbound" },
  now: Millis,
): Observed {
  const before = observed.sockets[event.address];
  if (before === undefined) return observed;
  switch (event.kind) {
    case "bound":
      // Told twice, or of what is to be closed meanwhile.
      if (before.phase !== "binding") return observed;
      return withSocket(observed, {
        ...before,
        ...{ phase: "bound", detail: null, since: now, failures: 0, retryAt: null, ours: false },
      });
    case "unbindable": {
      if (before.phase !== "binding") return observed;
      const ours = event.ours ?? false;
      const failures = before.failures + 1;
      const wait = Math.min(RETRY_MS.max, RETRY_MS.min * 2 ** Math.min(before.failures, 10));
      const { detail } = event;
      const { since } = before;
      const failed = {
        phase: "failed",
        detail,
        since,
        failures,
        retryAt: now + wait,
        ours,
      } as const;
      return withSocket(observed, { ...before, ...failed });
    }
    case "unbound": {
      const { [event.address]: _, ...sockets } = observed.sockets;
      return { ...observed, sockets };
    }
    default:
      return unreachable(event);
  }
}

/** Folds that it was asked for. */
export function socketAsked(
  observed: Observed,
  action: Action & { kind: "bind" | "unbind" },
  now: Millis,
): Observed {
  const before = observed.sockets[addressText(action.address)];
  const { address, service } = action;
  if (action.kind === "unbind") {
    if (before === undefined) return observed;
    return withSocket(observed, { ...before, phase: "closing", since: now, retryAt: null });
  }
  const { backlog } = action;
  const { failures = 0, detail = null } = before ?? {};
  // While it is tried again and again, it has failed since the first time.
  const since = before === undefined || failures === 0 ? now : before.since;
  return withSocket(observed, {
    ...{ address, service, backlog, detail, failures, since },
    ...{ phase: "binding", retryAt: null },
  });
}

/** A service that starts on demand has been asked for. */
export function woken(observed: Observed, service: string, now: Millis): Observed {
  return onService(observed, service, (s) => {
    if (s.demand !== null || s.wanted?.spec.listen?.start !== "on-demand") return s;
    const { since, count } = s.wakes ?? { since: now, count: 0 };
    const isFresh = now - since >= WAKES_MS;
    const wakes = isFresh ? { since: now, count: 1 } : { since, count: count + 1 };
    return { ...s, wakes, demand: freshDemand(now) };
  });
}

/** Wakes are counted within this time. */
export const WAKES_MS = 10_000;

/** Asked for now; whether anybody is connected is still to be told, and until then nobody knows that it is idle. */
export function freshDemand(now: Millis): Demand {
  return { since: now, connections: 0, idleSince: null, failed: null };
}

/** How many connections there are now; that it is told says that there was one. */
export function traffic(
  observed: Observed,
  event: Event & { kind: "traffic" },
  now: Millis,
): Observed {
  return onService(observed, event.service, (s) => {
    if (s.demand === null) return s;
    const { connections } = event;
    const idleSince = connections === 0 ? now : null;
    return { ...s, demand: { ...s.demand, connections, idleSince } };
  });
}

/** Folds that it rests again, or did not come up. */
export function demandEnded(
  observed: Observed,
  { service, effect, reason, instance }: Action & { readonly kind: "demand" },
  now: Millis,
): Observed {
  return onService(observed, service, (s) => {
    if (effect === "rest" || s.demand === null) return { ...s, demand: null };
    return { ...s, demand: { ...s.demand, failed: { reason, instance, at: now } } };
  });
}

/** What did not come up may be tried again: it is another program now, or somebody asks for it by hand. */
export function hopeful(observed: Observed, service: string): Observed {
  let after = observed;
  for (const name of [service, helperName(service)]) {
    after = onService(after, name, (s) => (s.demand?.failed ? { ...s, demand: null } : s));
  }
  return after;
}

/** An instance that had what we could not bind has gone: it can be bound now. */
export function socketsFreed(observed: Observed, service: string, now: Millis): Observed {
  let after = observed;
  for (const socket of Object.values(observed.sockets)) {
    if (socket.service !== service || socket.phase !== "failed" || socket.ours !== true) continue;
    after = withSocket(after, { ...socket, retryAt: now });
  }
  return after;
}

function withSocket(observed: Observed, socket: ObservedSocket): Observed {
  return { ...observed, sockets: { ...observed.sockets, [addressText(socket.address)]: socket } };
}
