import { expect, test } from "vitest";
import { createProject } from "../rig/project.ts";

const BASE = `
services:
  web:
    command: sleep 1000
    env: { A: "1" }
    description: first
    labels: { team: a }
    stop: { timeout: 2s }
    restart: { policy: always, max: 5 }
    ready: { exec: "true", interval: 100ms }
    alive: { exec: "true", interval: 1s }
    watch: [src]
  other:
    command: sleep 1001
`;

/** One edit of each class, and whether the process may be replaced by it. */
const EDITS: Record<string, { from: string; to: string; replaced: boolean }> = {
  "process: command": { from: "sleep 1000", to: "sleep 1002", replaced: true },
  "process: env value": { from: 'A: "1"', to: 'A: "2"', replaced: true },
  "process: env removed": { from: 'env: { A: "1" }', to: "env: {}", replaced: true },
  "process: cwd": { from: "    env:", to: "    cwd: src\n    env:", replaced: true },
  "process: umask": { from: "    env:", to: '    umask: "077"\n    env:', replaced: true },
  "process: port": { from: "    env:", to: "    port: auto\n    env:", replaced: true },
  "process: nofile": {
    from: "    env:",
    to: "    limits: { nofile: 512 }\n    env:",
    replaced: true,
  },
  "live: readiness": { from: "interval: 100ms", to: "interval: 200ms", replaced: false },
  "live: liveness": { from: "interval: 1s", to: "interval: 2s", replaced: false },
  "live: restart policy": { from: "max: 5", to: "max: 6", replaced: false },
  "live: stop": { from: "timeout: 2s", to: "timeout: 1s, signal: SIGINT", replaced: false },
  "live: watch": { from: "watch: [src]", to: "watch: [lib]", replaced: false },
  "live: log": {
    from: "    env:",
    to: "    log: { max_size: 20KB, keep: 1, max_total: 1MB, max_age: 7d, compress: false }\n    env:",
    replaced: false,
  },
  "live: rollout": {
    from: "    env:",
    to: "    rollout: { progress: 5s }\n    env:",
    replaced: false,
  },
  "topology: instances": { from: "    env:", to: "    instances: 2\n    env:", replaced: false },
  "topology: depends_on": {
    from: "    env:",
    to: "    depends_on: [other]\n    env:",
    replaced: false,
  },
  "cosmetic: description": {
    from: "description: first",
    to: "description: second",
    replaced: false,
  },
  "cosmetic: labels": { from: "team: a", to: "team: b", replaced: false },
};

test("an edit replaces the process when the process can see it, and leaves it alone when not", async () => {
  await using project = createProject(BASE);
  project.write("src/a", "");
  project.write("lib/a", "");
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  const [other] = await project.pids("other");
  for (const [what, { from, to, replaced }] of Object.entries(EDITS)) {
    const before = (await project.pids("web"))[0];
    project.write("procs.yaml", BASE.replace(from, to));
    const reload = await project.procs("reload", "-y");
    expect(reload, `${what}\n${reload.stdout}${reload.stderr}`).toMatchObject({ code: 0 });
    const pid = (await project.pids("web"))[0];
    if (replaced) expect(pid, what).not.toBe(before);
    else expect(pid, what).toBe(before);
    expect(await project.procs("plan", "--exit-code"), what).toMatchObject({ code: 0 });
    project.write("procs.yaml", BASE);
    expect(await project.procs("reload", "-y"), what).toMatchObject({ code: 0 });
    expect((await project.service("web")).ready, what).toBe(1);
  }
  expect(await project.pids("other")).toEqual([other]);
});

test("stopped and scaled by hand stay so across a reload", async () => {
  await using project = createProject(BASE);
  project.write("src/a", "");
  await project.procs("up", "-d");
  expect(await project.procs("stop", "other")).toMatchObject({ code: 0 });
  expect(await project.procs("scale", "web=3")).toMatchObject({ code: 0 });
  project.write("procs.yaml", BASE.replace("sleep 1001", "sleep 1003").replace('A: "1"', 'A: "2"'));
  expect(await project.procs("reload", "-y")).toMatchObject({ code: 0 });
  expect((await project.service("other")).state).toBe("stopped");
  expect((await project.service("web")).ready).toBe(3);
  expect((await project.procs("plan")).stdout).toMatch(/by hand/);
});

test("a service that is called something else now keeps its process", async () => {
  await using project = createProject(BASE);
  project.write("src/a", "");
  await project.procs("up", "-d");
  const pids = await project.pids("web");
  project.write("procs.yaml", BASE.replace("  web:", "  front:\n    was: web"));
  expect(await project.procs("reload", "-y")).toMatchObject({ code: 0 });
  expect(await project.pids("front")).toEqual(pids);
});
