import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, projectIn, serviceOf } from "./folder.ts";

const LOG = { max_size: 10_000_000, keep: 5, max_total: null, max_age: null, compress: true };

describe("canonical form", () => {
  const table: readonly (readonly [yaml: string, key: string, value: unknown])[] = [
    ["instances: cpus", "instances", 4],
    ["instances: '3'", "instances", 3],
    ["instances: 0", "instances", 0],
    ["port: auto", "port", "auto"],
    ["port: '3000'", "port", 3000],
    ["umask: 022", "umask", 0o22],
    ["umask: '077'", "umask", 0o77],
    ["umask: 0o27", "umask", 0o27],
    ["nice: -5", "nice", -5],
    ["user: 1000", "user", "1000"],
    ["limits: { nofile: 4096 }", "limits", { nofile: 4096 }],
    ["log: {}", "log", LOG],
    [
      "log: { max_size: 1.5MB, keep: 0, max_total: 2GB, max_age: 7d, compress: false }",
      "log",
      { max_size: 1_500_000, keep: 0, max_total: 2e9, max_age: 7 * 86_400_000, compress: false },
    ],
    ["labels: { v: 1.10, b: true, a: x }", "labels", { a: "x", b: "true", v: "1.10" }],
    ["success_codes: [143, 0, 0]", "success_codes", [0, 143]],
    ["profiles: [dev, dev]", "profiles", ["dev"]],
    ["enabled: false", "enabled", false],
    ["inherit_env: [PATH]", "inherit_env", ["PATH"]],
    ["stop: { signal: SIGINT, timeout: 1m30s }", "stop", { signal: "SIGINT", timeout: 90_000 }],
    ["reload: { signal: SIGHUP }", "reload", { signal: "SIGHUP" }],
    ["reload: rolling", "reload", "rolling"],
    ["command: [node, 1, true]", "command", ["node", "1", "true"]],
    [
      "schedule: 0 3 * * *\n    kind: task",
      "schedule",
      { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "skip" },
    ],
    ["ready: { http: /health }", "ready", probe({ kind: "http", url: "/health" })],
    ["ready: { http: ':3000/health' }", "ready", probe({ kind: "http", url: ":3000/health" })],
    [
      "ready: { tcp: 5432, timeout: 30s }",
      "ready",
      { ...probe({ kind: "tcp", host: null, port: 5432 }), timeout: 30_000 },
    ],
    ["ready: { tcp: '5432' }", "ready", probe({ kind: "tcp", host: null, port: 5432 })],
    ["ready: { tcp: 'db:5432' }", "ready", probe({ kind: "tcp", host: "db", port: 5432 })],
    ["ready: { tcp: '[::1]:5432' }", "ready", probe({ kind: "tcp", host: "::1", port: 5432 })],
    ["ready: { tcp: ':5432' }", "ready", probe({ kind: "tcp", host: null, port: 5432 })],
    ["ready: { tcp: true }", "ready", probe({ kind: "tcp", host: null, port: null })],
    ["ready: { exec: 'test -f $X' }", "ready", probe({ kind: "exec", command: "test -f $X" })],
    [
      "ready: { log: /up in \\d+/i }",
      "ready",
      probe({ kind: "log", pattern: "up in \\d+", flags: "i" }),
    ],
    ["ready: { log: /^up$/ }", "ready", probe({ kind: "log", pattern: "^up$", flags: "" })],
    ["ready: { log: /x/g }", "ready", probe({ kind: "log", pattern: "x", flags: "" })],
    ["ready: { log: 'up (1)' }", "ready", probe({ kind: "log", pattern: "up \\(1\\)", flags: "" })],
    ["ready: { notify: true }", "ready", probe({ kind: "notify" })],
    ["ready: { message: true }", "ready", probe({ kind: "message" })],
    ["ready:", "ready", null],
    [
      "alive: { http: / }",
      "alive",
      { check: { kind: "http", url: "/" }, interval: 10_000, timeout: 5_000, failures: 3 },
    ],
    ["watch: false", "watch", null],
  ];
  for (const [yaml, key, value] of table) {
    test(yaml, () => {
      const command = yaml.startsWith("command") ? "" : "    command: x\n";
      const spec = serviceOf(`services:\n  a:\n${command}    ${yaml}\n`);
      expect({ ...spec }[key as keyof typeof spec]).toEqual(value);
    });
  }

  test("restart as a word, and in its long form", () => {
    const usual = {
      backoff: { min: 100, max: 30_000 },
      reset_after: 10_000,
      max: 10,
      window: 60_000,
    };
    expect(serviceOf("services: { a: { command: x, restart: on-failure } }").restart).toEqual({
      ...usual,
      policy: "on-failure",
    });
    const long = "restart: { max: 3, backoff: 1s, window: 10m, reset_after: 1m }";
    expect(serviceOf(`services: { a: { command: x, ${long} } }`).restart).toEqual({
      policy: "always",
      backoff: { min: 1_000, max: 1_000 },
      reset_after: 60_000,
      max: 3,
      window: 600_000,
    });
    expect(serviceOf("services: { a: { command: x, kind: task } }").restart.policy).toBe("never");
    expect(
      serviceOf("services: { a: { command: x, kind: task, restart: { max: 3 } } }").restart.policy,
    ).toBe("never");
  });

  test("a list of dependencies waits for services to be ready and for tasks to be done", () => {
    const yaml = `services:
  a: { command: x, depends_on: [db, migrate] }
  db: { command: x }
  migrate: { command: x, kind: task, depends_on: { db: { restart: true } } }
`;
    const project = projectIn(folderWith({ "procs.yaml": yaml }));
    const [a, , migrate] = project.services;
    expect(a?.depends_on).toEqual({
      db: { condition: "ready", restart: false, required: true },
      migrate: { condition: "done", restart: false, required: true },
    });
    expect(migrate?.depends_on).toEqual({
      db: { condition: "ready", restart: true, required: true },
    });
  });

  test("a dependency that may be missing, and is, is left out", () => {
    const yaml = "services: { a: { command: x, depends_on: { db: { required: false } } } }";
    expect(serviceOf(yaml).depends_on).toEqual({});
  });

  test("watch is relative to the service's folder, and follows the reload signal", () => {
    const folder = folderWith({
      "procs.yaml":
        "services: { a: { command: x, cwd: api, watch: [src], reload: { signal: SIGHUP } } }",
    });
    expect(projectIn(folder).services[0]?.watch).toEqual({
      paths: [join(folder, "api/src")],
      ignore: [],
      debounce: 100,
      action: { kind: "signal", signal: "SIGHUP" },
    });
  });

  test("watch runs a command and then restarts", () => {
    const yaml = "services: { a: { command: x, watch: { action: { run: make $X } } } }";
    const action = serviceOf(yaml).watch?.action;
    expect(JSON.stringify(action)).toBe('{"kind":"run","command":"make $X","then":"restart"}');
  });
});

function probe(check: unknown) {
  return { check, interval: 1_000, timeout: 60_000, failures: 3 };
}
