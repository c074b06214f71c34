import { resolve } from "node:path";
import type {
  Dependency,
  ListenSettings,
  Probe,
  RestartPolicy,
  RolloutSettings,
  Schedule,
  ServiceSpec,
  StopSettings,
  WatchSettings,
} from "../core/spec.ts";
import { listenOf } from "./listen.ts";
import { checkAccepts } from "./listen-fits.ts";
import { logOf } from "./log.ts";
import { probeOf } from "./probe.ts";
import type { Problems } from "./problems.ts";
import type { Service } from "./procs-file.gen.ts";
import { duration, fault, type Reader, sortedRecord } from "./reader.ts";
import { child, type MapTree, plainOf } from "./tree.ts";
import { cronFault, isTimezone, parseBackoff } from "./values.ts";

/** What a service's spec needs beyond its own part of the file. */
export interface Surroundings {
  readonly cpus: number;
  readonly inheritEnv: boolean | readonly string[];
  /** The kinds of all services: what a plain `depends_on` waits for hangs on it. */
  readonly kinds: ReadonlyMap<string, "service" | "task">;
  readonly problems: Problems;
}

/** The canonical form of one service: merged, checked, in long form, with all its defaults. */
export function specOf(
  name: string,
  tree: MapTree,
  env: Readonly<Record<string, string>>,
  around: Surroundings,
): ServiceSpec {
  // The schema has been applied to every part that this was merged from.
  const service = plainOf(tree) as Service;
  const reader: Reader = { tree, service, problems: around.problems };
  const kind = service.kind ?? "service";
  const cwd = resolve(folderOf(reader), service.cwd ?? ".");
  const listen = listenOf(reader, cwd);
  checkAccepts(reader, listen?.mode ?? null);
  const reload = typeof service.reload === "object" ? reloadSignal(service.reload) : service.reload;
  return {
    name,
    kind,
    description: service.description ?? null,
    command: service.command ?? "",
    shell: service.shell ?? "/bin/sh",
    cwd,
    env,
    inherited: {},
    inherit_env: service.inherit_env ?? around.inheritEnv,
    user: service.user ?? null,
    group: service.group ?? null,
    umask: umaskOf(reader),
    nice: service.nice ?? null,
    limits: { nofile: service.limits?.nofile ?? null },
    instances: service.instances === "cpus" ? around.cpus : (service.instances ?? 1),
    // A proxy hands connections to a port that each instance has for itself.
    port: listen?.mode === "proxy" ? "auto" : (service.port ?? null),
    listen,
    helps: null,
    depends_on: dependenciesOf(service, around.kinds),
    ready: probeOf(reader, "ready", READY) ?? usualReady(listen),
    alive: probeOf(reader, "alive", { interval: 10_000, timeout: 5_000, failures: 3 }),
    restart: restartOf(reader, kind),
    stop: stopOf(service),
    reload: reload ?? null,
    rollout: rolloutOf(reader),
    log: logOf(reader),
    watch: watchOf(reader, cwd),
    schedule: scheduleOf(reader),
    profiles: [...new Set(service.profiles ?? [])],
    enabled: service.enabled ?? true,
    was: service.was ?? null,
    labels: labelsOf(tree),
    success_codes: [...new Set(service.success_codes ?? [0])].sort((a, b) => a - b),
  };
}

const READY = { interval: 1_000, timeout: 60_000, failures: 3 };

/** A program that was given its sockets is ready when it accepts; one that accepts on its standard input may end soon. */
function usualReady(listen: ListenSettings | null): Probe | null {
  if (listen === null || listen.wait) return null;
  if (listen.mode !== "proxy") return { check: { kind: "accepts" }, ...READY };
  return { check: { kind: "tcp", host: null, port: null }, ...READY };
}

function stopOf({ stop = {} }: Service): StopSettings {
  // The schema allows only names of signals.
  const signal = (stop.signal ?? "SIGTERM") as StopSettings["signal"];
  const settings = { signal, timeout: duration(stop.timeout, 10_000) };
  return stop.message === undefined ? settings : { ...settings, message: stop.message };
}

/** Where relative paths of the service start: the folder of the file that says where, or what, to run. */
function folderOf({ tree }: Reader): string {
  return (child(tree, "cwd") ?? child(tree, "command") ?? tree).place.file.folder;
}

function reloadSignal(reload: { readonly signal: string }): ServiceSpec["reload"] {
  // The schema allows only names of signals.
  return { signal: reload.signal as ServiceSpec["stop"]["signal"] };
}

function umaskOf(reader: Reader): number | null {
  const tree = child(reader.tree, "umask");
  if (tree?.kind !== "scalar") return null;
  const digits = /^(?:0o?)?([0-7]{1,3})$/.exec(tree.text)?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 8);
  fault(reader, ["umask"], {
    code: "P104",
    message: '"umask" must be octal digits such as 022',
    label: "not octal",
    help: 'umask: "022"',
  });
  return null;
}

function dependenciesOf(
  { depends_on }: Service,
  kinds: Surroundings["kinds"],
): Readonly<Record<string, Dependency>> {
  if (typeof depends_on !== "object" || Array.isArray(depends_on)) return {};
  const all = Object.entries(depends_on).map(([name, value]): [string, Dependency] => {
    // A name from a list has no condition: its value is null, which only the long form has.
    const long = typeof value === "string" ? { condition: value } : (value ?? {});
    const usual = kinds.get(name) === "task" ? "done" : "ready";
    const { condition = usual, restart = false, required = true } = long;
    return [name, { condition, restart, required }];
  });
  return sortedRecord(all);
}

function restartOf(reader: Reader, kind: "service" | "task"): RestartPolicy {
  const { restart } = reader.service;
  const long = typeof restart === "object" ? restart : {};
  const backoff = parseBackoff(long.backoff ?? "100ms..30s");
  if (backoff.min > backoff.max) {
    fault(reader, ["restart", "backoff"], {
      code: "P104",
      message: '"restart.backoff" must begin with the shorter duration',
      label: "the first is longer",
      help: "backoff: 100ms..30s",
    });
  }
  return {
    policy: long.policy ?? (kind === "task" ? "never" : "always"),
    backoff,
    reset_after: duration(long.reset_after, 10_000),
    max: long.max ?? 10,
    window: duration(long.window, 60_000),
  };
}

function rolloutOf(reader: Reader): RolloutSettings {
  const rollout = reader.service.rollout ?? {};
  const isNone = (value: number | string | undefined): boolean => value === 0 || value === "0%";
  if (isNone(rollout.surge) && isNone(rollout.unavailable)) {
    fault(reader, ["rollout", "unavailable"], {
      code: "P205",
      message: '"rollout" could never begin: surge and unavailable are both 0',
      label: "and surge is 0 too",
      help: "surge: 1",
    });
  }
  return {
    surge: rollout.surge ?? null,
    unavailable: rollout.unavailable ?? null,
    min_ready: duration(rollout.min_ready, 0),
    progress: duration(rollout.progress, 60_000),
    on_failure: rollout.on_failure ?? "rollback",
  };
}

function watchOf({ service }: Reader, cwd: string): WatchSettings | null {
  const { watch } = service;
  if (typeof watch !== "object" || Array.isArray(watch)) return null;
  const list = (value: string | string[] | undefined, otherwise: string[]): string[] =>
    value === undefined ? otherwise : [value].flat();
  return {
    paths: list(watch.paths, ["."]).map((path) => resolve(cwd, path)),
    ignore: list(watch.ignore, []),
    debounce: duration(watch.debounce, 100),
    action: actionOf(service, watch.action),
  };
}

type WatchMap = Extract<NonNullable<Service["watch"]>, { paths?: unknown }>;

function actionOf(service: Service, action: WatchMap["action"]): WatchSettings["action"] {
  if (typeof action === "object") {
    // The schema allows only names of signals, and sees to it that one of both is there.
    if (action.signal !== undefined) {
      return { kind: "signal", signal: action.signal as ServiceSpec["stop"]["signal"] };
    }
    // biome-ignore lint/suspicious/noThenProperty: the file's own word; the value is data that nobody awaits
    return { kind: "run", command: action.run ?? "", then: action.then ?? "restart" };
  }
  if (action === undefined && typeof service.reload === "object") {
    return { kind: "signal", signal: service.reload.signal as ServiceSpec["stop"]["signal"] };
  }
  return { kind: "restart" };
}

function scheduleOf(reader: Reader): Schedule | null {
  const { schedule } = reader.service;
  if (typeof schedule !== "object") return null;
  const wrong = cronFault(schedule.cron);
  if (wrong !== null) {
    fault(reader, ["schedule", "cron"], {
      code: "P104",
      message: `"${schedule.cron}" is not a schedule: ${wrong}`,
      label: "not a schedule",
      help: 'schedule: "0 3 * * *"   # each day at 3:00',
    });
  }
  if (schedule.timezone !== undefined && !isTimezone(schedule.timezone)) {
    fault(reader, ["schedule", "timezone"], {
      code: "P104",
      message: `there is no time zone "${schedule.timezone}"`,
      label: "not known",
      help: "timezone: Europe/Berlin",
    });
  }
  return {
    cron: schedule.cron,
    timezone: schedule.timezone ?? null,
    overlap: schedule.overlap ?? "skip",
    missed: schedule.missed ?? "skip",
  };
}

/** As written: a version 1.10 is not the number 1.1. */
function labelsOf(tree: MapTree): Record<string, string> {
  const labels = child(tree, "labels");
  if (labels?.kind !== "map") return {};
  const entries = [...labels.entries].map(([name, { value }]): [string, string] => [
    name,
    value.kind === "scalar" ? value.text : "",
  ]);
  return sortedRecord(entries);
}
