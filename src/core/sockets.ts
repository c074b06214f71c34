import { unreachable } from "../assert.ts";
import { addressText } from "./address.ts";
import type { Event } from "./event.ts";
import { onService } from "./fold.ts";
import type { Observed, ObservedSocket } from "./observed.ts";
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
      return withSocket(observed, {
        ...before,
        ...{ phase: "bound", detail: null, since: now, failures: 0, retryAt: null },
      });
    case "unbindable": {
      const failures = before.failures + 1;
      const wait = Math.min(RETRY_MS.max, RETRY_MS.min * 2 ** Math.min(before.failures, 10));
      const { detail } = event;
      const since = before.phase === "failed" ? before.since : now;
      const failed = { phase: "failed", detail, since, failures, retryAt: now + wait } as const;
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
  const { address, service, kind } = action;
  const before = observed.sockets[addressText(address)];
  const phase = kind === "bind" ? "binding" : "closing";
  const { failures = 0, detail = null } = before ?? {};
  const known = { address, service, phase, detail, failures, since: now, retryAt: null } as const;
  return withSocket(observed, known);
}

/** A service that starts on demand has been asked for. */
export function woken(observed: Observed, service: string, now: Millis): Observed {
  return onService(observed, service, (s) => {
    if (s.demand !== null) return s;
    return { ...s, demand: { since: now, connections: 0, idleSince: now } };
  });
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
    return {
      ...s,
      demand: { ...s.demand, connections, idleSince: connections === 0 ? now : null },
    };
  });
}

function withSocket(observed: Observed, socket: ObservedSocket): Observed {
  return { ...observed, sockets: { ...observed.sockets, [addressText(socket.address)]: socket } };
}
