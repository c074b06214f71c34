import { addressText } from "./address.ts";
import { hasAddress, overlap, ownAddresses, socketAt, whoIsInWay } from "./address-clash.ts";
import { sameJson } from "./diff.ts";
import type { Draft } from "./draft.ts";
import { isLive, type Observed, type ObservedSocket } from "./observed.ts";
import { isClosed } from "./resting.ts";
import type { Scene } from "./scene.ts";
import { addressWords, failureWords } from "./socket-words.ts";
import type { ListenAddress, Millis, ServiceSpec } from "./spec.ts";

/**
 * Binds what is wanted and is not bound, and closes what nobody wants or has any more. A socket is wanted for as long
 * as its service is to run, whatever becomes of its instances: who connects meanwhile waits, and is not refused.
 */
export function followSockets(
  draft: Draft,
  scenes: readonly (Scene | null)[],
  observed: Observed,
  now: Millis,
): void {
  const present = scenes.filter((scene) => scene !== null);
  const wanted = wantedSockets(present);
  for (const want of wanted.values()) bindWanted(draft, observed, want, now);
  for (const [text, socket] of Object.entries(observed.sockets)) {
    if (wanted.has(text) || socket.phase === "closing") continue;
    if (isHeld(observed, text, null) || isKept(present, wanted, socket)) continue;
    const { service, address } = socket;
    draft.do({ kind: "unbind", service, address, reason: unbindReason(present, service) });
  }
}

/** What keeps a service from being started; null: it has its sockets, or needs none. */
export function missingSocket(
  observed: Observed,
  spec: ServiceSpec,
): { readonly detail: string; readonly until: Millis | null } | null {
  for (const address of ownAddresses(spec)) {
    const socket = socketAt(observed, address);
    if (
      socket?.phase === "bound" &&
      familyOf(observed, socket.service) === familyOf(observed, spec.name)
    )
      continue;
    if (socket?.phase === "failed" && socket.detail !== null) {
      return { detail: failureWords(socket), until: socket.retryAt };
    }
    const words = addressWords(address);
    if (socket?.phase === "bound") {
      return { detail: `${words} is still held for ${socket.service}`, until: null };
    }
    return { detail: whoIsInWay(observed, address) ?? `${words} is not bound yet`, until: null };
  }
  return null;
}

interface Want {
  readonly service: string;
  readonly address: ListenAddress;
  readonly backlog: number;
}

/** By address; of two services that want one, the first in the file has it. */
function wantedSockets(scenes: readonly Scene[]): ReadonlyMap<string, Want> {
  const wanted = new Map<string, Want>();
  for (const { desired, observed, name, target, asked } of scenes) {
    const { listen } = target.spec;
    if (listen === null || asked === 0 || isClosed(desired, observed, name)) continue;
    for (const address of ownAddresses(target.spec)) {
      const text = addressText(address);
      if (wanted.has(text)) continue;
      wanted.set(text, { service: name, address, backlog: listen.backlog });
    }
  }
  return wanted;
}

function bindWanted(draft: Draft, observed: Observed, want: Want, now: Millis): void {
  const socket = socketAt(observed, want.address);
  const reason = bindReason(observed, socket, want, now);
  if (reason !== null && whoIsInWay(observed, want.address) === null) {
    draft.do({ kind: "bind", ...want, reason });
  } else if (socket?.phase === "failed" && socket.retryAt !== null && now < socket.retryAt) {
    draft.wake(socket.retryAt);
  }
}

/** Why it is to be bound now; null: it is bound, or has to wait. */
function bindReason(
  observed: Observed,
  socket: ObservedSocket | null,
  want: Want,
  now: Millis,
): string | null {
  // A supervisor that follows one that died does not know yet what is bound.
  if (isHeld(observed, addressText(want.address), want.service)) return null;
  if (socket === null) return "wanted";
  switch (socket.phase) {
    case "binding":
    case "closing":
      return null;
    case "failed":
      if (socket.retryAt !== null && now < socket.retryAt) return null;
      return socket.detail === null ? "wanted" : "tried again";
    case "bound":
      if (socket.service !== want.service) return `${want.service} has it now`;
      if (socket.backlog !== want.backlog) return "backlog changed";
      return sameJson(socket.address, want.address) ? null : "mode changed";
  }
}

/** A live instance has it: of another family than `except`, where one is given. */
function isHeld(observed: Observed, text: string, except: string | null): boolean {
  const family = except === null ? null : familyOf(observed, except);
  for (const [name, { instances }] of observed.services) {
    if (family !== null && familyOf(observed, name) === family) continue;
    if (instances.some((i) => isLive(i) && hasAddress(i, text))) return true;
  }
  return false;
}

/** A service and its proxy may have the same sockets: one takes over from the other. */
function familyOf(observed: Observed, name: string): string {
  return observed.services.get(name)?.wanted?.spec.helps ?? name;
}

/** Until a replacement has gone well, its way back stays open; unless that is in the way of what is wanted. */
function isKept(
  scenes: readonly Scene[],
  wanted: ReadonlyMap<string, Want>,
  { service, address }: ObservedSocket,
): boolean {
  const scene = scenes.find((one) => one.name === service);
  if (scene === undefined || scene.service.rollout === null || scene.count === 0) return false;
  const good = scene.service.good === null ? [] : ownAddresses(scene.service.good.spec);
  if (!good.some((one) => addressText(one) === addressText(address))) return false;
  if (typeof scene.target.spec.port === "number") return false;
  return ![...wanted.values()].some((want) => overlap(want.address, address));
}

function unbindReason(scenes: readonly Scene[], service: string): string {
  const scene = scenes.find((one) => one.name === service);
  if (scene === undefined || scene.asked === 0) return "not wanted";
  const { desired, observed } = scene;
  return isClosed(desired, observed, service) ? "nobody will accept" : "not used any more";
}
