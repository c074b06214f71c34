import { resolve } from "node:path";
import type { ListenAddress, ListenSettings } from "../core/spec.ts";
import { type AddressFault, parseAddress, parseHost, type Written } from "./addresses.ts";
import { checkListen } from "./listen-fits.ts";
import { problemAt } from "./problems.ts";
import { duration, fault, type Reader } from "./reader.ts";
import { type ScalarTree, treeAt } from "./tree.ts";

/** What procs binds for a service: `listen` with its defaults; null when it has none. */
export function listenOf(reader: Reader, cwd: string): ListenSettings | null {
  const written = listenMap(reader);
  if (written === null) return null;
  checkListen(reader, written);
  const addresses = addressesOf(reader, written, cwd);
  if (addresses.length === 0) return null;
  const mode = written.mode ?? "share";
  const isInetd = mode === "inetd";
  const start = isInetd ? "on-demand" : (written.start ?? "always");
  const wait = isInetd && written.wait === true;
  return {
    addresses,
    mode,
    start,
    idle_stop: start === "on-demand" ? idleStopOf(reader, written, isInetd && !wait) : null,
    backlog: written.backlog ?? 511,
    drain: mode === "proxy" ? duration(written.drain, DRAIN_MS) : DRAIN_MS,
    sticky: mode === "proxy" && written.sticky === true,
    proxy_protocol: mode === "proxy" && written.proxy_protocol === true,
    wait,
    max_connections: written.max_connections ?? 64,
    per_source: written.per_source ?? null,
    rate: rateOf(written),
  };
}

/** The long form, in which every `listen` is by now. */
export type ListenMap = Extract<NonNullable<Reader["service"]["listen"]>, { port: unknown }>;

function listenMap({ service }: Reader): ListenMap | null {
  const { listen } = service;
  if (typeof listen !== "object" || Array.isArray(listen)) return null;
  return listen;
}

const DRAIN_MS = 30_000;
const INETD_IDLE_MS = 60_000;
/** Less, and a service could be stopped before it has taken the connection that it was started for. */
const IDLE_MS_MIN = 100;
/** What the kernel has room for, without the byte that ends it. */
const SOCKET_PATH_MAX = 107;

function addressesOf(reader: Reader, written: ListenMap, cwd: string): readonly ListenAddress[] {
  const places = entriesOf(reader);
  const mode = permissionsOf(reader);
  const host = written.host === undefined ? null : parseHost(written.host, 0);
  if (typeof host === "object" && host !== null) addFault(reader, ["listen", "host"], host);
  const parsed = places.flatMap((place): readonly { place: ScalarTree; one: Written }[] => {
    const one = parseAddress(place.text);
    if ("kind" in one) return [{ place, one }];
    reader.problems.add(problemAt(place.place, { code: "P104", ...one }));
    return [];
  });
  if (written.host !== undefined) checkHost(reader, parsed);
  return parsed.map(({ place, one }): ListenAddress => {
    if (one.kind === "unix") {
      const path = resolve(cwd, one.path);
      checkLength(reader, place, path);
      return { kind: "unix", path, mode };
    }
    return { ...one, host: one.host ?? (typeof host === "string" ? host : null) };
  });
}

/** Each address with its place. */
function entriesOf({ tree }: Reader): readonly ScalarTree[] {
  const port = treeAt(tree, ["listen", "port"]);
  const items = port === undefined ? [] : port.kind === "list" ? port.items : [port];
  return items.filter((item) => item.kind === "scalar");
}

function checkHost(reader: Reader, parsed: readonly { place: ScalarTree; one: Written }[]): void {
  const bare = parsed.filter(({ one, place }) => one.kind === "tcp" && !place.text.includes(":"));
  if (bare.length > 0 || parsed.length === 0) return;
  fault(reader, ["listen", "host"], {
    code: "P205",
    message: '"listen.host" is for ports that do not name a host, and there is none',
    label: "for none of them",
    help: "delete it, or name the port alone: port: 3000",
  });
}

function checkLength(reader: Reader, place: ScalarTree, path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_MAX) return;
  const message = `the path of a unix socket can have ${SOCKET_PATH_MAX} bytes: this one has ${bytes}`;
  const help = "take a shorter one, such as /run/user/1000/api.sock";
  const problem = { code: "P104", message, label: "too long", note: `it is ${path}`, help };
  reader.problems.add(problemAt(place.place, problem));
}

function permissionsOf(reader: Reader): number {
  const tree = treeAt(reader.tree, ["listen", "permissions"]);
  if (tree?.kind !== "scalar") return 0o600;
  const digits = /^(?:0o?)?([0-7]{3})$/.exec(tree.text)?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 8);
  fault(reader, ["listen", "permissions"], {
    code: "P104",
    message: '"listen.permissions" must be three octal digits such as 660',
    label: "not three octal digits",
    help: "permissions: 660",
  });
  return 0o600;
}

function idleStopOf(reader: Reader, { idle_stop }: ListenMap, isUsual: boolean): number | null {
  if (idle_stop === undefined) return isUsual ? INETD_IDLE_MS : null;
  if (idle_stop === "never") return null;
  const idleMs = duration(idle_stop, 0);
  if (idleMs < IDLE_MS_MIN) {
    fault(reader, ["listen", "idle_stop"], {
      code: "P104",
      message: '"listen.idle_stop" must be at least 100ms',
      label: "too short",
      help: "idle_stop: 5m",
    });
  }
  return idleMs;
}

function rateOf({ rate }: ListenMap): ListenSettings["rate"] {
  if (rate === undefined) return null;
  if (typeof rate === "string") return { count: Number.parseInt(rate, 10), pause: 1_000 };
  return { count: rate.count, pause: duration(rate.pause, 1_000) };
}

function addFault(reader: Reader, path: readonly string[], found: AddressFault): void {
  fault(reader, path, { code: "P104", ...found });
}
