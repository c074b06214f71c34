import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createProject, type Project } from "../rig/project.ts";
import { freePort, yamlOf } from "../rig/served.ts";
import { until } from "../rig/until.ts";

/** How often a service comes to rest and is started again. */
const ROUNDS = Number(process.env.PROCS_TEST_ROUNDS ?? 5);
const LIMIT_MS = 120_000 + 10_000 * ROUNDS;

/** Answers each connection with its process id, after SLOW_MS of starting. */
const NODE = `
  import { createServer } from "node:net";
  const server = createServer((socket) => socket.on("error", () => {}).end(process.pid + "\\n"));
  setTimeout(() => server.listen(process.env.PORT), Number(process.env.SLOW_MS ?? 0));
`;

/** Takes connections from its standard input, and ends when there has been none for a while. */
const WAITING = `
import os, socket, sys
server = socket.socket(fileno=0)
server.settimeout(0.3)
while True:
    try:
        connection, _ = server.accept()
    except TimeoutError:
        sys.exit(0)
    connection.sendall(b"%d\\n" % os.getpid())
    connection.close()
`;

/** Each way of starting a service by a connection; all answer with a process id. */
const WAYS = {
  share: { command: ["node", "server.mjs"], listen: { start: "on-demand", idle_stop: "300ms" } },
  proxy: {
    command: ["node", "server.mjs"],
    listen: { mode: "proxy", start: "on-demand", idle_stop: "300ms" },
  },
  inetd: { command: "echo $$", listen: { mode: "inetd", idle_stop: "300ms" } },
  wait: { command: ["python3", "waiting.py"], listen: { mode: "inetd", wait: true } },
} as const;

type Way = keyof typeof WAYS;

describe.each(["inetd", "wait"] as const)("%s", (way) => {
  test(
    "a hundred connections at once: one start, a hundred answers",
    async () => {
      const { project, port } = await onDemand(way);
      await using _ = project;
      const pids = await Promise.all(Array.from({ length: 100 }, () => ask(port)));
      expect(pids.every((pid) => /^\d+\n$/.test(pid))).toBe(true);
      expect(new Set(pids).size).toBe(way === "inetd" ? 100 : 1);
      expect(await starts(project)).toBe(1);
    },
    LIMIT_MS,
  );

  test(
    "it ends when it is idle, and the next connection starts it again; none is refused",
    async () => {
      const { project, port } = await onDemand(way);
      await using _ = project;
      for (let round = 1; round <= ROUNDS; round += 1) {
        expect(await ask(port)).toMatch(/^\d+\n$/);
        await project.reaches("web", "idle");
        expect(await starts(project)).toBe(round);
      }
    },
    LIMIT_MS,
  );
});

describe.each(Object.keys(WAYS) as Way[])("%s: the supervisor dies", (way) => {
  test(
    "while the service is idle: the next connection starts it",
    async () => {
      const { project, port } = await onDemand(way);
      await using _ = project;
      const supervisor = await killSupervisor(project);
      // At once: it waits for the next supervisor.
      expect(await ask(port)).toMatch(/^\d+\n$/);
      expect(await supervisorPid(project)).not.toBe(supervisor);
      expect(await starts(project)).toBe(1);
      if (way !== "wait") await project.reaches("web", "idle");
    },
    LIMIT_MS,
  );

  test(
    "while connections come and go: none is refused or reset, and it comes to rest after",
    async () => {
      const { project, port } = await onDemand(way);
      await using _ = project;
      let isOver = false;
      const clients = Array.from({ length: 5 }, async () => {
        let answers = 0;
        for (; !isOver; answers += 1) {
          expect(await ask(port)).toMatch(/^\d+\n$/);
          await setTimeout(20);
        }
        return answers;
      });
      for (let deaths = 0; deaths < 2; deaths += 1) {
        await until("the service runs", async () => (await starts(project)) > 0);
        const supervisor = await killSupervisor(project);
        await until("there is another supervisor", async () => {
          return (await supervisorPid(project)) !== supervisor;
        });
      }
      isOver = true;
      for (const answers of await Promise.all(clients)) expect(answers).toBeGreaterThan(0);
      await project.reaches("web", "idle");
      expect(await ask(port)).toMatch(/^\d+\n$/);
    },
    LIMIT_MS,
  );
});

test.each(["share", "proxy"] as const)(
  "%s: the supervisor dies while the service is starting: the connections are answered by that start",
  async (way) => {
    const { project, port } = await onDemand(way, { env: { SLOW_MS: "800" } });
    await using _ = project;
    const answers = Array.from({ length: 10 }, () => ask(port));
    await until("it starts", async () => (await project.pids("web"))[0] !== undefined);
    await killSupervisor(project);
    const pids = await Promise.all(answers);
    expect(new Set(pids).size).toBe(1);
    expect(await starts(project)).toBe(1);
    await project.reaches("web", "idle");
  },
  LIMIT_MS,
);

test(
  "inetd: a program that is not there is told, and clients are refused rather than kept waiting",
  async () => {
    const { project, port } = await onDemand("inetd", {
      command: ["no-such-program"],
      restart: { backoff: "10ms..10ms", max: 2 },
    });
    await using _ = project;
    await expect(ask(port)).rejects.toThrow(/ECONNRESET|ECONNREFUSED/);
    const { detail } = await project.reaches("web", "failed");
    expect(detail).toMatch(/no-such-program/);
    await expect(ask(port)).rejects.toThrow(/ECONNREFUSED/);
    project.write("procs.yaml", yamlOf("web", serviceOf("inetd", port)));
    expect(await project.procs("reload", "-y")).toMatchObject({ code: 0 });
    expect(await ask(port)).toMatch(/^\d+\n$/);
  },
  LIMIT_MS,
);

test(
  "inetd: a stop lets the connections that there are finish, and takes no others",
  async () => {
    const { project, port } = await onDemand("inetd", { command: ["cat"] });
    await using _ = project;
    const socket = connect({ port, host: "127.0.0.1" });
    socket.write("one\n");
    const answer = new Promise<string>((done, fail) => {
      let text = "";
      socket.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      socket.once("end", () => done(text)).once("error", fail);
    });
    await project.reaches("web", "ready");
    const stop = project.procs("stop", "web");
    await project.reaches("web", "stopping");
    socket.end("two\n");
    expect(await answer).toBe("one\ntwo\n");
    expect(await stop).toMatchObject({ code: 0 });
    await expect(ask(port)).rejects.toThrow(/ECONNREFUSED/);
  },
  LIMIT_MS,
);

/** A project whose service `web` is idle. */
async function onDemand(way: Way, change: Readonly<Record<string, unknown>> = {}) {
  const port = await freePort();
  const project = createProject(yamlOf("web", { ...serviceOf(way, port), ...change }));
  project.write("server.mjs", NODE);
  project.write("waiting.py", WAITING);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  await project.reaches("web", "idle");
  return { project, port };
}

function serviceOf(way: Way, port: number): Readonly<Record<string, unknown>> {
  const { command, listen } = WAYS[way];
  return { command, listen: { port, ...listen } };
}

/** All that comes over a new connection. Fails when it is refused or reset. */
function ask(port: number): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let answer = "";
    socket.setEncoding("utf8").on("data", (part) => {
      answer += part;
    });
    socket.once("end", () => done(answer)).once("error", fail);
  });
}

/** How many runs of `web` there were. */
async function starts(project: Project): Promise<number> {
  const { stdout } = await project.procs("events");
  return stdout.split("\n").filter((line) => /\tweb\t.*\tweb starts/.test(line)).length;
}

async function killSupervisor(project: Project): Promise<number> {
  const pid = await supervisorPid(project);
  process.kill(pid, "SIGKILL");
  return pid;
}

/** A command that meets no supervisor, as one has just died, is given again. */
function supervisorPid(project: Project): Promise<number> {
  return until("a supervisor answers", async () => {
    const { code, stdout } = await project.procs("ps", "--json");
    return code === 0 ? (JSON.parse(stdout).supervisor?.pid ?? null) : null;
  });
}
