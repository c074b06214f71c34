import { describe, expect, test } from "vitest";
import { INSTANCE_MARK } from "../../src/core/spec.ts";
import { folderWith, projectIn, serviceOf } from "./folder.ts";

describe("variables", () => {
  test("the shell's come first, then those of the env files, the last file first", () => {
    const folder = folderWith({
      "procs.yaml":
        "env_file: [a.env, b.env]\nservices: { a: { command: [echo, '$A', '$B', '$C'] } }",
      "a.env": "A=file a\nB=file a\nC=file a\n",
      "b.env": "A=file b\nB=file b\n",
    });
    const project = projectIn(folder, { env: { A: "shell" } });
    expect(project.services[0]?.command).toEqual(["echo", "shell", "file b", "file a"]);
  });

  test("every name that was asked of the shell is recorded, also those that are not set", () => {
    const folder = folderWith({
      "procs.yaml":
        "services: { a: { command: [echo, '$A', '${B:-x}', '${A:+${C:-y}}', '${A:-$D}'], env: { E: } } }",
    });
    expect(projectIn(folder, { env: { A: "1", E: "2", Z: "3" } }).variables).toEqual({
      A: "1",
      B: null,
      C: null,
      E: "2",
    });
  });

  test("the project is the same when read again with only the recorded variables", () => {
    const folder = folderWith({
      "procs.yaml":
        "env_file: e.env\nservices: { a: { command: x, cwd: $A, env: { B: , C: '${C:-c}' } } }",
      "e.env": "D\nE=$A\n",
    });
    const first = projectIn(folder, { env: { A: "a", B: "b", D: "d", X: "x" } });
    const recorded = Object.entries(first.variables).filter(
      (pair): pair is [string, string] => pair[1] !== null,
    );
    expect(projectIn(folder, { env: Object.fromEntries(recorded) })).toEqual(first);
  });

  test("text commands, exec probes and watch commands belong to the shell", () => {
    const yaml = `services:
  a:
    command: node x.js --port $PORT \${NONE}
    ready: { exec: 'test $PORT' }
    watch: { action: { run: make $TARGET } }
`;
    const spec = serviceOf(yaml);
    expect(spec.command).toBe("node x.js --port $PORT ${NONE}");
    expect(spec.ready?.check).toEqual({ kind: "exec", command: "test $PORT" });
  });

  test("procs' own names are replaced everywhere", () => {
    const yaml = `env: { WHO: "\${procs.service}" }
defaults: { labels: { who: "\${procs.service}" } }
services:
  a:
    command: run \${procs.service} \${procs.instance} \${services.b.port}
    env: { N: "\${procs.instance}", URL: "http://localhost:\${services.b.port}" }
    ready: { http: ":\${services.b.port}/x" }
  b: { command: x, port: $P }
`;
    const [a, b] = projectIn(folderWith({ "procs.yaml": yaml }), { env: { P: "3000" } }).services;
    expect(a?.command).toBe(`run a ${INSTANCE_MARK} 3000`);
    expect(a?.env).toEqual({ N: INSTANCE_MARK, URL: "http://localhost:3000", WHO: "a" });
    expect(a?.labels).toEqual({ who: "a" });
    expect(a?.ready?.check).toEqual({ kind: "http", url: ":3000/x" });
    expect(b?.env).toEqual({ WHO: "b" });
    expect(b?.port).toBe(3000);
  });

  test("a value without quotes is read as if it had been written there", () => {
    const yaml = "services: { a: { command: x, instances: $N, enabled: $ON } }";
    const spec = serviceOf(yaml, { env: { N: "3", ON: "false" } });
    expect([spec.instances, spec.enabled]).toEqual([3, false]);
  });
});
