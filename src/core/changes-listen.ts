import type { Told } from "./changes-run.ts";
import { helpedBy } from "./helpers.ts";
import { isLive, type Observed, type ObservedService, type ObservedSocket } from "./observed.ts";
import { failureWords, listensOn, retryIn, shortAddress, startsOnDemand } from "./socket-words.ts";
import type { Millis, ServiceSpec } from "./spec.ts";

type Specs = ReadonlyMap<string, ServiceSpec>;

/** What became of the sockets that procs binds. That one is asked for, or being closed, is not news yet. */
export function socketTransitions(
  before: Observed,
  after: Observed,
  { specs, now }: { readonly specs: Specs; readonly now: Millis },
): readonly Told[] {
  if (before.sockets === after.sockets) return [];
  const told: Told[] = [];
  const texts = new Set([...Object.keys(before.sockets), ...Object.keys(after.sockets)]);
  for (const text of texts) {
    const [was, is] = [socketAt(before, text), socketAt(after, text)];
    if (was === is) continue;
    const socket = is ?? was;
    if (socket === undefined) continue;
    const service = ownerOf(socket, specs);
    const about = { type: "socket", service } as const;
    const on = shortAddress(socket.address, specs.get(service)?.cwd ?? "/");
    if (is === undefined) {
      if (was?.phase === "closing") {
        told.push({ ...about, message: `${service} does not listen on ${on} any more` });
      }
    } else if (is.phase === "bound" && was?.phase !== "bound") {
      const isIdle = startsOnDemand(specs.get(service) ?? null) && !runs(after, service);
      const state = isIdle ? ({ state: "idle" } as const) : {};
      told.push({ ...about, message: `${service} listens on ${on}`, ...state });
    } else if (is.phase === "failed" && was?.detail !== is.detail) {
      told.push({ ...about, state: "waiting", message: failedMessage(service, is, now) });
    }
  }
  return told;
}

/** That a service was asked for, rests again, or did not come up. */
export function demandTransition(
  name: string,
  was: ObservedService | undefined,
  is: ObservedService,
): Told | null {
  const [from, to] = [was?.demand ?? null, is.demand];
  const spec = is.wanted?.spec ?? null;
  const service = spec?.helps ?? name;
  const about = { type: "demand", service } as const;
  const on = listensOn(spec);
  if (from === null && to !== null) {
    return {
      ...about,
      message: `${service} is asked for: a connection${on === null ? "" : ` on ${on}`}`,
    };
  }
  if (to !== null && to.failed !== null && from?.failed == null) {
    const { reason, instance } = to.failed;
    const run = instance === null ? {} : { instance: instance.slot, run: instance.run };
    const closed = on === null ? "" : `; ${on} is closed, who waited is cut off`;
    return {
      ...about,
      state: "failed",
      message: `${service} did not come up: ${reason}${closed}`,
      ...run,
    };
  }
  if (from === null || from.failed !== null || to !== null) return null;
  const words = restWords(is);
  return words === null ? null : { ...about, message: `${service} ${words}`, state: "idle" };
}

/** null: it is not asked for any more because it is off, which is told otherwise. */
function restWords({ instances }: ObservedService): string | null {
  const isIdle = instances.some(
    ({ phase }) => phase.kind === "stopping" && phase.reason === "idle",
  );
  if (isIdle) return "has no connection any more, so it stops";
  if (instances.some(isLive)) return null;
  const isDone = instances.some(({ phase }) => phase.kind === "ended" && !phase.asked);
  return isDone ? "is idle again" : null;
}

function runs({ services }: Observed, name: string): boolean {
  return services.get(name)?.instances.some(isLive) ?? false;
}

function failedMessage(service: string, socket: ObservedSocket, now: Millis): string {
  return `${service} cannot listen: ${failureWords(socket)}${retryIn(socket, now)}`;
}

function socketAt({ sockets }: Observed, text: string): ObservedSocket | undefined {
  return Object.hasOwn(sockets, text) ? sockets[text] : undefined;
}

/** A proxy listens for the service that it helps, also once the file has it no more. */
function ownerOf({ service }: ObservedSocket, specs: Specs): string {
  return specs.get(service)?.helps ?? helpedBy(service);
}
