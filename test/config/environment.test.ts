import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, projectIn, serviceOf } from "./folder.ts";

describe("the environment of a service", () => {
  test("its env wins over its env files, those over the file's env, that over the file's env files", () => {
    const folder = folderWith({
      "procs.yaml": `env_file: all.env
env: { B: env, C: env, D: env }
services:
  a:
    command: x
    env_file: [one.env, own/two.env]
    env: { D: own }
`,
      "all.env": "A=all\nB=all\nC=all\nD=all\n",
      "one.env": "C=one\nD=one\nE=one\n",
      "own/two.env": "E=two\n",
    });
    const project = projectIn(folder);
    expect(project.services[0]?.env).toEqual({ A: "all", B: "env", C: "one", D: "own", E: "two" });
    expect(project.sources.a).toMatchObject({
      "env.A": { file: "all.env", line: 1 },
      "env.B": { file: "procs.yaml", line: 2 },
      "env.C": { file: "one.env", line: 1 },
      "env.D": { file: "procs.yaml", line: 7 },
      "env.E": { file: "own/two.env", line: 1 },
    });
    expect(project.inputs).toEqual(
      ["procs.yaml", "all.env", "one.env", "own/two.env"].map((name) => join(folder, name)),
    );
  });

  test("a number or a truth value is the text that was written", () => {
    expect(
      serviceOf("services: { a: { command: x, env: { A: 1.10, B: true, C: 0x10, D: '', E: ~ } } }")
        .env,
    ).toEqual({
      A: "1.10",
      B: "true",
      C: "0x10",
      D: "",
    });
  });

  test("without a value it is taken from the shell, and is left out when the shell has none", () => {
    const yaml = "services: { a: { command: x, env: { A: , B: null } } }";
    expect(serviceOf(yaml, { env: { A: "from the shell" } }).env).toEqual({ A: "from the shell" });
  });

  test("an env file that may be missing is looked for, and that is remembered", () => {
    const folder = folderWith({
      "procs.yaml":
        "env_file: [{ path: .env.local, required: false }]\nservices: { a: { command: x } }",
    });
    expect(projectIn(folder).inputs).toContain(join(folder, ".env.local"));
  });
});
