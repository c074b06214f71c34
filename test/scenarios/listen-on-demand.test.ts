import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { failures, startLoad } from "../rig/load.ts";
import { createProject, type Project } from "../rig/project.ts";
import { freePort, PLAIN, yamlOf } from "../rig/served.ts";

const LIMIT_MS = 120_000;

/** How often a service stops after a rest and is started again by a connection. */
const ROUNDS = Number(process.env.PROCS_TEST_ROUNDS ?? 5);

/** The plain server; a line in the file `starts` for each run. */
const COUNTED = `echo started >> starts; exec ${PLAIN.join(" ")}`;

for (const mode of ["share", "proxy"]) {
  test(
    `${mode}: a hundred connections at once at a service that does not run: one start, a hundred answers`,
    async () => {
      const port = await freePort();
      await using project = createProject(
        yamlOf("web", { command: COUNTED, listen: { port, mode, start: "on-demand" } }),
      );
      expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
      await project.reaches("web", "idle");
      const url = `http://127.0.0.1:${port}/`;
      const answers = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const reply = await fetch(url, { headers: { connection: "close" } });
          return [reply.status, await reply.text()].join(" ");
        }),
      );
      expect(answers).toEqual(Array.from({ length: 100 }, () => "200 hello\n"));
      expect(starts(project)).toBe(1);
    },
    LIMIT_MS,
  );

  test(
    `${mode}: it stops after its rest, and the next connection starts it again; none is refused`,
    async () => {
      const port = await freePort();
      await using project = createProject(
        yamlOf("web", {
          command: COUNTED,
          listen: { port, mode, start: "on-demand", idle_stop: "300ms" },
        }),
      );
      expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
      for (let round = 1; round <= ROUNDS; round += 1) {
        await project.reaches("web", "idle");
        await using load = startLoad(`http://127.0.0.1:${port}/`, { connections: 5, seconds: 0.2 });
        const counts = await load.end();
        expect(failures(counts)).toEqual({});
        expect(counts.ok).toBeGreaterThan(0);
        expect(starts(project)).toBe(round);
      }
    },
    LIMIT_MS * Math.ceil(ROUNDS / 5),
  );
}

test(
  "connections that wait for a version that cannot start are given up on, rather than left waiting",
  async () => {
    const port = await freePort();
    await using project = createProject(
      yamlOf("web", {
        command: PLAIN,
        listen: { port, start: "on-demand" },
        env: { VERSION: "throws" },
        restart: { backoff: "10ms..10ms", max: 2 },
      }),
    );
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow("fetch failed");
    expect((await project.reaches("web", "failed")).state).toBe("failed");
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow("fetch failed");
  },
  LIMIT_MS,
);

test("a port that somebody else has is told with the holder, and nothing is touched; freed, it goes on", async () => {
  const port = await freePort();
  const stranger = spawn(process.execPath, [
    "-e",
    `require("net").createServer().listen(${port}, () => console.log("up"))`,
  ]);
  try {
    await once(stranger.stdout, "data");
    await using project = createProject("services: { other: { command: sleep 1000 } }");
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    const before = await project.pids("other");
    project.write(
      "procs.yaml",
      JSON.stringify({
        services: {
          other: { command: "sleep 1000", env: { EDITED: "yes" } },
          web: { command: PLAIN, listen: port },
        },
      }),
    );
    const plan = await project.procs("plan");
    expect(plan.stdout + plan.stderr).toMatch(new RegExp(`${port}.*pid ${stranger.pid}`));
    const up = await project.procs("up", "-d");
    expect(up.code).not.toBe(0);
    expect(up.stdout + up.stderr).toMatch(new RegExp(`${port}[^]*pid ${stranger.pid}`));
    expect(await project.pids("other")).toEqual(before);
    stranger.kill();
    await once(stranger, "exit");
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("hello\n");
    expect(await project.pids("other")).not.toEqual(before);
  } finally {
    stranger.kill("SIGKILL");
  }
});

/** How many runs of COUNTED there were. */
function starts(project: Project): number {
  return readFileSync(join(project.folder, "starts"), "utf8").split("\n").length - 1;
}
