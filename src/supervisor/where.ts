import { isLive, type Observed } from "../core/observed.ts";
import { listensOn } from "../core/socket-words.ts";
import type { Check, ServiceSpec } from "../core/spec.ts";

/** Where a service answers, for people: `http://localhost:3000`, `:6379`, or null. */
export function whereOf(spec: ServiceSpec, observed: Observed): string | null {
  const check = spec.ready?.check ?? spec.alive?.check ?? null;
  // Who connects does so where procs listens; a probe may ask an instance elsewhere.
  if (spec.listen !== null) return whereListened(spec, check);
  const own = ownPort(spec, observed);
  switch (check?.kind) {
    case "http": {
      const url = /^(https?):\/\/([^/?#]+)/.exec(check.url);
      if (url !== null) return `${url[1]}://${localName(url[2] ?? "")}`;
      const port = /^:(\d+)/.exec(check.url)?.[1] ?? own;
      return port === null ? null : `http://localhost:${port}`;
    }
    case "tcp": {
      const port = check.port ?? own;
      if (port === null) return null;
      return check.host === null || isLocal(check.host) ? `:${port}` : `${check.host}:${port}`;
    }
    default:
      return own === null ? null : `:${own}`;
  }
}

function whereListened(spec: ServiceSpec, check: Check | null): string | null {
  const tcp = spec.listen?.addresses.find((address) => address.kind === "tcp");
  if (check?.kind !== "http" || tcp?.kind !== "tcp") return listensOn(spec);
  const scheme = /^https:/.test(check.url) ? "https" : "http";
  const host = tcp.host === null || isLocal(tcp.host) ? "localhost" : tcp.host;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${tcp.port}`;
}

/** The port of the lowest instance that lives; else the one that it would get. */
function ownPort(spec: ServiceSpec, observed: Observed): number | null {
  const instances = observed.services.get(spec.name)?.instances ?? [];
  const live = instances.find((instance) => isLive(instance) && instance.port !== null);
  if (live !== undefined) return live.port;
  return typeof spec.port === "number" ? spec.port : null;
}

function localName(host: string): string {
  return host.replace(/^(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])/, "localhost");
}

function isLocal(host: string): boolean {
  return localName(host).startsWith("localhost") || host === "::" || host === "::1";
}
