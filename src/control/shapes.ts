import type {
  Dependency,
  LogSettings,
  Probe,
  Check as ProbeCheck,
  Project,
  ProjectLogSettings,
  RestartPolicy,
  RolloutSettings,
  Schedule,
  ServiceSpec,
  Source,
  WatchSettings,
} from "../core/spec.ts";
import {
  amount,
  type Check,
  count,
  either,
  flag,
  list,
  nullable,
  object,
  oneOf,
  optional,
  record,
  ShapeError,
  signalName,
  tagged,
  text,
} from "./check.ts";
import { DURATION_MS_MAX, duration, listen, stop } from "./listen-shapes.ts";
import type {
  By,
  ClearRequest,
  HandoverRequest,
  Operation,
  PlanRequest,
  Target,
} from "./protocol.ts";
import type { DrainedReport } from "./proxying.ts";
import { environment, patternFault, projectFault, serviceName, sound, within } from "./sound.ts";

/** Instances a service may be asked to have: more is a slip of the finger. */
const INSTANCES_MAX = 1000;
const DEFAULT_WAIT_MS = 60_000;

const instances: Check<number> = (value, path) => {
  const asked = count(value, path);
  if (asked > INSTANCES_MAX) throw new ShapeError(`${path} is ${asked}, at most ${INSTANCES_MAX}`);
  return asked;
};

const names = list(text);
const texts = record(text);
const variables = environment(texts);
const pause = within(amount, 1, DURATION_MS_MAX);
const port = within(count, 1, 65_535);
const command = either<string, readonly string[]>("string", text, list(text));

const probeCheck = tagged<ProbeCheck>("kind", {
  http: object({ url: text }),
  tcp: object({ host: nullable(text), port: nullable(port) }),
  exec: object({ command }),
  accepts: object({}),
  log: sound(object({ pattern: text, flags: text }), patternFault),
  notify: object({}),
  message: object({}),
});

const probe = object<Probe>({
  check: probeCheck,
  interval: pause,
  timeout: pause,
  failures: count,
});

const dependency = object<Dependency>({
  condition: oneOf("started", "ready", "done"),
  restart: flag,
  required: flag,
});

const restart = object<RestartPolicy>({
  policy: oneOf("always", "on-failure", "never"),
  backoff: object({ min: duration, max: duration }),
  reset_after: duration,
  max: count,
  window: duration,
});

const rollout = object<RolloutSettings>({
  surge: nullable(either<number, string>("number", count, text)),
  unavailable: nullable(either<number, string>("number", count, text)),
  min_ready: duration,
  progress: duration,
  on_failure: oneOf("rollback", "pause"),
});

const watch = object<WatchSettings>({
  paths: names,
  ignore: names,
  debounce: duration,
  action: tagged<WatchSettings["action"]>("kind", {
    restart: object({}),
    signal: object({ signal: signalName }),
    // biome-ignore lint/suspicious/noThenProperty: the word of procs.yaml, never awaited
    run: object({ command, then: oneOf("restart", "nothing") }),
  }),
});

const schedule = object<Schedule>({
  cron: text,
  timezone: nullable(text),
  overlap: oneOf("skip", "replace"),
  missed: oneOf("run", "skip"),
});

const reloadKind = nullable(
  either<{ readonly signal: ServiceSpec["stop"]["signal"] }, "rolling" | "restart">(
    "object",
    object({ signal: signalName }),
    oneOf("rolling", "restart"),
  ),
);

const service = object<ServiceSpec>({
  name: serviceName,
  kind: oneOf("service", "task"),
  description: nullable(text),
  command,
  shell: text,
  cwd: text,
  env: variables,
  inherited: variables,
  inherit_env: either<boolean, readonly string[]>("boolean", flag, names),
  user: nullable(text),
  group: nullable(text),
  umask: nullable(within(count, 0, 0o777)),
  nice: nullable(within(integer, -20, 19)),
  limits: object({ nofile: nullable(count) }),
  instances,
  port: nullable(either<number, "auto">("number", port, oneOf("auto"))),
  listen: optional(nullable(listen), null),
  helps: optional(nullable(serviceName), null),
  depends_on: record(dependency),
  ready: nullable(probe),
  alive: nullable(probe),
  restart,
  stop,
  reload: reloadKind,
  rollout,
  log: object<LogSettings>({
    max_size: count,
    keep: count,
    max_total: nullable(count),
    max_age: nullable(duration),
    compress: flag,
  }),
  watch: nullable(watch),
  schedule: nullable(schedule),
  profiles: names,
  enabled: flag,
  was: nullable(serviceName),
  labels: texts,
  success_codes: list(count),
});

const project = sound(
  object<Project>({
    name: text,
    folder: text,
    file: text,
    files: optional(names, []),
    inputs: names,
    reload: oneOf("manual", "auto"),
    log: object<ProjectLogSettings>({ max_total: nullable(count), max_age: nullable(duration) }),
    services: list(service),
    sources: optional(record(record(object<Source>({ file: text, line: count }))), {}),
    variables: optional(record(nullable(text)), {}),
  }),
  projectFault,
);

const planFields = {
  project,
  select: optional(nullable(names), null),
  profiles: optional(nullable(names), null),
  ambient: optional(variables, {}),
  refresh_env: optional(flag, false),
  no_remove: optional(flag, false),
  reset_scale: optional(flag, false),
  only: optional(nullable(names), null),
};

/** The body of POST /v1/plan. */
export const planRequest = object<PlanRequest>(planFields);

const by = optional(
  object<By>({
    user: text,
    via: oneOf("cli", "file", "schedule", "watch", "supervisor"),
    pid: count,
  }),
  { user: "somebody", via: "cli", pid: 0 },
);

const target = object<Target>({ service: text, instance: optional(nullable(count), null) });

/** What every operation has. */
const asking = {
  by,
  id: optional(nullable(text), null),
  about: optional(nullable(names), null),
};

const waiting = { wait: optional(flag, true), timeout_ms: optional(amount, DEFAULT_WAIT_MS) };

/** The body of POST /v1/operate. */
export const operation = tagged<Operation>("op", {
  apply: object({
    ...planFields,
    ...waiting,
    ...asking,
    command: optional(oneOf("up", "reload"), "up"),
    expect: optional(nullable(text), null),
    scale: optional(record(instances), {}),
    force: optional(flag, false),
  }),
  restart: object({
    ...waiting,
    ...asking,
    services: names,
    rolling: optional(flag, false),
    gap: optional(nullable(oneOf("refuse")), null),
    apply: optional(nullable(planRequest), null),
  }),
  start: object({ ...waiting, ...asking, services: names, deps: optional(flag, true) }),
  stop: object({
    ...waiting,
    ...asking,
    services: names,
    dependents: optional(flag, false),
    signal: optional(nullable(signalName), null),
    grace_ms: optional(nullable(duration), null),
  }),
  scale: object({ ...waiting, ...asking, counts: record(instances) }),
  signal: object({
    ...asking,
    targets: list(target),
    signal: signalName,
  }),
  wait: object({
    ...asking,
    services: names,
    for: optional(oneOf("ready", "stopped", "done", "idle"), "ready"),
    timeout_ms: waiting.timeout_ms,
  }),
  down: object({ ...asking, grace_ms: optional(nullable(duration), null) }),
  kill: object({ ...asking }),
});

/** The body of POST /v1/attach. */
export const attachRequest = object<{ readonly own: boolean; readonly since: number | null }>({
  own: optional(flag, false),
  since: optional(nullable(count), null),
});

/** The body of POST /v1/clear. */
export const clearRequest = object<ClearRequest>({ targets: nullable(list(target)) });

/** The body of POST /v1/drained. */
export const drainedReport = object<DrainedReport>({
  service: text,
  proxy: count,
  instances: list(object({ slot: count, run: count })),
});

/** The body of POST /v1/handover. */
export const handoverRequest = object<HandoverRequest>({
  guardian: optional(nullable(object({ file: text, args: names, env: variables })), null),
});

function integer(value: unknown, path: string): number {
  return typeof value === "number" && value < 0 ? -count(-value, path) : count(value, path);
}
