import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, projectIn } from "./folder.ts";

describe("several files", () => {
  const base = `name: base
env: { A: base, B: base }
defaults: { stop: { timeout: 5s, signal: SIGINT } }
services:
  api:
    command: node api.js
    depends_on: [db]
    ready: { http: /health, timeout: 5s }
    restart: on-failure
  db: { command: postgres, cwd: data, env_file: db.env }
`;
  const over = `include: other/base.yaml
env: { B: over }
services:
  api:
    depends_on: { cache: started }
    ready: { tcp: 3000 }
    restart: { max: 3 }
    stop: { timeout: 1s }
  cache: { command: redis }
`;

  test("an included file lies under this one, and its paths start at its own folder", () => {
    const folder = folderWith({
      "procs.yaml": over,
      "other/base.yaml": base,
      "other/db.env": "X=1\n",
    });
    const project = projectIn(folder);
    const [api, db, cache] = project.services;
    expect(project.name).toBe("base");
    expect([api?.name, db?.name, cache?.name]).toEqual(["api", "db", "cache"]);
    expect(api?.env).toEqual({ A: "base", B: "over" });
    expect(api?.cwd).toBe(join(folder, "other"));
    expect(Object.keys(api?.depends_on ?? {})).toEqual(["cache", "db"]);
    expect(api?.ready).toEqual({
      check: { kind: "tcp", host: null, port: 3000 },
      interval: 1_000,
      timeout: 5_000,
      failures: 3,
    });
    expect(api?.restart).toMatchObject({ policy: "on-failure", max: 3 });
    expect(api?.stop).toEqual({ signal: "SIGINT", timeout: 1_000 });
    expect(db?.cwd).toBe(join(folder, "other/data"));
    expect(db?.env).toMatchObject({ X: "1" });
    expect(cache?.cwd).toBe(folder);
    expect(project.sources.api).toMatchObject({
      command: { file: "other/base.yaml", line: 6 },
      "ready.tcp": { file: "procs.yaml", line: 6 },
      "ready.timeout": { file: "other/base.yaml", line: 8 },
      "depends_on.db": { file: "other/base.yaml", line: 7 },
    });
  });

  test("of several -f the later one wins, and the first one's folder is the project", () => {
    const folder = folderWith({
      "procs.yaml": "services: { a: { command: x, port: 3000 } }",
      "ci/ci.yaml": "services: { a: { port: 4000 } }",
    });
    const project = projectIn(folder, { files: ["procs.yaml", "ci/ci.yaml"] });
    expect(project.services[0]).toMatchObject({ command: "x", port: 4000, cwd: folder });
    expect(project.folder).toBe(folder);
  });

  test("a file that two others include is read once", () => {
    const folder = folderWith({
      "procs.yaml": "include: [a.yaml, b.yaml]\nservices: { x: { command: x } }",
      "a.yaml": "include: c.yaml",
      "b.yaml": "include: c.yaml",
      "c.yaml": "services: { c: { command: c } }",
    });
    expect(projectIn(folder).services.map((spec) => spec.name)).toEqual(["c", "x"]);
  });

  test("a key without a value takes away what an included file or defaults gave", () => {
    const folder = folderWith({
      "procs.yaml": "include: b.yaml\nservices: { a: { ready: , port: 1 } }",
      "b.yaml": "defaults: { nice: 5 }\nservices: { a: { command: x, ready: { tcp: 1 } } }",
    });
    expect(projectIn(folder).services[0]).toMatchObject({ ready: null, nice: 5, port: 1 });
  });
});
