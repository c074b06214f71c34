import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { newKeepers, slay } from "../rig/deaths.ts";
import { failures, startLoad } from "../rig/load.ts";
import { createProject, type Project } from "../rig/project.ts";
import { freePort, PLAIN, yamlOf } from "../rig/served.ts";
import { client, GET } from "../rig/talk.ts";
import { until } from "../rig/until.ts";

const LIMIT_MS = 120_000;

/** Says back what it is told, each line with its pid; at SIGTERM it waits for its connections. */
const ECHO = [
  process.execPath,
  "-e",
  `const server = require("node:net").createServer((socket) => {
     socket.on("data", (bytes) => socket.write(process.pid + ":" + bytes));
     socket.on("error", () => {});
   });
   server.listen(process.env.PROCS_UPSTREAM_ONLY ? process.env.PROCS_UPSTREAM : process.env.PORT);
   process.on("SIGTERM", () => { console.log("told to end"); process.exit(0); });`,
];

interface Site extends AsyncDisposable {
  readonly project: Project;
  readonly port: number;
  readonly url: string;
  reload(change: Readonly<Record<string, unknown>>): ReturnType<Project["procs"]>;
  proxyPid(): Promise<number | null>;
}

type Service = Readonly<Record<string, unknown>>;

async function up(service: Service, listen: Service = {}): Promise<Site> {
  const port = await freePort();
  const all = { command: PLAIN, ...service, listen: { port, mode: "proxy", ...listen } };
  const project = createProject(yamlOf("web", all));
  const { code, stdout, stderr } = await project.procs("up", "-d");
  expect(code, stdout + stderr).toBe(0);
  return {
    ...{ project, port, url: `http://127.0.0.1:${port}/` },
    reload(change) {
      project.write("procs.yaml", yamlOf("web", { ...all, ...change }));
      return project.procs("reload", "-y");
    },
    async proxyPid() {
      return (await project.service("web")).proxy?.pid ?? null;
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}

test(
  "the proxy is killed: another one takes over its socket, and who comes meanwhile waits",
  async () => {
    await using site = await up({ instances: 2 });
    const before = await site.proxyPid();
    const pids = await site.project.pids("web");
    process.kill(before ?? 0, "SIGKILL");
    const waiting = Array.from({ length: 20 }, () => client(site.port));
    for (const each of waiting) {
      each.socket.write(GET);
      await each.has("hello");
      each.socket.destroy();
    }
    const after = await until("another proxy is there", async () => {
      const pid = await site.proxyPid();
      return pid !== before && pid;
    });
    expect(after).not.toBe(before);
    expect(await site.project.pids("web")).toEqual(pids);
  },
  LIMIT_MS,
);

test(
  "what is no HTTP goes on at the old instance until the drain is over, and only then it is told",
  async () => {
    await using site = await up({ command: ECHO }, { drain: "2s" });
    const [old] = await site.project.pids("web");
    const opaque = client(site.port);
    opaque.socket.write("one");
    await opaque.has(`${old}:one`);
    const began = performance.now();
    const reload = site.reload({ env: { V: "2" } });
    await until("a new instance takes connections", async () => {
      const fresh = client(site.port);
      fresh.socket.write("x");
      await fresh.has(":x");
      fresh.socket.destroy();
      return !fresh.text().startsWith(`${old}:`);
    });
    opaque.socket.write("two");
    await opaque.has(`${old}:two`);
    expect(await opaque.ends()).toMatch(/end|ECONNRESET/);
    expect(performance.now() - began).toBeGreaterThan(2_000);
    expect(await reload).toMatchObject({ code: 0 });
  },
  LIMIT_MS,
);

test(
  "the supervisor is killed in the middle of a drain: the connection lives, and the next one ends it in time",
  async () => {
    await using site = await up({ command: ECHO }, { drain: "4s" });
    const [old] = await site.project.pids("web");
    const opaque = client(site.port);
    opaque.socket.write("one");
    await opaque.has(`${old}:one`);
    const reload = site.reload({ env: { V: "2" } });
    await until("the old one drains", async () => {
      const { stdout } = await site.project.procs("events");
      return stdout.includes("drains its connections");
    });
    const killed = await slay(site.project, "supervisor");
    await newKeepers(site.project, { supervisor: killed.supervisor });
    opaque.socket.write("two");
    await opaque.has(`${old}:two`);
    expect(opaque.end()).toBeNull();
    expect(await reload).toMatchObject({ code: 0 });
    expect(await opaque.ends()).toMatch(/end|ECONNRESET/);
    const [pid] = await site.project.pids("web");
    expect(pid).not.toBe(old);
    const { stdout } = await site.project.procs("logs", "web", "--run", "1");
    expect(stdout).toContain("told to end");
  },
  LIMIT_MS,
);

test(
  "on demand: the first connections wait for one start, and it rests again when nobody is there",
  async () => {
    await using site = await up({}, { start: "on-demand", idle_stop: "1s" });
    expect(await site.project.pids("web")).toEqual([]);
    for (const round of [1, 2]) {
      const all = Array.from({ length: 20 }, () => client(site.port));
      for (const { socket } of all) socket.write(GET);
      for (const each of all) {
        await each.has("hello");
        each.socket.destroy();
      }
      const events = await site.project.procs("events");
      expect(events.stdout.match(/web starts/g)).toHaveLength(round);
      await until("it rests", async () =>
        (await site.project.pids("web")).every((pid) => pid === null),
      );
    }
    expect(await isRefused(site.port)).toBe(false);
  },
  LIMIT_MS,
);

test(
  "stopped by hand it refuses, started it serves, and down leaves nothing",
  async () => {
    await using site = await up({ instances: 2 });
    expect(await site.project.procs("stop", "web")).toMatchObject({ code: 0 });
    await until("it refuses", () => isRefused(site.port));
    expect(await site.project.procs("start", "web")).toMatchObject({ code: 0 });
    const each = client(site.port);
    each.socket.write(GET);
    await each.has("hello");
    each.socket.destroy();
    expect(await site.project.procs("down")).toMatchObject({ code: 0 });
    expect(await isRefused(site.port)).toBe(true);
    expect(site.project.alive()).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "edits of what only the proxy does replace neither it nor an instance",
  async () => {
    await using site = await up({ instances: 2 });
    const before = [await site.proxyPid(), ...(await site.project.pids("web"))];
    const listen = { port: site.port, mode: "proxy", sticky: true, drain: "5s" };
    expect(await site.reload({ listen })).toMatchObject({ code: 0 });
    expect([await site.proxyPid(), ...(await site.project.pids("web"))]).toEqual(before);
    await using load = startLoad(site.url, { seconds: 1 });
    const counts = await load.end();
    expect(failures(counts)).toEqual({});
    expect(Object.keys(counts.shares)).toHaveLength(1);
  },
  LIMIT_MS,
);

test(
  "a program that binds the unix socket of PROCS_UPSTREAM is served there",
  async () => {
    const env = { PROCS_UPSTREAM_ONLY: "1" };
    await using site = await up({ command: ECHO, instances: 2, env });
    const [one, two] = [client(site.port), client(site.port)];
    for (const each of [one, two]) each.socket.write("hello");
    for (const each of [one, two]) await each.has(":hello");
    const pids = (await site.project.pids("web")).map(String).sort();
    expect([one, two].map((each) => each.text().split(":")[0] ?? "").sort()).toEqual(pids);
    for (const each of [one, two]) each.socket.destroy();
  },
  LIMIT_MS,
);

test(
  "from behind the proxy to a shared socket, and back, no request fails",
  async () => {
    await using site = await up({ instances: 2 });
    await using kept = startLoad(site.url, { connections: 8, pauseMs: 5 });
    await using fresh = startLoad(site.url, { connections: 4, close: true, pauseMs: 5 });
    expect(await site.reload({ listen: site.port })).toMatchObject({ code: 0 });
    await until("the proxy has gone", async () => (await site.proxyPid()) === null);
    expect(await site.reload({ env: { V: "2" } })).toMatchObject({ code: 0 });
    for (const load of [kept, fresh]) expect(failures(await load.end())).toEqual({});
  },
  LIMIT_MS,
);
