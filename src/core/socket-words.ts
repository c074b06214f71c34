import { addressText } from "./address.ts";
import type { Observed, ObservedSocket } from "./observed.ts";
import type { ListenAddress, ServiceSpec } from "./spec.ts";
import { roundDuration } from "./units.ts";

/** Nothing of it runs before the first connection. */
export function startsOnDemand(spec: ServiceSpec | null): boolean {
  return spec?.listen?.start === "on-demand";
}

/** `:8025`, `:80, :443`, `./api.sock`; null: procs listens on nothing for it. */
export function listensOn(spec: ServiceSpec | null): string | null {
  const addresses = spec?.listen?.addresses ?? [];
  if (spec === null || addresses.length === 0) return null;
  return addresses.map((address) => shortAddress(address, spec.cwd)).join(", ");
}

/** An address as people say it: a path below the service's folder as seen from there. */
export function shortAddress(address: ListenAddress, cwd: string): string {
  const text = addressText(address);
  if (address.kind === "tcp") return text;
  return text.startsWith(`${cwd}/`) ? `.${text.slice(cwd.length)}` : text;
}

/** `port 3000`, or the path. */
export function addressWords(address: ListenAddress): string {
  if (address.kind === "unix") return address.path;
  return address.host === null ? `port ${address.port}` : addressText(address);
}

/** The first socket of a service that could not be bound; null: there is none. */
export function failedSocket(observed: Observed, spec: ServiceSpec): ObservedSocket | null {
  return socketsOf(observed, spec).find((socket) => socket?.phase === "failed") ?? null;
}

/** Whether procs holds all that a service listens on. */
export function hasSockets(observed: Observed, spec: ServiceSpec): boolean {
  return socketsOf(observed, spec).every((socket) => socket?.phase === "bound");
}

/** `port 3000 is taken by node server.js (pid 2865, user ana)`. */
export function failureWords({ address, detail }: ObservedSocket): string {
  return `${addressWords(address)} is ${detail ?? "not to be had"}`;
}

/** `, next try in 2s`. */
export function retryIn({ retryAt }: ObservedSocket, now: number): string {
  if (retryAt === null) return "";
  return `, next try in ${roundDuration(Math.max(0, retryAt - now))}`;
}

function socketsOf(observed: Observed, spec: ServiceSpec): (ObservedSocket | undefined)[] {
  const addresses = spec.listen?.addresses ?? [];
  return addresses.map((address) => {
    const text = addressText(address);
    return Object.hasOwn(observed.sockets, text) ? observed.sockets[text] : undefined;
  });
}
