import { unreachable } from "../assert.ts";
import { isSecret, REDACTED } from "../core/secret.ts";
import {
  type Check,
  INSTANCE_MARK,
  type Probe,
  type ProjectLogSettings,
  type ServiceSpec,
  type WatchSettings,
} from "../core/spec.ts";
import { formatDuration, formatSize } from "../core/units.ts";
import { escaped } from "./escaped.ts";
import { listenForm } from "./listen-form.ts";

/** A value as procs.yaml holds it. */
export type FileValue =
  | string
  | number
  | boolean
  | readonly FileValue[]
  | { readonly [key: string]: FileValue | undefined };

/**
 * A resolved service in the words of procs.yaml: read again, it gives the same service. With `values` false
 * the values of secret-looking names are replaced by dots. Keys without a value are left out.
 */
export function fileForm(spec: ServiceSpec, values: boolean): Readonly<Record<string, FileValue>> {
  const form: Record<
    Exclude<keyof ServiceSpec, "name" | "inherited" | "helps">,
    FileValue | undefined
  > = {
    description: spec.description === null ? undefined : escaped(spec.description),
    kind: spec.kind,
    command: commandForm(spec.command),
    shell: escaped(spec.shell),
    cwd: escaped(spec.cwd),
    env: envForm(spec.env, values),
    inherit_env: spec.inherit_env,
    user: spec.user === null ? undefined : escaped(spec.user),
    group: spec.group === null ? undefined : escaped(spec.group),
    umask: spec.umask === null ? undefined : spec.umask.toString(8).padStart(3, "0"),
    nice: spec.nice ?? undefined,
    limits: spec.limits.nofile === null ? undefined : { nofile: spec.limits.nofile },
    instances: spec.instances,
    port: spec.port ?? undefined,
    listen: spec.listen === null ? undefined : listenForm(spec.listen),
    depends_on: dependenciesForm(spec),
    ready: probeForm(spec.ready),
    alive: probeForm(spec.alive),
    restart: {
      policy: spec.restart.policy,
      backoff: `${formatDuration(spec.restart.backoff.min)}..${formatDuration(spec.restart.backoff.max)}`,
      reset_after: formatDuration(spec.restart.reset_after),
      max: spec.restart.max,
      window: formatDuration(spec.restart.window),
    },
    stop: {
      signal: spec.stop.signal,
      timeout: formatDuration(spec.stop.timeout),
      message: spec.stop.message === undefined ? undefined : escaped(spec.stop.message),
    },
    reload: spec.reload ?? undefined,
    rollout: {
      surge: spec.rollout.surge ?? undefined,
      unavailable: spec.rollout.unavailable ?? undefined,
      min_ready: formatDuration(spec.rollout.min_ready),
      progress: formatDuration(spec.rollout.progress),
      on_failure: spec.rollout.on_failure,
    },
    log: prune({
      max_size: formatSize(spec.log.max_size),
      keep: spec.log.keep,
      ...capsForm(spec.log),
      compress: spec.log.compress,
    }),
    watch: watchForm(spec.watch),
    schedule: spec.schedule === null ? undefined : scheduleForm(spec.schedule),
    profiles: spec.profiles.length === 0 ? undefined : spec.profiles,
    enabled: spec.enabled ? undefined : false,
    was: spec.was ?? undefined,
    labels: Object.keys(spec.labels).length === 0 ? undefined : escapedAll(spec.labels),
    success_codes: spec.success_codes,
  };
  return prune(form);
}

/** The caps of a service's logs, or of the project's; one without a limit is left out. */
export function capsForm({ max_total, max_age }: ProjectLogSettings) {
  return {
    max_total: max_total === null ? undefined : formatSize(max_total),
    max_age: max_age === null ? undefined : formatDuration(max_age),
  };
}

/** Without the keys that have no value. */
export function prune(value: { readonly [key: string]: FileValue | undefined }) {
  const kept: Record<string, FileValue> = {};
  for (const [key, one] of Object.entries(value)) if (one !== undefined) kept[key] = one;
  return kept;
}

function escapedAll(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, escaped(text)]));
}

/** In a string the dollars are the shell's, or the pattern's. */
function commandForm(command: string | readonly string[]): FileValue {
  if (typeof command !== "string") return command.map(escaped);
  return command.replaceAll(INSTANCE_MARK, `${"$"}{procs.instance}`);
}

function envForm(env: Readonly<Record<string, string>>, values: boolean): FileValue | undefined {
  const entries = Object.entries(env).map(([name, value]): [string, string] => [
    name,
    !values && isSecret(name, value) ? REDACTED : escaped(value),
  ]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function dependenciesForm(spec: ServiceSpec): FileValue | undefined {
  const entries = Object.entries(spec.depends_on).map(([name, one]): [string, FileValue] => {
    if (one.required && !one.restart) return [name, one.condition];
    return [name, { condition: one.condition, restart: one.restart, required: one.required }];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function probeForm(probe: Probe | null): FileValue | undefined {
  if (probe === null) return undefined;
  return {
    ...checkForm(probe.check),
    interval: formatDuration(probe.interval),
    timeout: formatDuration(probe.timeout),
    failures: probe.failures,
  };
}

function checkForm(check: Check): Record<string, FileValue> {
  switch (check.kind) {
    case "http":
      return { http: escaped(check.url) };
    case "tcp":
      if (check.port === null) return { tcp: true };
      return { tcp: check.host === null ? check.port : `${hostForm(check.host)}:${check.port}` };
    case "exec":
      return { exec: commandForm(check.command) };
    case "accepts":
      return { accepts: true };
    case "log":
      return { log: commandForm(`/${check.pattern}/${check.flags}`) };
    case "notify":
      return { notify: true };
    case "message":
      return { message: true };
    default:
      return unreachable(check);
  }
}

/** An IPv6 address needs its brackets before a port. */
function hostForm(host: string): string {
  return host.includes(":") ? `[${host}]` : escaped(host);
}

function watchForm(watch: WatchSettings | null): FileValue | undefined {
  if (watch === null) return undefined;
  const form = {
    paths: watch.paths.map(escaped),
    ignore: watch.ignore.map(escaped),
    debounce: formatDuration(watch.debounce),
  };
  switch (watch.action.kind) {
    case "restart":
      return { ...form, action: "restart" };
    case "signal":
      return { ...form, action: { signal: watch.action.signal } };
    case "run": {
      const { command, then } = watch.action;
      return { ...form, action: { run: commandForm(command), then } };
    }
    default:
      return unreachable(watch.action);
  }
}

function scheduleForm(schedule: NonNullable<ServiceSpec["schedule"]>): FileValue {
  return {
    cron: escaped(schedule.cron),
    timezone: schedule.timezone === null ? undefined : escaped(schedule.timezone),
    overlap: schedule.overlap,
    missed: schedule.missed,
  };
}
