import { describe, expect, test } from "vitest";
import { fileForm } from "../../src/cli/file-form.ts";
import { yamlLines } from "../../src/cli/yaml-text.ts";
import { type Check, INSTANCE_MARK } from "../../src/core/spec.ts";
import { folderWith, projectIn } from "../config/folder.ts";
import { serviceSpec } from "./specs.ts";

const yaml = (change: Parameters<typeof serviceSpec>[0], values = false) =>
  `\n${yamlLines({ api: fileForm(serviceSpec(change), values) }, () => null).join("\n")}\n`;

const FULL = `name: shop
env: { LOG: debug, API_KEY: "0123456789abcdef", PRICE: "5$$" }
services:
  db:
    command: postgres -D data $EXTRA
    shell: /opt/$$x/sh
    ready: { tcp: "[::1]:5432" }
    stop: { signal: SIGINT }
  migrate: { kind: task, command: [run, "\${procs.instance}", "$$5"], depends_on: [db], schedule: "0 3 * * *" }
  api:
    command: x
    depends_on: { migrate: done, db: { condition: started, restart: true } }
    ready: { log: '/up (\\d+)\\//i', timeout: 5s }
    alive: { http: ":3000/$$" }
    restart: { max: 3, backoff: 1s }
    watch: { paths: [src], ignore: ["*.$$"], action: { run: make $X, then: nothing } }
    limits: { nofile: 100 }
    log: { max_size: 1500001B, keep: 2, max_total: 1.5GB, max_age: 7d, compress: false }
    umask: 007
    rollout: { surge: 25%, unavailable: 0 }
    reload: { signal: SIGHUP }
    inherit_env: [PATH]
    labels: { team: pay, v: 1.10 }
    success_codes: [0, 3]
    profiles: [dev]
  shared: { command: x, listen: ["[::1]:3001", 3002, ./a$$b.sock], stop: { message: bye$$ } }
  proxied: { command: x, listen: { port: 3003, mode: proxy, drain: 5s, sticky: true } }
  demand: { command: x, listen: { port: 3004, host: localhost, start: on-demand, idle_stop: 5m }, ready: { accepts: true, timeout: 9s } }
  echo: { command: [cat], listen: { port: 3005, mode: inetd, idle_stop: never, per_source: 3, rate: 5/s } }
  wait: { command: x, listen: { port: /run/w, mode: inetd, wait: true, idle_stop: 1m, permissions: 660 } }
  web: { command: y, inherit_env: false, watch: { paths: [a], action: { signal: SIGUSR2 } } }
`;

test("what is printed reads back as the same project", () => {
  const project = projectIn(folderWith({ "procs.yaml": FULL }));
  const services = Object.fromEntries(
    project.services.map((spec) => [spec.name, fileForm(spec, true)]),
  );
  const text = yamlLines({ name: "shop", services }, () => null).join("\n");
  expect(projectIn(folderWith({ "procs.yaml": text })).services).toEqual(project.services);
});

describe("a service in the words of procs.yaml", () => {
  test("says everything that is set, and no more", () => {
    expect(yaml({})).toBe(`
api:
  kind: service
  command: node server.js
  shell: /bin/sh
  cwd: /shop
  inherit_env: true
  instances: 1
  restart:
    policy: always
    backoff: 100ms..30s
    reset_after: 10s
    max: 10
    window: 1m
  stop:
    signal: SIGTERM
    timeout: 10s
  rollout:
    min_ready: 0ms
    progress: 1m
    on_failure: rollback
  log:
    max_size: 10MB
    keep: 5
    compress: true
  success_codes: [0]
`);
  });

  test("keeps secrets to itself unless asked", () => {
    const env = { API_KEY: "s3cret", PORT: "3000" };
    expect(yaml({ env })).toContain('  env:\n    API_KEY: "••••••"\n    PORT: "3000"\n');
    expect(yaml({ env }, true)).toContain("    API_KEY: s3cret\n");
  });

  test("writes dollars so that they are read as dollars again", () => {
    const text = yaml({ env: { A: "$HOME", NAME: `x${INSTANCE_MARK}` }, command: "echo $HOME" });
    expect(text).toContain('A: "$$HOME"');
    expect(text).toContain(`NAME: "x\${procs.instance}"`);
    expect(text).toContain('command: "echo $HOME"');
  });

  test("spells every kind of probe", () => {
    const times = { interval: 1000, timeout: 60_000, failures: 3 };
    const form = (check: Check) =>
      fileForm(serviceSpec({ ready: { check, ...times } }), true).ready;
    expect(form({ kind: "http", url: "/health" })).toMatchObject({ http: "/health" });
    expect(form({ kind: "tcp", host: null, port: null })).toMatchObject({ tcp: true });
    expect(form({ kind: "tcp", host: null, port: 5432 })).toMatchObject({ tcp: 5432 });
    expect(form({ kind: "tcp", host: "db", port: 5432 })).toMatchObject({ tcp: "db:5432" });
    expect(form({ kind: "exec", command: ["a", "b"] })).toMatchObject({ exec: ["a", "b"] });
    expect(form({ kind: "log", pattern: "up", flags: "i" })).toMatchObject({ log: "/up/i" });
    expect(form({ kind: "log", pattern: "^up$", flags: "" })).toMatchObject({ log: "/^up$/" });
    expect(form({ kind: "notify" })).toMatchObject({ notify: true, timeout: "1m" });
  });

  test("gives a comment where one is wanted", () => {
    const lines = yamlLines({ a: { b: 1 } }, (path) => (path.length === 2 ? "x:1" : null));
    expect(lines).toEqual(["a:", "  b: 1   # x:1"]);
  });
});
