import type { ListenAddress } from "../core/spec.ts";
import { messageOf } from "../errors.ts";
import { SocketError } from "./raw-sockets.ts";

/** Why an address could not be bound, as it follows `port 3000 is`. */
export function socketWords(error: unknown, address: ListenAddress): string {
  if (!(error instanceof SocketError)) {
    return `not to be had: ${messageOf(error)}`;
  }
  const { code, message } = error;
  if (message !== code) return message;
  switch (code) {
    case "EADDRINUSE":
      return "taken";
    case "EADDRNOTAVAIL":
      return "no address of this machine";
    case "EAFNOSUPPORT":
      return "not to be had: this machine has no IPv6";
    case "EACCES":
    case "EPERM":
      return address.kind === "unix"
        ? `not to be made: its folder is not ours to write in (${code})`
        : "not ours to bind: that needs root, or a lower net.ipv4.ip_unprivileged_port_start";
    case "EMFILE":
    case "ENFILE":
      return `not to be had: too many open files (${code})`;
    default:
      return `not to be had: ${code}`;
  }
}
