import { isIP, isIPv6 } from "node:net";
import { INSTANCE_MARK, type ListenAddress } from "../core/spec.ts";

/** Where an entry of `listen` says to listen, before its path and its usual host are known. */
export type Written =
  | { readonly kind: "tcp"; readonly host: string | null; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Why a text is no address. */
export interface AddressFault {
  readonly message: string;
  readonly label: string;
  readonly help: string;
}

/** `3000`, `127.0.0.1:3000`, `[::1]:3000`, `localhost:3000`, `:3000`, or a path, which has a slash. */
export function parseAddress(text: string): Written | AddressFault {
  if (text.includes(INSTANCE_MARK)) return SAME_FOR_ALL;
  const scheme = /^([a-z]+):\//i.exec(text)?.[1];
  if (scheme !== undefined) return schemeFault(text, scheme);
  if (/^\d+\/\w+$/.test(text)) {
    return fault(text, "procs listens on TCP ports and unix sockets", "not a port", "listen: 3000");
  }
  if (text.startsWith("~")) {
    const rest = text.replace(/^~[^/]*\/?/, "");
    const help = `listen: ${"$"}{HOME}/${rest}`;
    return fault(text, "~ is the shell's, and no shell reads this", "not a path", help);
  }
  if (text.includes("/")) return pathOf(text);
  const [, hostText = "", portText = ""] = /^(.*):(\d+)$/s.exec(text) ?? ["", "", text];
  if (!/^\d+$/.test(portText) || (isIPv6(text) && !isIPv6(hostText))) return neither(text);
  const port = Number(portText);
  if (port < 1 || port > 65_535) {
    return fault(text, "there are ports from 1 to 65535", "out of range", "listen: 3000");
  }
  if (!text.includes(":")) return { kind: "tcp", host: null, port };
  const host = parseHost(hostText, port);
  return typeof host === "object" && host !== null ? host : { kind: "tcp", host, port };
}

/** An address of this machine in its shortest form; null is every address. The port is for the words of a fault. */
export function parseHost(text: string, port: number): string | null | AddressFault {
  if (text.includes(INSTANCE_MARK)) return SAME_FOR_ALL;
  const isInBrackets = /^\[.*\]$/.test(text);
  const host = isInBrackets ? text.slice(1, -1) : text;
  if (host === "" || host === "*") return null;
  // Programs that connect to the name try this address at least.
  if (host.toLowerCase() === "localhost") return "127.0.0.1";
  if (isIPv6(host)) {
    if (!isInBrackets && text.includes(":") && port > 0) return brackets(host, port);
    return shortest(host);
  }
  if (isIP(host) === 4 && !isInBrackets) return host;
  if (/^\d+$/.test(host)) {
    const help = `listen: ${port}`;
    return fault(`${host}:${port}`, "it takes one port", "two ports", help);
  }
  const why = "a host here is an IP address of this machine, not a name";
  return fault(text, why, "not an IP address", 'listen: "127.0.0.1:3000"');
}

/** Two addresses that cannot both be bound. */
export function isSameAddress(one: ListenAddress, other: ListenAddress): boolean {
  if (one.kind === "unix" || other.kind === "unix") {
    return one.kind === "unix" && other.kind === "unix" && one.path === other.path;
  }
  return one.port === other.port && hostsOverlap(one.host, other.host);
}

/** `::` takes IPv4 connections too. */
function hostsOverlap(one: string | null, other: string | null): boolean {
  if (one === other) return true;
  if ([one, other].some((host) => host === null || host === "::")) return true;
  if (one === "0.0.0.0") return other === null || !isIPv6(other);
  return other === "0.0.0.0" && (one === null || !isIPv6(one));
}

const SAME_FOR_ALL: AddressFault = {
  message: "a socket is shared by all instances, so it cannot have an instance's number",
  label: "not the same for all",
  help: "leave the number out; for a port of its own for each instance: port: 3000",
};

function pathOf(text: string): Written | AddressFault {
  if (text.includes("\0")) return fault(text, "it has a NUL in it", "not a path", "./api.sock");
  if (!text.endsWith("/")) return { kind: "unix", path: text };
  return fault(text, "it is a folder", "a folder", `listen: ${text}api.sock`);
}

function schemeFault(text: string, scheme: string): AddressFault {
  const rest = text.slice(scheme.length + 1).replace(/^\/+/, "");
  const port = /^[^/]*:(\d+)/.exec(rest)?.[1];
  const help = scheme.toLowerCase() === "unix" ? `listen: /${rest}` : `listen: ${port ?? 3000}`;
  return fault(text, "it is a URL", "a URL", help);
}

function neither(text: string): AddressFault {
  if (isIP(text) !== 0) {
    const shown = isIPv6(text) ? `[${text}]` : text;
    return fault(text, "it has no port", "no port", `listen: "${shown}:3000"`);
  }
  const why = "it is neither a port nor host:port, and a path has a slash";
  const isName = /^[\w.-]+$/.test(text) && /[a-z]/i.test(text);
  return fault(text, why, "no port", isName ? `listen: ./${text}` : "listen: 3000");
}

function brackets(host: string, port: number): AddressFault {
  const help = `listen: "[${host}]:${port}"`;
  return fault(`${host}:${port}`, "an IPv6 address stands in brackets", "no brackets", help);
}

function fault(text: string, why: string, label: string, help: string): AddressFault {
  return { message: `"${text}" is not an address to listen on: ${why}`, label, help };
}

/** `0:0:0:0:0:0:0:1` is `::1`; one with a zone stays as it is. */
function shortest(host: string): string {
  if (host.includes("%")) return host;
  return new URL(`http://[${host}]/`).hostname.slice(1, -1);
}
