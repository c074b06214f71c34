import type { ListenAddress, ServiceSpec } from "../../src/core/spec.ts";

/*
 * A second opinion on addresses, written from what the kernel does and not from the core.
 */

/** What a process of this service is given; what one behind a proxy listens on its proxy is given. */
export function ownOf({ listen }: ServiceSpec): readonly ListenAddress[] {
  return listen === null || listen.mode === "proxy" ? [] : listen.addresses;
}

/** Whether a socket on one keeps the other from being bound. */
export function isSamePlace(a: ListenAddress, b: ListenAddress): boolean {
  if (a.kind === "unix" || b.kind === "unix") {
    return a.kind === "unix" && b.kind === "unix" && a.path === b.path;
  }
  return a.port === b.port && (a.host === null || b.host === null || a.host === b.host);
}

/** A service and the proxy that procs runs for it. */
export function familyOf(name: string): string {
  return name.endsWith(":proxy") ? name.slice(0, -":proxy".length) : name;
}
