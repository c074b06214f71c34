import type { ListenAddress, ServiceSpec } from "./spec.ts";

/** `:3000`, `127.0.0.1:3000`, `[::1]:3000` or a path: what names a socket in the books and to people. */
export function addressText(address: ListenAddress): string {
  if (address.kind === "unix") return address.path;
  const { host, port } = address;
  if (host === null) return `:${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The first TCP port that a service listens on; null: there is none. */
export function listenPort(spec: ServiceSpec): number | null {
  const tcp = spec.listen?.addresses.find((address) => address.kind === "tcp");
  return tcp?.kind === "tcp" ? tcp.port : null;
}
