import { connect } from "node:net";
import { expect, test } from "vitest";
import { keepersOf, newKeepers, slay } from "../rig/deaths.ts";
import { createProject, type Project } from "../rig/project.ts";
import { freePort, PLAIN } from "../rig/served.ts";
import { until } from "../rig/until.ts";

/** Of what goes through many lives of supervisors; a loaded machine takes its time for each. */
const LONG_MS = 240_000;
/** As many as were asked for by hand: PROCS_TEST_ROUNDS=100. */
const ROUNDS = Number(process.env.PROCS_TEST_ROUNDS ?? 6);

/** `api` with two instances on one port, and another service that listens on these. */
function yaml(port: number, others: readonly number[] = [], extra = ""): string {
  const api = { command: PLAIN, listen: port, instances: 2 };
  const more = others.map((other, index) => [
    `other${index}`,
    { command: "sleep 1000", listen: other, ready: { exec: "true" } },
  ]);
  return JSON.stringify({ services: { api, ...Object.fromEntries(more) } }) + extra;
}

/** Connects all the time, and counts who refused it. */
function knock(port: number) {
  const counts = { answered: 0, refused: 0 };
  let isOver = false;
  const once = () =>
    new Promise<void>((done) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        counts.answered += 1;
        socket.end("GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
      });
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED") counts.refused += 1;
      });
      socket.on("data", () => undefined);
      socket.once("close", () => done());
    });
  const all = Promise.all(
    [1, 2].map(async () => {
      while (!isOver) {
        await once();
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    }),
  );
  return {
    counts,
    async [Symbol.asyncDispose]() {
      isOver = true;
      await all;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.destroy());
    socket.once("error", () => resolve(false));
    socket.once("close", (hadError) => resolve(!hadError));
  });
}

async function keepersAtRest(project: Project) {
  const { supervisor, guardian } = await newKeepers(project);
  await project.snapshot();
  return { supervisor, guardian };
}

test(
  "no connection is refused while supervisor and guardian are killed in turn, with sockets coming and going",
  async () => {
    const port = await freePort();
    const others = [await freePort(), await freePort(), await freePort()];
    await using project = createProject(yaml(port));
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    const pids = await project.pids("api");
    await using client = knock(port);
    for (let round = 0; round < ROUNDS; round += 1) {
      project.write("procs.yaml", yaml(port, others.slice(0, round % 4)));
      const reload = project.procs("reload", "-y");
      // Anywhere in it: before, while the guardian is replaced, after.
      await new Promise((resolve) => setTimeout(resolve, (round * 97) % 600));
      const which = round % 2 === 0 ? "supervisor" : "guardian";
      const keepers = keepersOf(project);
      if (keepers !== null) process.kill(keepers[which], "SIGKILL");
      expect(await reload).toMatchObject({ code: 0 });
      await keepersAtRest(project);
    }
    expect(await project.pids("api")).toEqual(pids);
    expect(client.counts.refused).toBe(0);
    expect(client.counts.answered).toBeGreaterThan(ROUNDS);
    const guardians = project.alive().filter((line) => line.includes("procs guardian"));
    const supervisors = project.alive().filter((line) => line.includes("main.js"));
    expect([guardians.length, supervisors.length]).toEqual([1, 1]);
  },
  LONG_MS * Math.max(1, ROUNDS / 10),
);

test(
  "daemon restart keeps the sockets, and down frees every port before it returns",
  async () => {
    const [port, other] = [await freePort(), await freePort()];
    await using project = createProject(yaml(port, [other]));
    await project.procs("up", "-d");
    {
      await using client = knock(port);
      expect(await project.procs("daemon", "restart")).toMatchObject({ code: 0 });
      await slay(project, "guardian");
      await keepersAtRest(project);
      await slay(project, "supervisor");
      await keepersAtRest(project);
      expect(client.counts.refused).toBe(0);
    }
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    expect([await answers(port), await answers(other)]).toEqual([false, false]);
    await until("nothing of it is left", () => project.alive().length === 0);
  },
  LONG_MS,
);

test(
  "with both killed what runs is served on, the next replacement has one gap that is announced, and then all is as before",
  async () => {
    const port = await freePort();
    await using project = createProject(yaml(port));
    await project.procs("up", "-d");
    const pids = await project.pids("api");
    await slay(project, "guardian", "supervisor");
    await project.procs("ps");
    expect(await project.pids("api")).toEqual(pids);
    expect(await answers(port)).toBe(true);
    const { state } = await project.service("api");
    expect(state).toBe("ready");
    const text = yaml(port).replace('"instances"', '"env":{"A":"1"},"instances"');
    project.write("procs.yaml", text);
    const plan = await project.procs("plan");
    expect(plan.stdout).toContain("stop, then start");
    expect(await project.procs("reload")).toMatchObject({ code: 0 });
    expect(await answers(port)).toBe(true);
    // Held by procs again: the next replacement has no gap.
    await using client = knock(port);
    project.write("procs.yaml", text.replace('"1"', '"2"'));
    expect(await project.procs("reload")).toMatchObject({ code: 0 });
    expect(client.counts.refused).toBe(0);
  },
  LONG_MS,
);

test("what a killed guardian leaves behind keeps no port", async () => {
  const port = await freePort();
  await using project = createProject(
    JSON.stringify({
      services: {
        lazy: { command: PLAIN, listen: { port, start: "on-demand" } },
      },
    }),
  );
  await project.procs("up", "-d");
  expect(await answers(port)).toBe(true);
  await project.reaches("lazy", "ready");
  await slay(project, "guardian");
  await keepersAtRest(project);
  await project.procs("down");
  await until("nobody listens", async () => !(await answers(port)), 1_000);
});
