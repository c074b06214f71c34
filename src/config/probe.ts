import type { Check, Probe } from "../core/spec.ts";
import { duration, fault, type Reader } from "./reader.ts";

interface Defaults {
  readonly interval: number;
  readonly timeout: number;
  readonly failures: number;
}

/** The probe of a service in canonical form; null when it has none. */
export function probeOf(reader: Reader, key: "ready" | "alive", usual: Defaults): Probe | null {
  const probe = reader.service[key];
  if (probe === undefined) return null;
  const check = checkOf(probe, reader, key);
  if (check === null) return null;
  return {
    check,
    interval: duration(probe.interval, usual.interval),
    timeout: duration(probe.timeout, usual.timeout),
    failures: probe.failures ?? usual.failures,
  };
}

type Written = NonNullable<Reader["service"]["ready"]>;

function checkOf(probe: Written, reader: Reader, key: "ready" | "alive"): Check | null {
  const note = (name: string, message: string, help: string): void =>
    fault(reader, [key, name], { code: "P104", message: `"${key}.${name}" ${message}`, help });
  if (probe.http !== undefined) {
    const port = /^:(\d+)/.exec(probe.http)?.[1];
    if (port !== undefined && !isPort(Number(port))) note("http", PORTS, "http: :3000/health");
    return { kind: "http", url: probe.http };
  }
  if (probe.tcp !== undefined) {
    const check = tcpCheck(probe.tcp);
    if (check.port !== null && !isPort(check.port)) note("tcp", PORTS, "tcp: 5432");
    return check;
  }
  if (probe.exec !== undefined) return { kind: "exec", command: probe.exec };
  if (probe.log !== undefined) {
    const check = logCheck(probe.log);
    const wrong = patternFault(check);
    if (wrong !== null) note("log", `is not a pattern: ${wrong}`, "log: /ready in [0-9]+ ms/");
    return check;
  }
  if (probe.notify) return { kind: "notify" };
  if (probe.message) return { kind: "message" };
  return "accepts" in probe && probe.accepts ? { kind: "accepts" } : null;
}

const PORTS = "names a port that does not exist: there are 1 to 65535";

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function tcpCheck(tcp: number | string | true): Extract<Check, { kind: "tcp" }> {
  if (tcp === true) return { kind: "tcp", host: null, port: null };
  if (typeof tcp === "number") return { kind: "tcp", host: null, port: tcp };
  const colon = tcp.lastIndexOf(":");
  const host = tcp.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { kind: "tcp", host: host === "" ? null : host, port: Number(tcp.slice(colon + 1)) };
}

/** `/pattern/flags`, or text that must be in the line as it is. */
function logCheck(log: string): Extract<Check, { kind: "log" }> {
  const match = /^\/(.+)\/([a-z]*)$/s.exec(log);
  if (match === null) {
    return { kind: "log", pattern: log.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"), flags: "" };
  }
  const [, pattern = "", flags = ""] = match;
  // Those two remember where the last match was: a line would then match every other time.
  return { kind: "log", pattern, flags: flags.replace(/[gy]/g, "") };
}

function patternFault({ pattern, flags }: Extract<Check, { kind: "log" }>): string | null {
  try {
    new RegExp(pattern, flags);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    return message
      .replace(/^Invalid regular expression: /, "")
      .replace(/^Invalid flags.*/, `no such flags: ${flags}`);
  }
}
