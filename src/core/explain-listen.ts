import { addressText } from "./address.ts";
import { isLive } from "./observed.ts";
import { demandOf } from "./resting.ts";
import { failedSocket, failureWords, hasSockets, listensOn, retryIn } from "./socket-words.ts";
import type { ServiceSpec } from "./spec.ts";
import { agoWords, formatDuration, roundDuration, timesWords } from "./units.ts";
import type { View } from "./view.ts";

/** Why a service that starts on demand does not run; null: somebody has connected, or it need not be asked for. */
export function idleLine(view: View): string | null {
  const { idle, name, spec, observed, service } = view;
  if (!idle || spec === null || service.instances.some(isLive)) return null;
  if (!hasSockets(observed, spec)) return null;
  const on = listensOn(spec);
  return `${name} is idle: nobody has connected ${sinceWords(view, spec)}; it starts with the first connection on ${on}.`;
}

/** Who has what it is to listen on, what it listens on, and how its being asked for stands. */
export function listenLines(view: View): readonly string[] {
  const { spec, observed, name, now } = view;
  if (spec?.listen == null) return [];
  const failed = failedSocket(observed, spec);
  if (failed !== null) {
    const tried = failed.failures > 1 ? ` It was tried ${timesWords(failed.failures)}.` : "";
    return [
      `procs cannot listen for ${name}: ${failureWords(failed)}${retryIn(failed, now)}.${tried}`,
      ...demandLines(view),
    ];
  }
  const on = listensOn(spec);
  const line = hasSockets(observed, spec)
    ? `procs listens on ${on} for it: ${HOW[spec.listen.mode]}.`
    : `procs does not listen on ${on}: who connects is refused.`;
  return [...demandLines(view), line];
}

const HOW = {
  share: "its instances share the socket",
  proxy: "a proxy passes connections on to its instances",
  inetd: "each connection is given to a process of its own",
} as const;

function demandLines({ observed, name, spec, now }: View): readonly string[] {
  if (spec?.listen?.start !== "on-demand") return [];
  const demand = demandOf(observed, spec);
  if (demand === null) return [];
  const { failed, connections, idleSince, since } = demand;
  if (failed !== null) {
    return [
      `It was asked for, and did not come up ${agoWords(now - failed.at)}: ${failed.reason}.`,
      `Who waited was cut off. procs start ${name} listens again.`,
    ];
  }
  const asked = `Somebody connected ${agoWords(now - since)}, so it runs.`;
  const open =
    idleSince === null && connections > 0
      ? ` It has ${connections} open ${connections === 1 ? "connection" : "connections"}.`
      : "";
  const { idle_stop } = spec.listen;
  if (idle_stop === null) return [`${asked}${open}`];
  return [
    `${asked}${open} It stops after ${formatDuration(idle_stop)} without a connection (listen.idle_stop).`,
  ];
}

/** `for 12m`: since procs listens. Of one that has run, only that it has is known. */
function sinceWords({ observed, name, now }: View, spec: ServiceSpec): string {
  if ((observed.nextRun[`${name}.1`] ?? 1) > 1) return "since it last ran";
  const bound = (spec.listen?.addresses ?? []).map(
    (address) => observed.sockets[addressText(address)]?.since ?? now,
  );
  const since = now - Math.max(...bound);
  return since < 1000 ? "yet" : `for ${roundDuration(since)}`;
}
