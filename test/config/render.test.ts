import { describe, expect, test } from "vitest";
import { configText } from "../../src/config/render.ts";
import { folderWith, projectIn } from "./folder.ts";

const YAML = `name: shop
env: { LOG: debug, API_KEY: "0123456789abcdef", PRICE: "5$$" }
services:
  db:
    command: postgres -D data $EXTRA
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
    umask: 007
    rollout: { surge: 25%, unavailable: 0 }
    reload: { signal: SIGHUP }
    inherit_env: [PATH]
    labels: { team: pay, v: 1.10 }
    success_codes: [0, 3]
    profiles: [dev]
`;

test("what is printed reads back as the same project, but for what is masked", () => {
  const plain = YAML.replace("API_KEY", "COLOR");
  const folder = folderWith({ "procs.yaml": plain });
  const project = projectIn(folder);
  const again = folderWith({ "procs.yaml": configText(project, { origins: false }) });
  expect(projectIn(again).services).toEqual(project.services);
  const withOrigins = folderWith({ "procs.yaml": configText(project, { origins: true }) });
  expect(projectIn(withOrigins).services).toEqual(project.services);
});

describe("configText", () => {
  test("masks values that look secret", () => {
    const project = projectIn(folderWith({ "procs.yaml": YAML }));
    const text = configText(project, { origins: false });
    expect(text).not.toContain("0123456789abcdef");
    expect(text).toContain("API_KEY: ••••••");
    expect(text).toContain("LOG: debug");
  });

  test("shows one service alone", () => {
    const project = projectIn(folderWith({ "procs.yaml": YAML }));
    const text = configText(project, { origins: false, service: "db" });
    expect(text).toContain("postgres");
    expect(text).not.toContain("migrate");
  });

  test("says where each value was written", () => {
    const folder = folderWith({
      "procs.yaml":
        "env_file: a.env\nservices:\n  web:\n    command: [npm, start]\n    stop:\n      timeout: 5s\n",
      "a.env": "A=1\nB=2\n",
    });
    const text = configText(projectIn(folder), { origins: true });
    expect(text).toContain("  web: # procs.yaml:3\n");
    expect(text).toContain("    command: [npm, start] # procs.yaml:4\n");
    expect(text).toContain('      B: "2" # a.env:2\n');
    expect(text).toContain("      timeout: 5s # procs.yaml:6\n");
    expect(text).toContain("      signal: SIGTERM\n");
  });
});
