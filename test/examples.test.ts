import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { createProject, type Project } from "./rig/project.ts";
import { freePort, isInstalled } from "./rig/served.ts";
import { until } from "./rig/until.ts";

const EXAMPLES = resolve(import.meta.dirname, "../examples");

/** What each example shows, once it is up. A folder without an entry here fails the last test. */
const SHOWS: Record<string, (project: Project) => Promise<void>> = {
  hello: (project) => printed(project, "hello", "hello, the time is"),
  order: (project) => printed(project, "client", "hello from the server"),
  rolling: async (project) => {
    const before = await project.pids("web");
    const text = (await project.procs("config", "web")).stdout;
    expect(text).toContain("VERSION");
    expect(before).toHaveLength(2);
  },
  watch: async (project) => {
    await printed(project, "app", "app, version 1");
    project.write("src/app.mjs", 'console.log("app, version 2");\nsetInterval(() => {}, 1000);\n');
    await printed(project, "app", "app, version 2");
    await printed(project, "checked", "app, version 2");
  },
  schedule: (project) => printed(project, "heartbeat", /\d\d:\d\d:\d\d/),
  env: (project) => printed(project, "show", "good morning, somebody (log level info)"),
  profiles: async (project) => {
    expect((await project.service("debugger")).state).toBe("disabled");
    await project.procs("up", "-d", "--profile", "dev");
    await project.reaches("debugger", "ready");
  },
  listen: (project) => answersAnew(project, "VERSION", "version 1", "version 2"),
  nginx: (project) => answersAnew(project, "GREETING", "hello", "good evening"),
  gunicorn: (project) => answersAnew(project, "GREETING", "hello", "good evening"),
  proxy: (project) => answersAnew(project, "VERSION", "version 1", "version 2"),
  "on-demand": async (project) => {
    await project.reaches("report", "idle");
    const [port = 0] = portsIn(project);
    const first = await said(port, "GET / HTTP/1.0\r\n\r\n");
    expect(first).toMatch(/by process \d+\n/);
    await project.reaches("report", "idle");
    const second = await said(port, "GET / HTTP/1.0\r\n\r\n");
    expect(second).toMatch(/by process \d+\n/);
    expect(second).not.toBe(first);
  },
  inetd: async (project) => {
    await project.reaches("fortune", "idle");
    const [fortune = 0, count = 0] = portsIn(project);
    expect(await said(fortune, "Ana\n")).toBe("Good day, Ana from 127.0.0.1.\n");
    expect(await said(count, "")).toBe("1 since I was started\n");
    expect(await said(count, "")).toBe("2 since I was started\n");
    await project.reaches("count", "idle");
    expect(await said(count, "")).toBe("1 since I was started\n");
  },
  // The other languages, and what happens to a slow answer: test/scenarios/graceful-exit.test.ts.
  graceful: async (project) => {
    await printed(project, "worker", "job begun");
    const down = await project.procs("down");
    expect(down.stdout + down.stderr).not.toContain("killed");
  },
  stopping: async (project) => {
    const down = await project.procs("down");
    expect(down.stdout + down.stderr).toMatch(/stubborn.*killed/);
  },
};

/** The ports in the files of an example; a test puts free ones in their place. */
const PORTS: Record<string, readonly number[]> = {
  listen: [3000],
  proxy: [3000],
  nginx: [8080],
  gunicorn: [8000],
  "on-demand": [3000],
  inetd: [1717, 1718],
  graceful: [4001, 4002, 4003, 4004, 4005],
};
const NEEDS: Record<string, string> = {
  nginx: "nginx",
  gunicorn: "gunicorn",
  proxy: "python3",
};

for (const [name, show] of Object.entries(SHOWS)) {
  const needs = NEEDS[name];
  const isThere = needs === undefined || isInstalled(needs, `example ${name}`);
  test.skipIf(!isThere)(`example ${name} does what it says`, async () => {
    await using project = createProject("");
    cpSync(join(EXAMPLES, name), project.folder, { recursive: true });
    for (const port of PORTS[name] ?? []) await usePort(project, port, await freePort());
    const up = await project.procs("up", "-d");
    expect(up, up.stderr).toMatchObject({ code: 0 });
    await show(project);
  });
}

test("the shop of the root procs.yaml sells something", async () => {
  await using project = createProject("");
  cpSync(resolve(EXAMPLES, "../procs.yaml"), join(project.folder, "procs.yaml"));
  cpSync(join(EXAMPLES, "shop"), join(project.folder, "examples/shop"), { recursive: true });
  const up = await project.procs("up", "-d");
  expect(up, up.stderr).toMatchObject({ code: 0 });
  await printed(project, "worker", "shipped");
});

test("every example is run", () => {
  const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((e) => e.isDirectory());
  const known = [...Object.keys(SHOWS), "shop", "servers"].sort();
  expect(folders.map((e) => e.name).sort()).toEqual(known);
});

const missing = ["redis-server", "nginx", "psql"].filter(
  (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0,
);
if (missing.length > 0)
  console.warn(`notice: ${missing.join(", ")} not installed; example servers is skipped`);

test.skipIf(missing.length > 0)(
  "PostgreSQL, Redis and nginx: each comes back when killed, each takes an edit",
  async () => {
    await using project = createProject("");
    cpSync(join(EXAMPLES, "servers"), project.folder, { recursive: true });
    spawnSync("chmod", ["755", join(project.folder, ".."), project.folder]);
    const up = await project.procs("up", "-d", "--wait-timeout", "90s");
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    await visits("visit 1");
    for (const name of ["redis", "api", "nginx", "postgres"]) {
      const [pid] = await project.pids(name);
      process.kill(pid ?? 0, "SIGKILL");
      await until(
        `${name} is back`,
        async () => {
          const [now] = await project.pids(name);
          return now !== null && now !== pid && (await project.service(name)).state === "ready";
        },
        40_000,
      );
    }
    await visits("visit 2");
    const text = (await project.procs("validate")).code;
    expect(text).toBe(0);
    for (const name of ["redis", "api", "nginx", "postgres"]) {
      const before = await everyPid(project);
      project.write("procs.yaml", edited(project, name));
      const reload = await project.procs("reload", "-y");
      expect(reload, reload.stdout + reload.stderr).toMatchObject({ code: 0 });
      const after = await everyPid(project);
      for (const other of Object.keys(before)) {
        if (other === name) expect(after[other], name).not.toEqual(before[other]);
        else expect(after[other], `${other} when ${name} was edited`).toEqual(before[other]);
      }
    }
    await visits("visit 3");
  },
  240_000,
);

async function usePort(project: Project, from: number, to: number): Promise<void> {
  for (const file of readdirSync(project.folder)) {
    const text = readFileSync(join(project.folder, file), "utf8");
    project.write(file, text.replaceAll(String(from), String(to)));
  }
}

/** The ports that procs.yaml says, in its order. */
function portsIn(project: Project): readonly number[] {
  const text = readFileSync(join(project.folder, "procs.yaml"), "utf8");
  return [...text.matchAll(/\bport: (\d+)/g)].map((match) => Number(match[1]));
}

/** What a server answers to a text, until it closes the connection. */
function said(port: number, text: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    let answer = "";
    socket.setEncoding("utf8").on("data", (part) => {
      answer += part;
    });
    socket.once("end", () => {
      socket.end();
      done(answer);
    });
    socket.once("error", fail);
    if (text !== "") socket.write(text);
  });
}

/** What is served is `old`; a reload with `key` edited puts `fresh` in its place. */
async function answersAnew(
  project: Project,
  key: string,
  old: string,
  fresh: string,
): Promise<void> {
  const file = join(project.folder, "procs.yaml");
  const text = readFileSync(file, "utf8");
  const url = `http://127.0.0.1:${/^ {4}(?:listen: | {2}port: )(\d+)/m.exec(text)?.[1]}/`;
  expect(await (await fetch(url)).text()).toContain(old);
  const value = JSON.stringify(fresh.replace("version ", ""));
  project.write("procs.yaml", text.replace(new RegExp(`( ${key}:).*`), `$1 ${value}`));
  const reload = await project.procs("reload", "-y");
  expect(reload, reload.stdout + reload.stderr).toMatchObject({ code: 0 });
  expect(await (await fetch(url)).text()).toContain(fresh);
}

async function visits(expected: string): Promise<void> {
  await until(
    expected,
    async () => {
      const reply = await fetch("http://127.0.0.1:8480/").catch(() => null);
      const text = reply?.ok ? await reply.text() : "";
      return text.startsWith("visit");
    },
    30_000,
  );
}

/** procs.yaml with one more variable for one service. */
function edited(project: Project, name: string): string {
  const { stdout } = spawnSync("cat", [join(project.folder, "procs.yaml")], { encoding: "utf8" });
  return stdout.replace(
    new RegExp(`^  ${name}:\\n`, "m"),
    `  ${name}:\n    env: { EDITED: "yes" }\n`,
  );
}

async function everyPid(project: Project): Promise<Record<string, (number | null)[]>> {
  const { services } = await project.snapshot();
  return Object.fromEntries(services.map((s) => [s.name, s.instances.map((i) => i.pid)]));
}

async function printed(project: Project, service: string, what: string | RegExp): Promise<void> {
  await until(
    `${service} prints ${what}`,
    async () => {
      const { stdout } = await project.procs("logs", service, "-n", "all");
      return typeof what === "string" ? stdout.includes(what) : what.test(stdout);
    },
    20_000,
  );
}
