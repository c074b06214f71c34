import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { failures, startLoad } from "../rig/load.ts";
import { createProject } from "../rig/project.ts";
import { freePort, PLAIN, yamlOf } from "../rig/served.ts";
import { until } from "../rig/until.ts";

const LIMIT_MS = 120_000;

test(
  "a service moves to another port: until it is there it serves at the old one, and then that is closed",
  async () => {
    const [from, to] = [await freePort(), await freePort()];
    const service = (port: number) => ({ command: PLAIN, listen: port, instances: 2 });
    await using project = createProject(yamlOf("web", service(from)));
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    project.write("procs.yaml", yamlOf("web", service(to)));
    const reload = project.procs("reload", "-y");
    await until("the new port answers", () => answers(to));
    expect(await reload).toMatchObject({ code: 0 });
    expect(await answers(to)).toBe(true);
    await until("the old port is closed", async () => !(await answers(from)));
  },
  LIMIT_MS,
);

test(
  "stopped by hand clients are refused; started again they are served",
  async () => {
    const port = await freePort();
    await using project = createProject(yamlOf("web", { command: PLAIN, listen: port }));
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    expect(await answers(port)).toBe(true);
    expect(await project.procs("stop", "web")).toMatchObject({ code: 0 });
    await until("nobody listens", async () => !(await answers(port)));
    expect(await project.procs("start", "web")).toMatchObject({ code: 0 });
    expect(await answers(port)).toBe(true);
  },
  LIMIT_MS,
);

test(
  "scaling up and down, and a rolling restart, under load lose no request",
  async () => {
    const port = await freePort();
    await using project = createProject(
      yamlOf("web", { command: PLAIN, listen: port, instances: 2, env: { DELAY_MS: "5" } }),
    );
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    await using kept = startLoad(`http://127.0.0.1:${port}/`);
    await using fresh = startLoad(`http://127.0.0.1:${port}/`, { close: true });
    expect(await project.procs("scale", "web=4")).toMatchObject({ code: 0 });
    expect(await project.procs("scale", "web=1")).toMatchObject({ code: 0 });
    expect(await project.procs("restart", "--rolling", "web")).toMatchObject({ code: 0 });
    expect((await Promise.all([kept.end(), fresh.end()])).map(failures)).toEqual([{}, {}]);
  },
  LIMIT_MS,
);

test(
  "a program that does not run for a while refuses nobody: connections wait for it",
  async () => {
    const port = await freePort();
    const service = { command: PLAIN, listen: port, reload: "restart", env: { BOOT_MS: "500" } };
    await using project = createProject(
      yamlOf("web", { ...service, env: { ...service.env, VERSION: "slow" } }),
    );
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    await using load = startLoad(`http://127.0.0.1:${port}/`, { close: true, connections: 5 });
    expect(await project.procs("restart", "web")).toMatchObject({ code: 0 });
    const counts = await load.end();
    expect(failures(counts)).toEqual({});
    expect(counts.slowestMs).toBeGreaterThan(500);
  },
  LIMIT_MS,
);

test(
  "a unix socket is served by both instances through a reload, and its file is gone after down",
  async () => {
    const service = (generation: string) => ({
      command: PLAIN,
      listen: "./api.sock",
      instances: 2,
      env: { GENERATION: generation, PORT: "./api.sock" },
    });
    await using project = createProject(yamlOf("web", service("1")));
    const socket = join(project.folder, "api.sock");
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    expect(await asked(socket)).toBe("hello\n");
    project.write("procs.yaml", yamlOf("web", service("2")));
    const reload = project.procs("reload", "-y");
    let over = false;
    void reload.then(() => {
      over = true;
    });
    await until(
      "the reload is over",
      async () => {
        expect(await asked(socket)).toBe("hello\n");
        return over;
      },
      60_000,
    );
    expect(await reload).toMatchObject({ code: 0 });
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    await expect(asked(socket)).rejects.toThrow("ENOENT");
  },
  LIMIT_MS,
);

async function answers(port: number): Promise<boolean> {
  const reply = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { connection: "close" },
  }).catch(() => null);
  return reply?.ok === true && (await reply.text()) === "hello\n";
}

function asked(socketPath: string): Promise<string> {
  return new Promise((done, failed) => {
    const asking = request({ socketPath, agent: false }, (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      reply.on("end", () => done(text));
    });
    asking.on("error", failed).end();
  });
}
