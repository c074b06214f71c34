import { fstatSync } from "node:fs";
import { basename } from "node:path";
import { listenPort } from "../core/address.ts";
import { argvOf } from "../core/command.ts";
import type { ServiceSpec } from "../core/spec.ts";
import type { HeldSocket } from "./sockets.ts";

/** Sockets are passed from this descriptor on, as systemd does it. */
const FIRST_FD = 3;

/**
 * What tells a program which descriptors are sockets: systemd's variables (LISTEN_PID is set by the shim, which alone
 * knows the pid), nginx's own, and PROCS_LISTEN for our preload.
 */
export function listenEnvironment(
  spec: ServiceSpec,
  sockets: readonly HeldSocket[],
): Readonly<Record<string, string>> {
  if (sockets.length === 0 || spec.listen === null) return {};
  const { backlog } = spec.listen;
  const entries = sockets.map(({ address, fd }, index) => {
    const at = { fd: FIRST_FD + index, ino: fstatSync(fd).ino };
    return address.kind === "unix"
      ? { ...at, path: address.path, backlog }
      : { ...at, port: address.port, host: address.host, backlog };
  });
  const fds = entries.map(({ fd }) => fd);
  return {
    LISTEN_FDS: String(sockets.length),
    LISTEN_FDNAMES: fds
      .map((_, index) => (index === 0 ? spec.name : `${spec.name}-${index + 1}`))
      .join(":"),
    PROCS_LISTEN: JSON.stringify(entries),
    ...portText(spec),
    ...(isNginx(spec) ? { NGINX: fds.map((fd) => `${fd};`).join("") } : {}),
  };
}

/** A program that only says `listen(process.env.PORT)` may be given a path as well: Node and many others take it. */
function portText(spec: ServiceSpec): { readonly PORT?: string } {
  const [first] = spec.listen?.addresses ?? [];
  return listenPort(spec) === null && first?.kind === "unix" ? { PORT: first.path } : {};
}

/** It knows only its own variable, and takes it for the wish to go on with those sockets. */
function isNginx(spec: ServiceSpec): boolean {
  const [file = "", option, text = ""] = argvOf(spec.command, spec.shell);
  if (basename(file) === "nginx") return true;
  const first = option === "-c" ? /^(?:exec )?(\S+)/.exec(text)?.[1] : undefined;
  return first !== undefined && basename(first) === "nginx";
}
