/** JSON Schemas (draft-07) of what `--json` prints. Additive: a field may come, none goes inside `v: 1`. */
type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const textOrNull: Schema = { type: ["string", "null"] };
const number: Schema = { type: "number" };
const whole: Schema = { type: "integer" };
const wholeOrNull: Schema = { type: ["integer", "null"] };
const numberOrNull: Schema = { type: ["number", "null"] };
const flag: Schema = { type: "boolean" };
const time: Schema = { type: "string", format: "date-time" };
const timeOrNull: Schema = { type: ["string", "null"], format: "date-time" };
const texts: Schema = { type: "array", items: text };

/** Every property of the first map is there always; those of the second may be absent. */
function object(required: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  return {
    type: "object",
    properties: { ...required, ...more },
    required: Object.keys(required),
  };
}

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: "null" }] };
}

function list(items: Schema): Schema {
  return { type: "array", items };
}

function kind(name: string, required: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: name,
    ...object({ v: { const: 1 }, kind: { const: name }, ...required }, more),
  };
}

const state: Schema = {
  enum: [
    ...["waiting", "starting", "ready", "unready", "reloading", "idle", "stopping"],
    ...["stopped", "done", "crashed", "failed", "disabled"],
  ],
};
const source = object({ file: text, line: whole });
const position = object({ line: whole, column: whole });
const range = object({ start: position, end: position });

const oom = { enum: ["sure", "probable"] };
const lastExit = object(
  {
    code: wholeOrNull,
    signal: textOrNull,
    words: text,
    time,
    instance: whole,
    run: whole,
    last_lines: texts,
  },
  { oom },
);

const instance = object(
  {
    instance: whole,
    run: whole,
    state,
    pid: wholeOrNull,
    port: wholeOrNull,
    since: timeOrNull,
    cpu_percent: numberOrNull,
    memory_bytes: numberOrNull,
    current: flag,
  },
  { connections: wholeOrNull, detail: textOrNull },
);

const serviceFields = {
  name: text,
  kind: { enum: ["service", "task"] },
  state,
  detail: textOrNull,
  ready: whole,
  wanted: whole,
  restarts: whole,
  since: timeOrNull,
  cpu_percent: numberOrNull,
  memory_bytes: numberOrNull,
  where: textOrNull,
  next_due: timeOrNull,
  retry_in_ms: numberOrNull,
  last_exit: orNull(lastExit),
  by_hand: object({ stopped: flag, scale: wholeOrNull, file_instances: whole }),
  instances: list(instance),
  command: text,
  cwd: text,
  description: textOrNull,
  depends_on: {
    type: "object",
    additionalProperties: { enum: ["started", "ready", "done"] },
  },
  needed_by: texts,
  source: orNull(source),
  probe: textOrNull,
};
const service = object(serviceFields, {
  listens: texts,
  connections: wholeOrNull,
  proxy: orNull(instance),
});

const change = object({
  path: text,
  from: textOrNull,
  to: textOrNull,
  redacted: flag,
  class: { enum: ["process", "live", "topology", "schedule", "cosmetic"] },
  source: orNull(source),
});

const planService = object({
  service: text,
  symbol: { enum: ["+", "-", "~", "-/+", "="] },
  action: text,
  words: text,
  downtime: { enum: ["none", "gap"] },
  reason: textOrNull,
  instances: object({ from: whole, to: whole }),
  changes: list(change),
  notes: texts,
});

const event = kind(
  "event",
  { seq: whole, time, type: text, message: text },
  {
    service: text,
    instance: whole,
    run: whole,
    state,
    pid: whole,
    port: whole,
    ready_ms: number,
    exit_code: wholeOrNull,
    signal: textOrNull,
    oom,
    retry_in_ms: number,
    failures: whole,
    failures_max: whole,
    drain_ms: number,
    replaced: whole,
    instances: whole,
    killed: flag,
    hunted: list(object({ pid: whole, name: text }, { stuck: flag })),
    hunted_more: whole,
    lasting: flag,
    elapsed_ms: number,
    last_lines: texts,
    by: object({ user: text, via: text, pid: whole }),
  },
);

const serviceResult = object(
  {
    name: text,
    ok: flag,
    outcome: text,
    detail: textOrNull,
    elapsed_ms: numberOrNull,
    instances: whole,
    last_lines: texts,
    where: textOrNull,
  },
  { also_applied: list(change) },
);
const results = { ok: flag, elapsed_ms: number, services: list(serviceResult) };

const problem = {
  code: text,
  message: text,
};
const problemMore = {
  severity: { enum: ["error", "warning"] },
  file: text,
  line: whole,
  range,
  label: text,
  facts: list(object({ label: text, text })),
  notes: texts,
  help: texts,
  related: list(object({ range, label: text })),
  fix: object({ range, text }),
};

const KINDS: Readonly<Record<string, Schema>> = {
  ps: kind("ps", {
    project: text,
    folder: text,
    file: text,
    supervisor: orNull(object({ version: text, pid: whole, since: time })),
    drift: orNull(object({ changed: flag, edits: whole, plan: text })),
    seq: whole,
    services: list(service),
  }),
  status: kind("status", { service, history: list(event), last_lines: texts }),
  plan: kind("plan", {
    id: text,
    project: text,
    changed: flag,
    summary: object({ add: whole, change: whole, remove: whole, unchanged: whole }),
    services: list(planService),
    steps: texts,
  }),
  event,
  log: kind("log", {
    time,
    service: text,
    instance: whole,
    run: whole,
    stream: { enum: ["stdout", "stderr"] },
    level: textOrNull,
    line: text,
    seq: whole,
  }),
  result: kind("result", { action: text, ...results }),
  up_result: kind("up_result", { ready: whole, failed: texts, plan: textOrNull, ...results }),
  reload_result: kind("reload_result", {
    rolled_back: texts,
    applied: texts,
    plan: textOrNull,
    ...results,
  }),
  wait: kind("wait", { waiting_for: texts, ...results }),
  error: kind("error", problem, problemMore),
  diagnostics: kind("diagnostics", {
    ok: flag,
    total: whole,
    items: list(object(problem, problemMore)),
  }),
  env: kind("env", {
    service: text,
    vars: list(
      object({
        name: text,
        value: textOrNull,
        redacted: flag,
        from: { enum: ["file", "inherited", "procs"] },
        source: orNull(source),
        not_applied: flag,
      }),
    ),
  }),
  config: kind(
    "config",
    { name: text, reload: { enum: ["manual", "auto"] }, services: { type: "object" } },
    { origins: { type: "object" } },
  ),
  why: kind("why", { service: text, lines: texts }),
  daemon: kind(
    "daemon",
    {
      action: { enum: ["status", "restart", "upgrade"] },
      running: flag,
      same_version: flag,
      version: textOrNull,
      pid: wholeOrNull,
      guardian: wholeOrNull,
      node: textOrNull,
      since: timeOrNull,
      folder: text,
      log: text,
    },
    { replaced: flag, from: text, kept: whole, touched: texts },
  ),
  daemon_log: kind("daemon_log", { path: text, lines: texts }),
  cleared: kind("cleared", {
    services: list(object({ name: text, freed_bytes: whole })),
    failed: list(object({ name: text, why: text })),
  }),
  version: kind("version", {
    version: text,
    protocol: whole,
    node: text,
    supervisor: orNull({ type: "object" }),
  }),
};

export const KIND_NAMES: readonly string[] = Object.keys(KINDS);

/** null: there is no such kind. */
export function schemaOfKind(name: string): Schema | null {
  return KINDS[name] ?? null;
}
