import { describe, expect, test } from "vitest";
import { fileForm } from "../../src/cli/file-form.ts";
import { yamlLines } from "../../src/cli/yaml-text.ts";
import { type Check, INSTANCE_MARK } from "../../src/core/spec.ts";
import { serviceSpec } from "./specs.ts";

const yaml = (change: Parameters<typeof serviceSpec>[0], values = false) =>
  `\n${yamlLines({ api: fileForm(serviceSpec(change), values) }, () => null).join("\n")}\n`;

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
    expect(form({ kind: "notify" })).toMatchObject({ notify: true, timeout: "1m" });
  });

  test("gives a comment where one is wanted", () => {
    const lines = yamlLines({ a: { b: 1 } }, (path) => (path.length === 2 ? "x:1" : null));
    expect(lines).toEqual(["a:", "  b: 1   # x:1"]);
  });
});
