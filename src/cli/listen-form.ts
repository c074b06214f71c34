import { addressText } from "../core/address.ts";
import type { ListenAddress, ListenSettings } from "../core/spec.ts";
import { formatDuration } from "../core/units.ts";
import { escaped } from "./escaped.ts";
import type { FileValue } from "./file-form.ts";

/** `listen` in the words of procs.yaml; keys of other modes are left out, as they may not be there. */
export function listenForm(listen: ListenSettings): FileValue {
  const { mode, start, idle_stop, backlog, addresses } = listen;
  const texts = addresses.map(addressForm);
  const [first = "", ...more] = texts;
  const unix = addresses.find((address) => address.kind === "unix");
  return {
    port: more.length === 0 ? first : texts,
    permissions: unix?.kind === "unix" ? unix.mode.toString(8).padStart(3, "0") : undefined,
    mode,
    start: mode === "inetd" ? undefined : start,
    idle_stop: start === "always" ? undefined : idleForm(idle_stop),
    backlog,
    ...(mode === "proxy" && proxyForm(listen)),
    ...(mode === "inetd" && inetdForm(listen)),
  };
}

function addressForm(address: ListenAddress): FileValue {
  if (address.kind === "tcp" && address.host === null) return address.port;
  return escaped(addressText(address));
}

function idleForm(idleMs: number | null): string {
  return idleMs === null ? "never" : formatDuration(idleMs);
}

function proxyForm({ drain, sticky, proxy_protocol }: ListenSettings) {
  return { drain: formatDuration(drain), sticky, proxy_protocol };
}

function inetdForm({ wait, max_connections, per_source, rate }: ListenSettings) {
  if (wait) return { wait };
  return {
    max_connections,
    per_source: per_source ?? undefined,
    rate: rate === null ? undefined : { count: rate.count, pause: formatDuration(rate.pause) },
  };
}
