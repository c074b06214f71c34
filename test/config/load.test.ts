import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { service } from "../rig/specs.ts";
import { codesOf, folderWith, load, projectIn, said, serviceOf } from "./folder.ts";

test("a service that says only its command has every default", () => {
  const folder = folderWith({ "procs.yaml": "services: { web: { command: npm start } }" });
  const project = projectIn(folder);
  expect(project).toEqual({
    name: folder.split("/").at(-1),
    folder,
    file: join(folder, "procs.yaml"),
    inputs: [join(folder, "procs.yaml")],
    reload: "manual",
    log: { max_total: 1_000_000_000, max_age: null },
    services: [service("web", { command: "npm start", cwd: folder })],
    sources: {
      web: { "": { file: "procs.yaml", line: 1 }, command: { file: "procs.yaml", line: 1 } },
    },
    variables: {},
  });
});

test("the whole project is plain JSON", () => {
  const folder = folderWith({
    "procs.yaml":
      "services: { web: { command: x, ready: { log: /a/i }, watch: true, umask: 022 } }",
  });
  const project = projectIn(folder);
  expect(JSON.parse(JSON.stringify(project))).toStrictEqual(project);
});

describe("nothing changes the project when", () => {
  const plain = `services:
  b:
    command: x
    port: 3000
    env: { B: two, A: one }
  a: { command: y, depends_on: [b] }
`;
  const others: Readonly<Record<string, string>> = {
    "keys are in another order": `services:
  b:
    env: { A: one, B: two }
    port: 3000
    command: x
  a: { depends_on: [b], command: y }
`,
    "values are quoted": plain.replace("3000", '"3000"').replace("one", "'one'"),
    "comments and blank lines are added": `# first\n\n${plain.replace("port", "# a port\n    port")}`,
    "a default is made explicit": plain.replace(
      "port: 3000",
      "port: 3000\n    instances: 1\n    restart: always\n    ready:",
    ),
    "the long form is used": plain.replace("[b]", "{ b: { condition: ready, restart: false } }"),
    "it has Windows line ends": plain.replaceAll("\n", "\r\n"),
    "it begins with a byte order mark": `\ufeff${plain}`,
    "a value comes from a variable": plain.replace("one", '"${NONE:-one}"'),
    "an anchor is used": plain
      .replace("env: {", "env: &e {")
      .replace("{ command: y", "{ labels: {}, command: y"),
  };
  for (const [name, yaml] of Object.entries(others)) {
    test(name, () => {
      const folder = folderWith({ "procs.yaml": plain });
      const before = projectIn(folder).services;
      const other = folderWith({ "procs.yaml": yaml });
      const after = projectIn(other).services.map((spec) => ({ ...spec, cwd: folder }));
      expect(after).toEqual(before);
      // The order of what is written is no difference either, down to the characters.
      expect(JSON.stringify(after)).toBe(JSON.stringify(before));
    });
  }
});

test("the folder is the real one, also through a link, and so are paths", () => {
  const folder = folderWith({ "real/procs.yaml": "services: { a: { command: x, cwd: sub } }" });
  symlinkSync(join(folder, "real"), join(folder, "link"));
  const project = projectIn(join(folder, "link"));
  expect(project.folder).toBe(join(folder, "real"));
  expect(project.services[0]?.cwd).toBe(join(folder, "real/sub"));
});

test("places are shown relative to the working folder when below it, else absolute", () => {
  const folder = folderWith({ "procs.yaml": "services: { a: { command: x, nope: 1 } }" });
  mkdirSync(join(folder, "sub"));
  expect(said(load(folder))).toContain("--> procs.yaml:1:");
  const loaded = load(join(folder, "sub"), { files: ["../procs.yaml"] });
  expect(said(loaded)).toContain(`--> ${join(folder, "procs.yaml")}:1:`);
});

test("a file that does not exist is P100", () => {
  const folder = folderWith({});
  expect(said(load(folder, { files: ["nope.yaml"] }))).toContain(
    "error[P100]: there is no file nope.yaml",
  );
  expect(said(load(folder, { files: ["."] }))).toContain("error[P100]");
});

test("no services at all is a project too, when the file says so", () => {
  expect(projectIn(folderWith({ "procs.yaml": "services: {}" })).services).toEqual([]);
});

test("one mistake is one problem", () => {
  expect(codesOf("services: { a: { comand: x } }")).toEqual(["P103"]);
  expect(
    codesOf("services: { a: { command: { a: b } }, b: { command: x, depends_on: [a] } }"),
  ).toEqual(["P104"]);
  expect(codesOf("services: { a: { command: [x, $NONE] } }")).toEqual(["P206"]);
  expect(codesOf("servces: { a: { command: x } }")).toEqual(["P103"]);
  expect(codesOf("services: { a: { command: x, unknown: $NONE } }")).toEqual(["P103"]);
  expect(
    codesOf(
      "x-b: &b { nope: 1 }\nservices: { a: { <<: *b, command: x }, c: { <<: *b, command: x } }",
    ),
  ).toEqual(["P103"]);
});

test("at most twenty problems, in the order of the file", () => {
  const services = Array.from({ length: 50 }, (_, index) => `  s${index}: { command: x, nope: 1 }`);
  const loaded = load(folderWith({ "procs.yaml": `services:\n${services.join("\n")}\n` }));
  const lines = loaded.ok ? [] : loaded.diagnostics.map((problem) => problem.range?.start.line);
  expect(lines).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
});

test("x- keys are free", () => {
  const yaml =
    "x-a: &a { restart: never, x-why: because }\nservices: { a: { <<: *a, command: x, x-note: $NONE } }";
  expect(serviceOf(yaml).restart.policy).toBe("never");
});
