import { Document, isMap, isScalar, isSeq, type Pair } from "yaml";
import { unreachable } from "../assert.ts";
import { isSecret, REDACTED } from "../core/secret.ts";
import {
  type Check,
  type Dependency,
  INSTANCE_MARK,
  type Probe,
  type Project,
  type ServiceSpec,
  type Source,
} from "../core/spec.ts";
import { formatDuration as formatMillis } from "../core/units.ts";

/**
 * The resolved project as a procs.yaml that says everything: for `procs config`. Values of variables
 * that look secret are masked. With `origins` each line says where it was written.
 */
export function configText(
  project: Project,
  options: { readonly origins: boolean; readonly service?: string },
): string {
  const { service } = options;
  const shown = project.services.filter((spec) => service === undefined || spec.name === service);
  const services = Object.fromEntries(shown.map((spec) => [spec.name, written(spec)]));
  const document = new Document({ name: project.name, reload: project.reload, services });
  const map = document.get("services");
  for (const pair of isMap(map) ? map.items : []) {
    const name = String(isScalar(pair.key) ? pair.key.value : pair.key);
    const sources = options.origins ? (project.sources[name] ?? {}) : null;
    if (sources !== null) addOrigin(pair, sources, "");
    dress(pair.value, "", sources);
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

type Written = Record<string, unknown>;

/** A spec in the words of the file; what is not set is left out. */
function written(spec: ServiceSpec): Written {
  const { name: _name, inherited: _inherited, ...rest } = spec;
  const all: Written = {
    ...rest,
    description: spec.description === null ? null : escaped(spec.description),
    command: commandOf(spec.command),
    shell: escaped(spec.shell),
    cwd: escaped(spec.cwd),
    env: shownMap(spec.env),
    umask: spec.umask === null ? null : spec.umask.toString(8).padStart(3, "0"),
    limits: present({ ...spec.limits }),
    depends_on: Object.fromEntries(
      Object.entries(spec.depends_on).map(([name, one]) => [name, dependencyOf(one)]),
    ),
    ready: spec.ready === null ? null : probeOf(spec.ready),
    alive: spec.alive === null ? null : probeOf(spec.alive),
    restart: {
      ...spec.restart,
      backoff: `${formatDuration(spec.restart.backoff.min)}..${formatDuration(spec.restart.backoff.max)}`,
      reset_after: formatDuration(spec.restart.reset_after),
      window: formatDuration(spec.restart.window),
    },
    stop: { ...spec.stop, timeout: formatDuration(spec.stop.timeout) },
    rollout: present({
      ...spec.rollout,
      min_ready: formatDuration(spec.rollout.min_ready),
      progress: formatDuration(spec.rollout.progress),
    }),
    watch: spec.watch === null ? null : watchOf(spec.watch),
    schedule: spec.schedule === null ? null : present({ ...spec.schedule }),
    labels: shownMap(spec.labels),
  };
  return present(all);
}

function shownMap(values: Readonly<Record<string, string>>): Written {
  const shown = Object.entries(values).map(([name, value]) => [
    name,
    isSecret(name, value) ? REDACTED : escaped(value),
  ]);
  return Object.fromEntries(shown);
}

function formatDuration(ms: number): string {
  return ms === 0 ? "0s" : formatMillis(ms);
}

/** `db: ready` where the long form would say no more. */
function dependencyOf({ condition, restart, required }: Dependency): unknown {
  return restart || !required ? { condition, restart, required } : condition;
}

/** Without nulls and empty maps and lists, which say nothing. */
function present(values: Written): Written {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => {
      if (typeof value !== "object") return true;
      return value !== null && Object.keys(value).length > 0;
    }),
  );
}

/** Text in which `$` would be read as a variable again. */
function escaped(text: string): string {
  return text.replaceAll("$", "$$$$").replaceAll(INSTANCE_MARK, INSTANCE);
}

const INSTANCE = "$" + "{procs.instance}";

/** In text `$` is the shell's and stays; the words of a list are read like any value. */
function commandOf(command: string | readonly string[]): unknown {
  return typeof command === "string"
    ? command.replaceAll(INSTANCE_MARK, INSTANCE)
    : command.map(escaped);
}

function probeOf(probe: Probe): Written {
  return {
    ...checkOf(probe.check),
    interval: formatDuration(probe.interval),
    timeout: formatDuration(probe.timeout),
    failures: probe.failures,
  };
}

function checkOf(check: Check): Written {
  switch (check.kind) {
    case "http":
      return { http: escaped(check.url) };
    case "tcp":
      if (check.port === null) return { tcp: true };
      return { tcp: check.host === null ? check.port : `${hostOf(check.host)}:${check.port}` };
    case "exec":
      return { exec: commandOf(check.command) };
    case "log":
      return { log: escaped(`/${check.pattern}/${check.flags}`) };
    case "notify":
      return { notify: true };
    case "message":
      return { message: true };
    default:
      return unreachable(check);
  }
}

function hostOf(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function watchOf(watch: NonNullable<ServiceSpec["watch"]>): Written {
  const { action } = watch;
  return present({
    paths: watch.paths.map(escaped),
    ignore: watch.ignore.map(escaped),
    debounce: formatDuration(watch.debounce),
    action: actionOf(action),
  });
}

function actionOf(action: NonNullable<ServiceSpec["watch"]>["action"]): unknown {
  switch (action.kind) {
    case "restart":
      return "restart";
    case "signal":
      return { signal: action.signal };
    case "run":
      return Object.fromEntries([
        ["run", commandOf(action.command)],
        // biome-ignore lint/suspicious/noThenProperty: the file's own word, in data that nobody awaits
        ["then", action.then],
      ]);
    default:
      return unreachable(action);
  }
}

/** Lists on one line each, and with `sources` behind each value where it was written. */
function dress(map: unknown, path: string, sources: Sources | null): void {
  if (!isMap(map)) return;
  for (const pair of map.items) {
    const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
    const { value } = pair;
    const inner = path === "" ? key : `${path}.${key}`;
    if (isSeq(value)) value.flow = true;
    if (sources !== null) addOrigin(pair, sources, inner);
    dress(value, inner, sources);
  }
}

type Sources = Readonly<Record<string, Source>>;

function addOrigin(pair: Pair, sources: Sources, path: string): void {
  const source = Object.hasOwn(sources, path) ? sources[path] : undefined;
  if (source === undefined) return;
  const comment = ` ${source.file}:${source.line}`;
  // A comment of a map would be put before its first key: behind the key is where it is read.
  if (isMap(pair.value) && isScalar(pair.key)) pair.key.comment = comment;
  else if (isScalar(pair.value) || isSeq(pair.value)) pair.value.comment = comment;
}
