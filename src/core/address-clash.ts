import { addressText } from "./address.ts";
import {
  type Instance,
  instanceName,
  isLive,
  type Observed,
  type ObservedSocket,
} from "./observed.ts";
import { addressWords } from "./socket-words.ts";
import type { ListenAddress, ServiceSpec } from "./spec.ts";

/** What procs binds for a service itself; what one behind a proxy listens on its proxy has. */
export function ownAddresses({ listen }: ServiceSpec): readonly ListenAddress[] {
  return listen === null || listen.mode === "proxy" ? [] : listen.addresses;
}

/** Whether a run was given the socket of this address. */
export function hasAddress({ applied }: Instance, text: string): boolean {
  return ownAddresses(applied).some((address) => addressText(address) === text);
}

/**
 * The live instances in whose place alone the sockets of `spec` can be bound: they have the port in another way, or
 * the socket itself, which no supervisor has any more.
 */
export function clashing(
  instances: readonly Instance[],
  observed: Observed,
  spec: ServiceSpec,
): readonly Instance[] {
  const missing = ownAddresses(spec).filter((a) => socketAt(observed, a)?.phase !== "bound");
  if (missing.length === 0) return [];
  return instances.filter(
    (i) => isLive(i) && missing.some((address) => isInWay(i, address, socketAt(observed, address))),
  );
}

function isInWay(instance: Instance, address: ListenAddress, socket: ObservedSocket | null) {
  if (hasAddress(instance, addressText(address))) return socket?.ours === true;
  if (ownAddresses(instance.applied).some((other) => overlap(other, address))) return true;
  return hasOwnPort(instance, address);
}

/** Whether a run was given a socket on this port. */
export function isGivenPort({ applied }: Instance, port: number): boolean {
  return ownAddresses(applied).some((address) => address.kind === "tcp" && address.port === port);
}

/** It binds this very port itself. */
function hasOwnPort({ applied, port }: Instance, address: ListenAddress): boolean {
  const isBound = address.kind === "tcp" && port === address.port;
  return isBound && ownAddresses(applied).length === 0;
}

/** Who keeps an address from being bound, for a person; null: nobody that we know of. */
export function whoIsInWay(observed: Observed, address: ListenAddress): string | null {
  for (const socket of Object.values(observed.sockets)) {
    // After a takeover one that failed may be there: it has not been asked for yet.
    const isNone = socket.phase === "failed" && socket.detail !== null;
    if (isNone || !overlap(socket.address, address)) continue;
    if (addressText(socket.address) === addressText(address)) continue;
    return `${addressWords(socket.address)} is still held for ${socket.service}`;
  }
  for (const { instances } of observed.services.values()) {
    const holder = instances.find((i) => isLive(i) && hasOwnPort(i, address));
    if (holder === undefined) continue;
    return `${addressWords(address)} is still held by ${instanceName(holder)} run ${holder.run}`;
  }
  return null;
}

/** What is known of an address; null: nothing. */
export function socketAt({ sockets }: Observed, address: ListenAddress): ObservedSocket | null {
  const text = addressText(address);
  return Object.hasOwn(sockets, text) ? (sockets[text] ?? null) : null;
}

/** Whether the kernel lets only one of two addresses be listened on. */
export function overlap(a: ListenAddress, b: ListenAddress): boolean {
  if (a.kind === "unix" || b.kind === "unix") return addressText(a) === addressText(b);
  if (a.port !== b.port) return false;
  const [one, other] = [hostKind(a.host), hostKind(b.host)];
  if (one === "all" || other === "all" || a.host === b.host) return true;
  return (one === "all IPv4" && other === "IPv4") || (other === "all IPv4" && one === "IPv4");
}

function hostKind(host: string | null): "all" | "all IPv4" | "IPv4" | "IPv6" {
  // `::` takes both kinds where the machine does not say otherwise.
  if (host === null || host === "::") return "all";
  if (host === "0.0.0.0") return "all IPv4";
  return host.includes(":") ? "IPv6" : "IPv4";
}
