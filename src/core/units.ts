import { unreachable } from "../assert.ts";
import { addressText } from "./address.ts";
import {
  type Check,
  type Dependency,
  INSTANCE_MARK,
  type ListenAddress,
  type ListenSettings,
  type Millis,
  type Probe,
  type Schedule,
  type WatchSettings,
} from "./spec.ts";

/** A duration as people write it in procs.yaml, exactly: `300ms`, `1.5s`, `1m30s`, `2h`. */
export function formatDuration(ms: Millis): string {
  if (ms < 1000) return `${ms}ms`;
  const parts: string[] = [];
  const [hours, minutes, rest] = [
    Math.floor(ms / HOUR),
    Math.floor((ms % HOUR) / 60_000),
    ms % 60_000,
  ];
  if (hours > 0) parts.push(`${hours}h`);
  if (minutes > 0) parts.push(`${minutes}m`);
  if (rest > 0) parts.push(`${rest / 1000}s`);
  return parts.join("");
}

/** Bytes as people write them in procs.yaml, exactly: `500KB`, `10MB`, `1.5GB`, `1234B`. */
export function formatSize(bytes: number): string {
  for (const [unit, size] of SIZES) {
    // More than two digits after the point are no easier to read than the bytes.
    if (bytes >= size && bytes % (size / 100) === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}

const SIZES = [
  ["GB", 1_000_000_000],
  ["MB", 1_000_000],
  ["KB", 1_000],
] as const;

/** A measured time as people say it, rounded: `40ms`, `0.4s`, `2s`, `90s`, `2m30s`, `2h5m`, `3d`. */
export function roundDuration(ms: Millis): string {
  if (ms < 100) return `${Math.round(ms)}ms`;
  if (ms < 10_000) return `${Math.round(ms / 100) / 10}s`;
  if (ms < 100_000) return `${Math.round(ms / 1000)}s`;
  if (ms < HOUR) return formatDuration(Math.round(ms / 1000) * 1000);
  if (ms < 48 * HOUR) return formatDuration(Math.round(ms / 60_000) * 60_000);
  return `${Math.round(ms / (24 * HOUR))}d`;
}

/** `once`, `2 times`. */
export function timesWords(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** How long ago: `just now`, `12s ago`. */
export function agoWords(ms: Millis): string {
  return ms < 1000 ? "just now" : `${roundDuration(ms)} ago`;
}

const HOUR = 3_600_000;

/** The value at a path of a spec as a person writes it; null: absent. */
export function formatValue(path: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = formatKnown(path, value) ?? formatPlain(value);
  return text.replaceAll(INSTANCE_MARK, `${"$"}{procs.instance}`);
}

function formatKnown(path: string, value: unknown): string | null {
  if (path.startsWith("env.") || path.startsWith("labels.")) return quoted(String(value));
  if (typeof value === "number" && DURATION.test(path)) return formatDuration(value);
  if (typeof value === "number" && SIZE.test(path)) return formatSize(value);
  if (typeof value === "number" && path === "umask") return value.toString(8).padStart(3, "0");
  // The path says what the value is: diff.ts gives both from one spec.
  if (path.startsWith("depends_on.")) return formatDependency(value as Dependency);
  if (path === "restart.backoff") return formatBackoff(value as { min: Millis; max: Millis });
  if (path === "watch") return formatWatch(value as WatchSettings);
  if (path === "schedule") return formatSchedule(value as Schedule);
  if (path === "listen") return formatListen(value as ListenSettings | readonly ListenAddress[]);
  if (path === "listen.rate") return formatRate(value as NonNullable<ListenSettings["rate"]>);
  if (path === "watch.action") return formatWatchAction(value as WatchSettings["action"]);
  if (path === "command") return formatCommand(value as string | readonly string[]);
  if (/^(?:ready|alive)(?:\.[a-z]+)?$/.test(path) && typeof value === "object" && value !== null) {
    return formatCheck("check" in value ? (value as Probe).check : (value as Check));
  }
  return null;
}

const DURATION =
  /^(?:(?:ready|alive|stop)\.(?:interval|timeout)|restart\.(?:reset_after|window)|rollout\.(?:min_ready|progress)|watch\.debounce|log\.max_age|listen\.(?:idle_stop|drain))$/;
const SIZE = /^log\.max_(?:size|total)$/;

/** `ready`, `done, restart`, `started, optional`. */
function formatDependency(dependency: Dependency): string {
  const words: string[] = [dependency.condition];
  if (dependency.restart) words.push("restart");
  if (!dependency.required) words.push("optional");
  return words.join(", ");
}

function formatBackoff({ min, max }: { readonly min: Millis; readonly max: Millis }): string {
  return `${formatDuration(min)}..${formatDuration(max)}`;
}

/** `/shop/src, /shop/lib: restart`. */
function formatWatch({ paths, action }: WatchSettings): string {
  return `${paths.join(", ")}: ${formatWatchAction(action)}`;
}

/** `3000`, `3000, proxy, on-demand`; the addresses alone where only they differ. */
function formatListen(listen: ListenSettings | readonly ListenAddress[]): string {
  if (!("mode" in listen)) return formatAddresses(listen);
  const { addresses, mode, start } = listen;
  const words = [formatAddresses(addresses)];
  if (mode !== "share") words.push(mode);
  if (start !== "always" && mode !== "inetd") words.push(start);
  return words.join(", ");
}

/** As the file spells them: `3000`, `127.0.0.1:3000`, `/run/api.sock`. */
function formatAddresses(addresses: readonly ListenAddress[]): string {
  return addresses.map((address) => addressText(address).replace(/^:/, "")).join(", ");
}

/** `50/s, pause 10s`. */
function formatRate({ count, pause }: NonNullable<ListenSettings["rate"]>): string {
  return `${count}/s, pause ${formatDuration(pause)}`;
}

/** `0 3 * * * Europe/Berlin`. */
function formatSchedule({ cron, timezone }: Schedule): string {
  return timezone === null ? cron : `${cron} ${timezone}`;
}

/** `restart`, `signal SIGHUP`, `run make, then restart`. */
function formatWatchAction(action: WatchSettings["action"]): string {
  switch (action.kind) {
    case "restart":
      return "restart";
    case "signal":
      return `signal ${action.signal}`;
    case "run": {
      const rest = action.then === "restart" ? ", then restart" : "";
      return `run ${formatCommand(action.command)}${rest}`;
    }
    default:
      return unreachable(action);
  }
}

/** On one line, with quotes where a shell would need them. */
export function formatCommand(command: string | readonly string[]): string {
  if (typeof command === "string")
    return /[\n\r\t]/.test(command) ? JSON.stringify(command) : command;
  return command
    .map((word) => (/^[\w@%+=:,./~^-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(" ");
}

/** `http /health`, `tcp 5432`, `exec pg_isready`, `log /listening/i`, `notify`. */
export function formatCheck(check: Check): string {
  switch (check.kind) {
    case "http":
      return `http ${check.url}`;
    case "tcp":
      return `tcp ${[check.host, check.port].filter((part) => part !== null).join(":")}`.trimEnd();
    case "exec":
      return `exec ${formatCommand(check.command)}`;
    case "log":
      return `log /${check.pattern}/${check.flags}`;
    case "accepts":
      return "it accepts connections";
    case "notify":
    case "message":
      return check.kind;
    default:
      return unreachable(check);
  }
}

function formatPlain(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return value.map((item) => formatPlain(item)).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  const parts = Object.entries(value).filter(([, part]) => part !== null);
  return parts
    .map(([key, part]) => (key === "kind" ? part : `${key} ${formatPlain(part)}`))
    .join(" ");
}

/** As it is, unless that would show badly: empty, blank at an end, or with control characters. */
function quoted(text: string): string {
  return text === "" || text !== text.trim() || /[\u0000-\u001f\u007f]/.test(text)
    ? JSON.stringify(text)
    : text;
}
